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
from common.errors import InvalidInput, Unavailable
from events.tracing import trace
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.part10 import part10_head
from integrations.dicom.scp.peers import acting, calling_node
from integrations.dicom.scp.reception import Incoming
from integrations.ingest import Reception

log = structlog.get_logger(__name__)


class AssociationReceiver:
    """Receives the objects of one association for the site its calling AE belongs to."""

    def __init__(self, assoc: Association) -> None:
        self._assoc = assoc
        self._peer: ApplicationEntity | None = None
        self._statuses: Counter[int] = Counter()
        self._series: set[str] = set()

    def receive(self, *, context_id: int, sop_class_uid: str, sop_instance_uid: str) -> Incoming:
        """Open a reception for one object.

        Raises  NotPermitted if the peer may not store (0x0124); InvalidInput if the request does not go
                with its presentation context (0xA900).
        """
        peer = self._known_peer()
        context = self._assoc._accepted_cx.get(context_id)  # noqa: SLF001 - negotiated contexts by ID
        if context is None or context.abstract_syntax != sop_class_uid:
            raise InvalidInput("The presentation context is of another SOP Class", code="SOP_MISMATCH")
        transfer_syntax_uid = str(context.transfer_syntax[0])
        head = part10_head(
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
        )
        reception = Reception(
            head=head,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
            site=peer.site,
            calling_ae_title=peer.ae_title,
            actor=acting(peer),
        )
        return _Stored(reception, self._series)

    def note(self, status: int) -> None:
        """Count an answer for the association's line in the audit trail."""
        self._statuses[status] += 1

    def ended(self) -> None:
        """Write one line for all objects of the association; one that was released has sent all it had."""
        if not self._statuses or self._peer is None:
            return
        try:
            if self._assoc.is_released:
                note_sender_done(self._series)
            record_audit(
                acting(self._peer),
                "association.stored",
                object_kind="application_entity",
                object_uid=self._peer.ae_title,
                answers={f"0x{status:04X}": count for status, count in self._statuses.items()},
            )
        except (OperationalError, InterfaceError):
            log.exception("dicom.audit_failed")

    def _known_peer(self) -> ApplicationEntity:
        if self._peer is None:
            with _database_told():
                self._peer = calling_node(self._assoc, role=AERole.STORAGE_SCU)
        return self._peer


class _Stored:
    """A reception whose end happens under a trace of its own."""

    def __init__(self, reception: Reception, series: set[str]) -> None:
        self._reception = reception
        self._series = series

    def write(self, data: memoryview) -> None:
        self._reception.write(data)

    def finish(self) -> StoredOutcome:
        with trace(), _database_told():
            outcome = self._reception.finish()
        self._series.add(outcome.series_instance_uid)
        return outcome

    def discard(self) -> None:
        self._reception.discard()


@contextlib.contextmanager
def _database_told() -> Iterator[None]:
    """A lost database is a reason for the peer to try later, and for us to connect anew."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        log.warning("dicom.database_lost", code=type(error).__name__)
        connection.close()
        raise Unavailable("The index cannot be reached now", code="DATABASE_LOST") from error
