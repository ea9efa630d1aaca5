"""The one way to a remote node: everyone who calls a peer does it through `node_association`.

It keeps the node's breaker, its number of associations and its limits by the hour, for all processes together.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from enum import StrEnum

from django.conf import settings
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from common.errors import Conflict, NotPermitted, ServiceError, Unavailable
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes import breaker, limits
from integrations.dicom.nodes.errors import REFUSED, UNREACHABLE, NodeUnavailable
from integrations.dicom.nodes.quirks import Quirk
from integrations.dicom.nodes.slots import PATIENCE, slot
from integrations.dicom.nodes.tls import client_context
from integrations.dicom.scu.association import MAXIMUM_PDU, SMALL_PDU, Peer, associate


class Purpose(StrEnum):
    """What a node is called for; only sending counts against the limits by the hour."""

    SEND = "send"
    QUERY = "query"
    RETRIEVE = "retrieve"
    PERFORMED = "performed"
    COMMITMENT = "commitment"
    AVAILABILITY = "availability"
    CHECK = "check"


def peer_of(node: ApplicationEntity) -> Peer:
    """How the node is reached, its quirks minded.

    Raises  Conflict for a node without an address, one that is switched off, or TLS that is not set up here.
    """
    if not node.is_enabled:
        raise Conflict("The node is switched off", code="NODE_DISABLED")
    if not node.host or not node.port:
        raise Conflict("The node has no host and port to be called at", code="NODE_ADDRESS_MISSING")
    return Peer(
        node.host,
        node.port,
        called_ae_title=node.ae_title,
        calling_ae_title=settings.DICOM_AE_TITLE,
        timeout_s=node.timeout_s,
        tls=client_context(node) if node.use_tls else None,
        maximum_pdu=SMALL_PDU if Quirk.SMALL_PDU in node.quirks else MAXIMUM_PDU,
        releases=Quirk.NO_RELEASE not in node.quirks,
    )


@contextlib.contextmanager
def node_association(
    node: ApplicationEntity,
    contexts: Sequence[PresentationContext],
    *,
    purpose: Purpose = Purpose.QUERY,
    patience: dt.timedelta = PATIENCE,
) -> Iterator[Association]:
    """An association with the node, released on leaving, aborted if leaving by an error.

    Never within a transaction: peers take as long as they like. While all associations the node bears are in
    use it waits for one as long as `patience`. Who sends instances counts them with a `limits.TrafficMeter`.

    Raises  NodeUnavailable (an Unavailable) with code NODE_UNREACHABLE, NODE_REFUSED, NODE_BREAKER_OPEN or
            NODE_LIMIT, `reason` in one word and `retry_at` where that is known; Conflict if the node cannot
            be called as it is configured.
    """
    peer = peer_of(node)
    if purpose is Purpose.SEND:
        limits.refuse_if_spent(node)
    with (
        slot(node, purpose=purpose, patience=patience),
        _judged(node, purpose) as verdict,
        associate(peer, contexts) as assoc,
    ):
        verdict.is_open = True
        try:
            yield assoc
        finally:
            verdict.is_lost = not (assoc.is_established or assoc.is_released)


class _Verdict:
    """What became of a call: whether the association came about, and whether the peer dropped it."""

    is_open = False
    is_lost = False


@contextlib.contextmanager
def _judged(node: ApplicationEntity, purpose: Purpose) -> Iterator[_Verdict]:
    """Tell the breaker how the call ended, and put failures to connect in the node's own words."""
    verdict = _Verdict()
    try:
        yield verdict
    except ServiceError as error:
        if verdict.is_open:
            _note_end(node, verdict, purpose, is_lost=error.code == "ASSOCIATION_LOST")
            raise
        raise _not_connected(node, error, purpose) from error
    except BaseException:
        _note_end(node, verdict, purpose)
        raise
    _note_end(node, verdict, purpose)


def _note_end(node: ApplicationEntity, verdict: _Verdict, purpose: Purpose, *, is_lost: bool = False) -> None:
    if verdict.is_lost or is_lost:
        breaker.note_failure(node, code="NODE_LOST", reason="ASSOCIATION_LOST", purpose=purpose)
    elif verdict.is_open:
        breaker.note_success(node)


def _not_connected(node: ApplicationEntity, error: ServiceError, purpose: Purpose) -> ServiceError:
    """The failure as its caller gets it. A node that is merely busy is not held against it."""
    if not isinstance(error, NotPermitted | Unavailable):
        return error
    reason = error.message.rpartition(": ")[2]
    is_refused = error.code.startswith("ASSOCIATION_REJECTED")
    code = REFUSED if is_refused else UNREACHABLE
    is_well = reason == "NO_CONTEXT_ACCEPTED" or (is_refused and not error.permanent)
    breaker.note_failure(node, code=code, reason=reason, purpose=purpose, opens=not is_well)
    return NodeUnavailable(error.message, code=code, reason=reason)
