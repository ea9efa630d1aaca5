"""The listener of one process: which peers may associate, and what each request goes to."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Sequence
from typing import cast

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from pynetdicom import AE, _config, evt
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import A_ASSOCIATE

from accounts.actors import SystemActor
from accounts.audit import record_audit
from accounts.models import AuditEvent
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from integrations.dicom.scp.association import (
    FastAssociation,
    FastProvider,
    FastRequestHandler,
    ReusePortServer,
)
from integrations.dicom.scp.catalogue import bound_handlers, offered_contexts
from integrations.dicom.scp.reception import StoreExchange
from integrations.dicom.scp.store import AssociationReceiver

log = structlog.get_logger(__name__)

MAXIMUM_PDU = 131072
MAXIMUM_ASSOCIATIONS = 32
_NOBODY = [""]


class ListeningAE(AE):
    """Our Application Entity. Who may call it is a table that people edit while it runs."""

    @property  # type: ignore[misc]
    def require_calling_aet(self) -> list[str]:
        """The titles that may call; with none listed, or while the list cannot be read, nobody may."""
        try:
            return (
                list(ApplicationEntity.objects.filter(is_enabled=True).values_list("ae_title", flat=True))
                or _NOBODY
            )
        except (OperationalError, InterfaceError) as error:
            log.warning("dicom.database_lost", code=type(error).__name__)
            return _NOBODY
        finally:
            connection.close()  # the objects come by another thread, with a connection of its own


class Listener:
    """Serves one port in this process until it is stopped.

    Every storage SOP Class, private ones too, is accepted in the first transfer syntax the peer proposes:
    bytes are kept as they come. The other services are those of the catalogue.
    """

    def __init__(self, *, host: str, port: int, ae_title: str) -> None:
        _config.UNRESTRICTED_STORAGE_SERVICE = True
        _config.LOG_HANDLER_LEVEL = "none"
        ae = ListeningAE(ae_title)
        ae.require_called_aet = True
        ae.maximum_pdu_size = MAXIMUM_PDU
        ae.maximum_associations = MAXIMUM_ASSOCIATIONS
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        self._server = ReusePortServer(
            ae,
            (host, port),
            ae_title,
            offered_contexts(),
            evt_handlers=[
                (evt.EVT_REQUESTED, _prepare),
                (evt.EVT_REJECTED, _record_refusal),
                *bound_handlers(),
            ],
            request_handler=FastRequestHandler,
        )
        ae._servers.append(self._server)  # noqa: SLF001 - its shutdown takes itself off this list
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        gc.freeze()
        self._thread.start()

    def stop(self, *, patience_s: float = 20.0) -> None:
        """Take no more associations, let each answer the message in hand, and end them.

        An association that is between messages is aborted: its peer has the answer to all it sent.
        """
        self._server.shutdown()
        deadline = time.monotonic() + patience_s
        for assoc in self._associations():
            while _is_busy(assoc) and assoc.is_alive() and time.monotonic() < deadline:
                time.sleep(0.01)
            if assoc.is_established:
                assoc.abort()
                assoc.join(timeout=max(0.1, deadline - time.monotonic()))

    def _associations(self) -> Sequence[FastAssociation]:
        return [assoc for assoc in self._server.active_associations if isinstance(assoc, FastAssociation)]


def _is_busy(assoc: FastAssociation) -> bool:
    return isinstance(assoc.dul, FastProvider) and assoc.dul.is_busy


def _prepare(event: Event) -> None:
    """Give the association its C-STORE path before it is accepted, so no request can come too soon."""
    receiver = AssociationReceiver(event.assoc)
    provider = cast("FastProvider", event.assoc.dul)
    provider.exchange = StoreExchange(receiver)
    provider.on_end = receiver.ended


def _record_refusal(event: Event) -> None:
    """An association that was refused leaves a line people can find."""
    request = cast("A_ASSOCIATE", event.assoc.requestor.primitive)
    calling, called = _printable(str(request.calling_ae_title)), _printable(str(request.called_ae_title))
    log.warning("dicom.association_refused", calling_ae_title=calling, called_ae_title=called)
    record_audit(
        SystemActor("dicom"),
        "association.refused",
        object_kind="application_entity",
        object_uid=calling,
        outcome=AuditEvent.Outcome.REFUSED,
        called_ae_title=called,
        reason="CALLED_AE_UNKNOWN" if called != settings.DICOM_AE_TITLE else "CALLING_AE_UNKNOWN",
    )


def _printable(title: str) -> str:
    return "".join(character for character in title if character.isprintable()).strip()[:16]
