"""Opening associations with a peer: who we are, what we propose, and clear words when it fails.

Knows no Django, so that simulators and scripts can use it.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pynetdicom import _config, build_role
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from common.errors import NotPermitted, ServiceError, Unavailable
from integrations.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from integrations.dicom.scu.wire import CallingAE, CallingSocket, TlsClient, failure_code

MAXIMUM_PDU = 131072
SMALL_PDU = 16384
MAXIMUM_CONTEXTS = 128
REJECTED_PERMANENT = 1

_config.LOG_HANDLER_LEVEL = "none"

_REASONS: dict[tuple[int | None, int | None], str] = {  # PS3.8 Table 9-21: (source, reason/diagnostic)
    (1, 2): "APPLICATION_CONTEXT_UNKNOWN",
    (1, 3): "CALLING_AE_UNKNOWN",
    (1, 7): "CALLED_AE_UNKNOWN",
    (2, 2): "PROTOCOL_VERSION",
    (3, 1): "CONGESTED",
    (3, 2): "TOO_MANY_ASSOCIATIONS",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A remote AE, the title we call it by and as, and what it takes to get along with it.

    `releases`: a peer that hangs when asked to release is left by A-ABORT instead.
    """

    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str
    timeout_s: float = 30.0
    tls: TlsClient | None = None
    maximum_pdu: int = MAXIMUM_PDU
    releases: bool = True


@contextlib.contextmanager
def associate(peer: Peer, contexts: Sequence[PresentationContext]) -> Iterator[Association]:
    """An association, released on leaving, aborted if leaving by an error.

    Raises  NotPermitted if the peer refuses us for good; Unavailable if it does not answer or is busy.
    """
    assoc = _request(peer, contexts)
    if not assoc.is_established:
        raise _refusal(assoc)
    try:
        yield assoc
    except BaseException:
        if assoc.is_established:
            assoc.abort()
        raise
    if assoc.is_established:
        if peer.releases:
            assoc.release()
        else:
            assoc.abort()


def _request(peer: Peer, contexts: Sequence[PresentationContext]) -> Association:
    ae = CallingAE(
        peer.calling_ae_title, host=peer.host, port=peer.port, timeout_s=peer.timeout_s, tls=peer.tls
    )
    ae.maximum_pdu_size = peer.maximum_pdu
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.acse_timeout = ae.dimse_timeout = peer.timeout_s
    try:
        return ae.associate(
            peer.host,
            peer.port,
            contexts=list(contexts),
            ae_title=peer.called_ae_title,
            max_pdu=peer.maximum_pdu,
            ext_neg=_roles(contexts),
        )
    except socket.gaierror as error:
        raise _unavailable(failure_code(error)) from error


def _roles(contexts: Sequence[PresentationContext]) -> list[Any]:
    """The roles proposed for contexts that name any: else we are SCU, the peer SCP (PS3.7 §D.3.3.4)."""
    roles = {
        str(one.abstract_syntax): (bool(one.scu_role), bool(one.scp_role))
        for one in contexts
        if one.scu_role is not None or one.scp_role is not None
    }
    return [build_role(uid, scu_role=scu, scp_role=scp) for uid, (scu, scp) in roles.items()]


def accepts(assoc: Association, sop_class_uid: str) -> bool:
    """Whether the peer accepted a presentation context of this SOP class."""
    return any(context.abstract_syntax == sop_class_uid for context in assoc.accepted_contexts)


def _refusal(assoc: Association) -> ServiceError:
    """Why the association did not come about (PS3.8 §9.3.4, §9.3.8)."""
    wire = assoc.dul.socket
    if isinstance(wire, CallingSocket) and wire.failure:
        return _unavailable(wire.failure)
    answer = assoc.acceptor.primitive
    if answer is not None and answer.result == 0 and not assoc.accepted_contexts:
        return NotPermitted(
            "The peer takes nothing of what we propose: NO_CONTEXT_ACCEPTED", code="ASSOCIATION_REJECTED"
        )
    if not assoc.is_rejected or answer is None:
        return _unavailable("ABORTED" if assoc.is_aborted else "NO_ANSWER")
    reason = _REASONS.get((answer.result_source, answer.diagnostic), "NO_REASON_GIVEN")
    if answer.result == REJECTED_PERMANENT:
        return NotPermitted(f"The peer refuses the association: {reason}", code="ASSOCIATION_REJECTED")
    return Unavailable(f"The peer is busy: {reason}", code="ASSOCIATION_REJECTED_NOW")


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(f"No association with the peer: {reason}", code="ASSOCIATION_FAILED")
