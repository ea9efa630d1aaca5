"""Opening associations with a peer: who we are, what we propose, and clear words when it fails.

Knows no Django, so that simulators and scripts can use it.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AssociationSocket

from common.errors import NotPermitted, Unavailable
from integrations.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

MAXIMUM_PDU = 131072
MAXIMUM_CONTEXTS = 128
REJECTED_PERMANENT = 1

_config.LOG_HANDLER_LEVEL = "none"


@dataclass(frozen=True, slots=True)
class Peer:
    """A remote AE, and the title we call it by and as."""

    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str
    timeout_s: float = 30.0


@contextlib.contextmanager
def associate(peer: Peer, contexts: Sequence[PresentationContext]) -> Iterator[Association]:
    """An association, released on leaving, aborted if leaving by an error.

    Raises  NotPermitted if the peer refuses us for good; Unavailable if it does not answer or is busy.
    """
    ae = AE(peer.calling_ae_title)
    ae.maximum_pdu_size = MAXIMUM_PDU
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.acse_timeout = ae.dimse_timeout = ae.connection_timeout = peer.timeout_s
    assoc = ae.associate(
        peer.host,
        peer.port,
        contexts=list(contexts),
        ae_title=peer.called_ae_title,
        max_pdu=MAXIMUM_PDU,
        evt_handlers=[(evt.EVT_CONN_OPEN, _no_delay)],
    )
    if not assoc.is_established:
        raise _refusal(assoc)
    try:
        yield assoc
    except BaseException:
        assoc.abort()
        raise
    if assoc.is_established:
        assoc.release()


def _no_delay(event: Event) -> None:
    """Nagle's algorithm with delayed ACKs would cost 40 ms a message."""
    wire = cast("socket.socket", cast("AssociationSocket", event.assoc.dul.socket).socket)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _refusal(assoc: Association) -> NotPermitted | Unavailable:
    answer = assoc.acceptor.primitive
    if assoc.is_rejected and answer is not None and answer.result == REJECTED_PERMANENT:
        return NotPermitted("The peer refuses the association", code="ASSOCIATION_REJECTED")
    return Unavailable("No association with the peer", code="ASSOCIATION_FAILED")
