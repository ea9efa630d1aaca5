"""The steps of a graded check: each looks at one thing, says what it saw, and never takes longer than it may."""

from __future__ import annotations

import datetime as dt
import ssl
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pynetdicom.presentation import build_context
from pynetdicom.sop_class import CTImageStorage, Verification  # type: ignore[attr-defined]

from common import clock
from common.errors import NotPermitted, ServiceError
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.calling import peer_of
from integrations.dicom.scu.association import SMALL_PDU, Peer, associate
from integrations.dicom.scu.wire import CertificateNotListed, connect, failure_code, secure

LONGEST_WAIT_S = 15.0
_ECHOES = 5
_DELAYED_MS = 30.0
_NEAR_MS = 12.0
_OBJECTION_S = 0.5
_EXPIRES_SOON = dt.timedelta(days=30)


class Grade(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """What one step came to. `values` fill the words of the finding; `more` is for those who look closer."""

    name: str
    grade: Grade
    code: str
    values: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    duration_ms: float = 0.0


@dataclass(slots=True)
class Subject:
    """The node under check, and what earlier steps learned of it."""

    node: ApplicationEntity
    stores: bool
    peer: Peer
    network_ms: float = 0.0
    accepted: dict[str, list[str]] = field(default_factory=dict)
    sop_instance_uid: str = ""

    def base(self) -> dict[str, Any]:
        return {
            "host": self.node.host, "port": self.node.port, "called": self.node.ae_title,
            "calling": self.peer.calling_ae_title, "seconds": int(self.peer.timeout_s),
        }  # fmt: skip


def subject_of(node: ApplicationEntity, *, stores: bool) -> Subject:
    """The node, waited for no longer than a check may. Raises Conflict or InvalidInput as `peer_of` does."""
    peer = peer_of(node)
    return Subject(node, stores, replace(peer, timeout_s=min(peer.timeout_s, LONGEST_WAIT_S)))


def check_tcp(subject: Subject) -> Step:
    """A connection, opened and closed."""
    started = time.monotonic()
    try:
        connect(subject.peer.host, subject.peer.port, timeout_s=subject.peer.timeout_s).close()
    except OSError as error:
        return Step("tcp", Grade.FAILED, failure_code(error), subject.base())
    subject.network_ms = _ms_since(started)
    return Step("tcp", Grade.OK, "CONNECTED", {**subject.base(), "ms": subject.network_ms})


def check_tls(subject: Subject) -> Step:
    """A TLS handshake with both certificates checked (PS3.15 §B.12)."""
    tls = subject.peer.tls
    if tls is None:
        return Step("tls", Grade.SKIPPED, "TLS_NOT_ASKED")
    try:
        wire = connect(subject.peer.host, subject.peer.port, timeout_s=subject.peer.timeout_s)
        with secure(wire, tls) as secured:
            seen = _tls_seen(secured)
            _let_peer_object(secured)
            return seen
    except OSError as error:
        problem = getattr(error, "verify_message", "") if not isinstance(error, CertificateNotListed) else ""
        return Step("tls", Grade.FAILED, failure_code(error), {**subject.base(), "problem": problem})


def _let_peer_object(secured: ssl.SSLSocket) -> None:
    """In TLS 1.3 a server judges our certificate after our handshake has ended; its alert comes by a read."""
    secured.settimeout(_OBJECTION_S)
    try:
        said = secured.recv(1)
    except TimeoutError:
        return
    if not said:
        raise ssl.SSLError("the peer closed the connection")


def _tls_seen(secured: ssl.SSLSocket) -> Step:
    shown = secured.getpeercert() or {}
    until = dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), dt.UTC)
    cipher = secured.cipher()
    values = {
        "version": secured.version() or "", "cipher": cipher[0] if cipher else "",
        "until": until.date().isoformat(),
    }  # fmt: skip
    if until - clock.now() < _EXPIRES_SOON:
        return Step("tls", Grade.WARNING, "TLS_EXPIRES", values)
    return Step("tls", Grade.OK, "TLS_SPOKEN", values)


def check_association(subject: Subject) -> Step:
    """An association as we propose it; if that fails, one with small PDUs, which some peers insist on."""
    try:
        return _associated(subject, subject.peer, "ASSOCIATED", Grade.OK)
    except NotPermitted as error:
        return _refused(subject, error)
    except ServiceError as error:
        refused = _refused(subject, error)
    if refused.code not in {"ABORTED", "NO_ANSWER"}:
        return refused
    try:
        small = replace(subject.peer, maximum_pdu=SMALL_PDU)
        step = _associated(subject, small, "SMALL_PDU_NEEDED", Grade.WARNING)
    except NotPermitted as error:  # it said why this time
        return _refused(subject, error)
    except ServiceError:
        return refused
    subject.peer = small
    return step


def _associated(subject: Subject, peer: Peer, code: str, grade: Grade) -> Step:
    with associate(peer, [build_context(Verification), build_context(CTImageStorage)]) as assoc:
        acceptor = assoc.acceptor
        name = acceptor.implementation_version_name or str(acceptor.implementation_class_uid or "—")
        values = {"implementation": name, "pdu": acceptor.maximum_length}
    return Step("association", grade, code, {**subject.base(), **values})


def _refused(subject: Subject, error: ServiceError) -> Step:
    reason = error.message.rpartition(": ")[2]
    if error.code.startswith("ASSOCIATION_REJECTED") and reason not in _SAID_BY_PEER:
        return Step("association", Grade.FAILED, "ASSOCIATION_REJECTED", {**subject.base(), "reason": reason})
    return Step("association", Grade.FAILED, reason, subject.base())


_SAID_BY_PEER = {"CALLED_AE_UNKNOWN", "CALLING_AE_UNKNOWN", "TOO_MANY_ASSOCIATIONS", "CONGESTED"}


def check_echo(subject: Subject) -> Step:
    """Five C-ECHOs on one association: whether they are answered, and whether each waits for nothing (PS3.4 §A)."""
    spans = []
    with associate(subject.peer, [build_context(Verification), build_context(CTImageStorage)]) as assoc:
        if not any(context.abstract_syntax == Verification for context in assoc.accepted_contexts):
            return Step("echo", Grade.WARNING, "ECHO_REFUSED")
        for _ in range(_ECHOES):
            started = time.monotonic()
            if assoc.send_c_echo().get("Status") != 0x0000:
                return Step("echo", Grade.FAILED, "ECHO_FAILED")
            spans.append(_ms_since(started))
    middle = round(statistics.median(spans), 1)
    values = {"count": _ECHOES, "ms": middle, "network_ms": subject.network_ms}
    if min(spans[1:]) >= _DELAYED_MS and subject.network_ms <= _NEAR_MS:
        return Step("echo", Grade.WARNING, "ECHO_DELAYED", values)
    return Step("echo", Grade.OK, "ECHOED", values)


def timed(name: str, look: Callable[[Subject], Step], subject: Subject) -> Step:
    """The step with how long it took; one that breaks off is a failed one, not the end of the check."""
    started = time.monotonic()
    try:
        step = look(subject)
    except ServiceError as error:
        reason = error.message.rpartition(": ")[2]
        step = Step(name, Grade.FAILED, "STEP_BROKE", {"reason": reason})
    return replace(step, duration_ms=_ms_since(started))


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
