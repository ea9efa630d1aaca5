"""At the door: who may associate, how many may, and in which contexts objects are taken.

Every SOP Class of the standard whose objects belong to a study and every transfer syntax of it is accepted, the first
one the peer proposes: bytes are kept as they come. Hanging protocols, colour palettes and the like belong to no patient
(PS3.4 §GG): nobody could find them by a study here, so their sender is told at the door. Private ones are taken where
DICOM_PRIVATE_SOP_CLASSES and DICOM_PRIVATE_TRANSFER_SYNTAXES name them; an entry that ends in `*` stands for all that
begin so.

Reference  PS3.8 §9.3.3 (A-ASSOCIATE-AC), §9.3.4 (A-ASSOCIATE-RJ), PS3.4 §B.5 (storage SOP Classes)
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Iterable
from typing import cast

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from pydicom._uid_dict import UID_dictionary
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import (
    NonPatientObjectPresentationContexts,
    PresentationContext,
    build_context,
)

from accounts.actors import SystemActor
from accounts.audit import record_audit
from accounts.models import AuditEvent
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.admission import CALLING_AE_UNKNOWN, Refusal, find_node, refusal_of
from integrations.dicom.scp.association import FastAssociation
from integrations.dicom.scp.seats import Seats

log = structlog.get_logger(__name__)

_STORAGE_PREFIX = "1.2.840.10008.5.1.4.1.1."
_SYNTAX_PREFIX = "1.2.840.10008.1.2"
_NO_OBJECTS = ("Storage Commitment", "Media Storage Directory")
_OF_NO_PATIENT = {str(context.abstract_syntax) for context in NonPatientObjectPresentationContexts}
_OF_OTHER_SERVICES = {uid for uid, (name, *_) in UID_dictionary.items() if name and "Storage" not in name}
_NO_STORAGE = frozenset(_OF_NO_PATIENT | _OF_OTHER_SERVICES)
_STORAGE = frozenset(
    uid
    for uid, (name, kind, *_rest) in UID_dictionary.items()
    if kind == "SOP Class"
    and "Storage" in name
    and not name.startswith(_NO_OBJECTS)
    and uid not in _NO_STORAGE
)
CALLED_AE_UNKNOWN = Refusal("CALLED_AE_UNKNOWN", diagnostic=7)
# Rejected-transient, by the service provider (presentation): local limit exceeded, temporary congestion.
LIMIT_EXCEEDED = Refusal("ASSOCIATION_LIMIT", result=2, source=3, diagnostic=2)
CONGESTED = Refusal("DATABASE_LOST", result=2, source=3, diagnostic=1)


def admit(assoc: FastAssociation, seats: Seats) -> ApplicationEntity | None:
    """The node that asks for the association, seated; None if it was refused, and told so."""
    request = cast("A_ASSOCIATE", assoc.requestor.primitive)
    calling, called = _printable(request.calling_ae_title), _printable(request.called_ae_title)
    node, refusal = _judge(assoc, seats, calling, called)
    connection.close()  # the objects come by another thread, with a connection of its own
    if refusal is not None:
        assoc.acse.send_reject(refusal.result, refusal.source, refusal.diagnostic)
        _record_refusal(refusal, calling, called)
        assoc.kill()
        return None
    return node


def storage_contexts(proposed: Iterable[PresentationContext]) -> list[PresentationContext]:
    """What we accept of the storage contexts a peer proposes; we may also send these to it (C-GET)."""
    return _accepted(
        tuple((str(context.abstract_syntax), tuple(map(str, context.transfer_syntax))) for context in proposed),
        tuple(settings.DICOM_PRIVATE_SOP_CLASSES), tuple(settings.DICOM_PRIVATE_TRANSFER_SYNTAXES),
    )  # fmt: skip


_Proposal = tuple[str, tuple[str, ...]]


@functools.lru_cache(
    maxsize=64
)  # a modality proposes the same each time, and a hundred contexts take a while
def _accepted(
    proposed: tuple[_Proposal, ...], _classes: tuple[str, ...], _syntaxes: tuple[str, ...]
) -> list[PresentationContext]:
    syntaxes: dict[str, list[str]] = {}
    for abstract_syntax, proposed_syntaxes in proposed:
        if not is_storage_class(abstract_syntax):
            continue
        known = syntaxes.setdefault(abstract_syntax, [])
        first = next((uid for uid in proposed_syntaxes if is_syntax(uid)), None)
        if first is not None and first not in known:
            known.append(first)
    accepted = []
    for abstract_syntax, transfer_syntaxes in syntaxes.items():
        if transfer_syntaxes:
            context = build_context(abstract_syntax, transfer_syntaxes)
            context.scu_role = context.scp_role = True
            accepted.append(context)
    return accepted


def is_storage_class(uid: str) -> bool:
    """Whether objects of this SOP Class are stored here."""
    if uid in _STORAGE:
        return True
    if uid.startswith(_STORAGE_PREFIX) and uid not in _NO_STORAGE:
        return True  # of an edition later than the dictionary
    return _is_listed(uid, tuple(settings.DICOM_PRIVATE_SOP_CLASSES))


def is_syntax(uid: str) -> bool:
    """Whether bytes in this transfer syntax are taken."""
    if uid == _SYNTAX_PREFIX or uid.startswith(f"{_SYNTAX_PREFIX}."):
        return True
    return _is_listed(uid, tuple(settings.DICOM_PRIVATE_TRANSFER_SYNTAXES))


@functools.lru_cache(maxsize=4096)
def _is_listed(uid: str, listed: tuple[str, ...]) -> bool:
    return any(uid == entry or (entry[-1:] == "*" and uid.startswith(entry[:-1])) for entry in listed)


def _judge(
    assoc: FastAssociation, seats: Seats, calling: str, called: str
) -> tuple[ApplicationEntity | None, Refusal | None]:
    if called != settings.DICOM_AE_TITLE:
        return None, CALLED_AE_UNKNOWN
    address = str(assoc.requestor.address)
    try:
        node = find_node(calling)
    except (OperationalError, InterfaceError) as error:
        log.warning("dicom.database_lost", code=type(error).__name__)
        return None, CONGESTED
    if node is None:
        return None, CALLING_AE_UNKNOWN
    refusal = refusal_of(node, address, _certificate(assoc))
    if refusal is not None:
        return None, refusal
    assoc.seats = seats
    assoc.seat = seats.take(calling, address, at_most=node.maximum_associations)
    return node, None if assoc.seat is not None else LIMIT_EXCEEDED


def _certificate(assoc: FastAssociation) -> bytes | None:
    """What the peer showed in its TLS handshake (DER)."""
    wire = assoc.dul.socket
    plain_or_tls = None if wire is None else wire.socket
    return plain_or_tls.getpeercert(binary_form=True) if isinstance(plain_or_tls, ssl.SSLSocket) else None


def _record_refusal(refusal: Refusal, calling: str, called: str) -> None:
    """An association that was refused leaves a line people can find."""
    log.warning("dicom.association_refused", calling_ae_title=calling, code=refusal.code)
    try:
        record_audit(
            SystemActor("dicom"),
            "association.refused",
            object_kind="application_entity",
            object_uid=calling,
            outcome=AuditEvent.Outcome.REFUSED,
            called_ae_title=called,
            reason=refusal.code,
        )
    except (OperationalError, InterfaceError) as error:
        log.warning("dicom.database_lost", code=type(error).__name__)


def _printable(title: object) -> str:
    return "".join(character for character in str(title) if character.isprintable()).strip()[:16]
