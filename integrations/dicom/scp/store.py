"""Storage: what an association's C-STORE requests go into."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

import structlog
from django.db import InterfaceError, OperationalError, connection
from pynetdicom.association import Association

from accounts.audit import record_audit
from archive.studies.services import StoredOutcome, note_sender_done
from common.errors import InvalidInput, NotPermitted, Unavailable
from events.tracing import trace
from integrations.dicom.models import AERole, ApplicationEntity, NodeTraffic
from integrations.dicom.nodes.limits import TrafficMeter
from integrations.dicom.part10 import part10_head
from integrations.dicom.scp.peers import acting
from integrations.dicom.scp.reception import Incoming
from integrations.ingest import Reception, Sender

log = structlog.get_logger(__name__)


class AssociationReceiver:
    """Receives the objects of one association for the site its calling AE belongs to."""

    def __init__(self, assoc: Association, node: ApplicationEntity) -> None:
        self._assoc, self._node = assoc, node
        self._sender = Sender(site=node.site, calling_ae_title=node.ae_title, actor=acting(node))
        self._meter = TrafficMeter(node, NodeTraffic.Direction.IN)
        self._contexts: dict[int, tuple[str, str]] = {}
        self._statuses: Counter[int] = Counter()
        self._series: set[str] = set()

    def receive(self, *, context_id: int, sop_class_uid: str, sop_instance_uid: str) -> Incoming:
        """Open a reception for one object.

        Raises  NotPermitted if the peer may not store (0x0124); InvalidInput if the request does not go
                with its presentation context (0xA900).
        """
        if not self._node.may(AERole.STORAGE_SCU):
            raise NotPermitted(
                f"This AE does not hold the role {AERole.STORAGE_SCU.value}", code="AE_MAY_NOT"
            )
        abstract_syntax, transfer_syntax_uid = self._context(context_id)
        if abstract_syntax != sop_class_uid:
            raise InvalidInput("The presentation context is of another SOP Class", code="SOP_MISMATCH")
        head = part10_head(
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
        )
        reception = self._sender.receive(
            head=head,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
        )
        return _Stored(reception, self._series, self._meter)

    def scratch(self, count: int) -> memoryview:
        return self._sender.buffer.scratch(count)

    def note(self, status: int) -> None:
        """Count an answer for the association's line in the audit trail."""
        self._statuses[status] += 1

    def rested(self) -> None:
        """The peer sends nothing for the moment: what it sent is sealed."""
        with _logged():
            self._sender.rest()
            self._meter.write()

    def ended(self) -> None:
        """Write one line for all objects of the association; one that was released has sent all it had."""
        self.rested()
        with _logged():
            self._sender.close()
        if not self._statuses:
            return
        with _logged():
            if self._assoc.is_released:
                note_sender_done(self._series)
            record_audit(
                acting(self._node),
                "association.stored",
                object_kind="application_entity",
                object_uid=self._node.ae_title,
                answers={f"0x{status:04X}": count for status, count in self._statuses.items()},
            )

    def _context(self, context_id: int) -> tuple[str, str]:
        """SOP Class and transfer syntax that were agreed on."""
        if context_id not in self._contexts:
            context = self._assoc._accepted_cx.get(context_id)  # noqa: SLF001 - negotiated contexts by ID
            if context is None:
                raise InvalidInput("The presentation context was not accepted", code="SOP_MISMATCH")
            self._contexts[context_id] = str(context.abstract_syntax), str(context.transfer_syntax[0])
        return self._contexts[context_id]


class _Stored:
    """A reception whose end happens under a trace of its own."""

    def __init__(self, reception: Reception, series: set[str], meter: TrafficMeter) -> None:
        self.room, self.discard = reception.room, reception.discard
        self._reception = reception
        self._series, self._meter = series, meter
        self._size_bytes = 0

    def took(self, count: int) -> None:
        self._size_bytes += count
        self._reception.took(count)

    def finish(self) -> StoredOutcome:
        with trace():
            try:
                outcome = self._reception.finish()
            except (OperationalError, InterfaceError) as error:
                # A reason for the peer to try later, and for us to connect anew.
                log.warning("dicom.database_lost", code=type(error).__name__)
                connection.close()
                raise Unavailable("The index cannot be reached now", code="DATABASE_LOST") from error
        self._series.add(outcome.series_instance_uid)
        with _logged():
            self._meter.count(self._size_bytes)
        return outcome


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    """What is done after the answers must not undo them: a lost database is logged."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        log.warning("dicom.database_lost", code=type(error).__name__)
        connection.close()
