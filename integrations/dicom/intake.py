"""What comes over an association that we opened: C-STORE sub-operations of a C-GET, into the one door for objects.

Reference  PS3.4 §C.4.3, §B.2.3
"""

from __future__ import annotations

from io import BytesIO
from types import TracebackType
from typing import Any, Self, cast

from pynetdicom.events import Event

from archive.studies.services import note_sender_done
from common.errors import ServiceError
from events.tracing import trace
from integrations.dicom.models import ApplicationEntity, NodeTraffic
from integrations.dicom.nodes.limits import TrafficMeter
from integrations.dicom.part10 import part10_head
from integrations.dicom.scp.peers import acting
from integrations.dicom.scu.spooling import SpooledDataSet
from integrations.dicom.status import SUCCESS, storage_status
from integrations.ingest import Reception, Sender

_PIECE = 1 << 20


class Intake:
    """Stores what a node sends as that node's, whose site it becomes; called with each C-STORE request."""

    def __init__(self, node: ApplicationEntity) -> None:
        self._sender = Sender(site=node.site, calling_ae_title=node.ae_title, actor=acting(node))
        self._meter = TrafficMeter(node, NodeTraffic.Direction.IN)
        self._series: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._meter.write()
        self._sender.close()

    def __call__(self, event: Event) -> int:
        """Success once the object is durable and indexed; otherwise as the listener answers."""
        request = cast("Any", event.request)
        named = {
            "sop_class_uid": str(request.AffectedSOPClassUID),
            "sop_instance_uid": str(request.AffectedSOPInstanceUID),
            "transfer_syntax_uid": str(event.context.transfer_syntax),
        }
        with trace():
            reception = self._sender.receive(head=part10_head(**named), **named)
            size_bytes = _pour(request.DataSet, reception)
            try:
                outcome = reception.finish()
            except ServiceError as error:
                return storage_status(error)
        self._series.add(outcome.series_instance_uid)
        self._meter.count(size_bytes)
        return SUCCESS

    def has_all(self) -> None:
        """Everything that was asked for has come: evidence of what the series hold."""
        self._sender.rest()
        note_sender_done(self._series)


def _pour(data: SpooledDataSet | BytesIO, reception: Reception) -> int:
    """Give what came to the door, a piece at a time; how much it is. Small objects came in one piece."""
    size_bytes = 0
    with data:
        for piece in data.pieces() if isinstance(data, SpooledDataSet) else [data.getvalue()]:
            for start in range(0, len(piece), _PIECE):
                part = piece[start : start + _PIECE]
                reception.room(len(part))[:] = part
                reception.took(len(part))
            size_bytes += len(piece)
    return size_bytes
