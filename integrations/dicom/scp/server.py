"""The listener of one process: which peers may associate, and what each request goes to."""

from __future__ import annotations

import gc
import socket
import ssl
import sys
import threading
import time
from collections.abc import Sequence
from typing import cast

from django.conf import settings
from pydicom import config
from pynetdicom import AE, _config, evt
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import A_ASSOCIATE

from integrations.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from integrations.dicom.scp.admission import admit, storage_contexts
from integrations.dicom.scp.association import FastAssociation, FastRequestHandler, SharedPortServer
from integrations.dicom.scp.catalogue import bound_handlers, conversation_about, offered_contexts
from integrations.dicom.scp.provider import FastProvider
from integrations.dicom.scp.reception import StoreExchange
from integrations.dicom.scp.seats import Seats
from integrations.dicom.scp.store import AssociationReceiver
from integrations.dicom.scp.trail import query_trail

MAXIMUM_PDU = 131072
MAXIMUM_ASSOCIATIONS = 32
ACSE_TIMEOUT_S = 20
IDLE_S = 300
_SWITCH_S = 0.0005


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that several processes may accept on; another daemon may listen on the same port as well."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def seats_for(processes: int) -> Seats:
    """As many seats as the processes have room for; no address may take more than its share."""
    return Seats(processes * MAXIMUM_ASSOCIATIONS, per_address=settings.DICOM_ASSOCIATIONS_PER_ADDRESS)


class Listener:
    """Serves a plain port, a secure one, or both, in this process until it is stopped."""

    def __init__(
        self,
        *,
        ae_title: str,
        host: str = "127.0.0.1",
        port: int = 0,
        plain: socket.socket | None = None,
        secure: tuple[socket.socket, ssl.SSLContext] | None = None,
        seats: Seats | None = None,
    ) -> None:
        _config.LOG_HANDLER_LEVEL = "none"
        # A modality proposes a hundred contexts, and each UID in them was looked at by expressions four times.
        config.settings.reading_validation_mode = config.IGNORE
        ae = AE(ae_title)
        ae.maximum_pdu_size = MAXIMUM_PDU
        ae.maximum_associations = 10 * MAXIMUM_ASSOCIATIONS  # ours are counted by seats, over all processes
        ae.acse_timeout, ae.network_timeout = ACSE_TIMEOUT_S, IDLE_S
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        self._ae, self._seats = ae, seats or seats_for(1)
        self._offered = offered_contexts()
        self._servers = [self._server(plain or listening_socket(host, port), None)]
        if secure is not None:
            self._servers.append(self._server(*secure))
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
            for server in self._servers
        ]

    @property
    def port(self) -> int:
        return int(self._servers[0].server_address[1])

    def start(self) -> None:
        gc.freeze()
        sys.setswitchinterval(_SWITCH_S)  # threads mostly wait for the system: hand over soon
        for thread in self._threads:
            thread.start()

    def stop(self, *, patience_s: float = 20.0) -> None:
        """Take no more associations, let each answer the message in hand, and end them.

        An association that is between messages is aborted: its peer has the answer to all it sent.
        """
        for server in self._servers:
            server.shutdown()
        deadline = time.monotonic() + patience_s
        for assoc in self._associations():
            while _is_busy(assoc) and assoc.is_alive() and time.monotonic() < deadline:
                time.sleep(0.01)
            if assoc.is_established:
                assoc.abort()
                assoc.join(timeout=max(0.1, deadline - time.monotonic()))
        query_trail.write()

    def _server(self, listening: socket.socket, tls: ssl.SSLContext | None) -> SharedPortServer:
        server = SharedPortServer(
            self._ae,
            listening.getsockname(),
            self._ae.ae_title,
            [],
            evt_handlers=[(evt.EVT_REQUESTED, self._prepare), *bound_handlers()],
            request_handler=FastRequestHandler,
            listening=listening,
            tls=tls,
        )
        self._ae._servers.append(server)  # noqa: SLF001 - its shutdown takes itself off this list
        return server

    def _prepare(self, event: Event) -> None:
        """Admit the association and give it its C-STORE path before it is accepted, so no request comes too soon."""
        assoc = cast("FastAssociation", event.assoc)
        node = admit(assoc, self._seats)
        if node is None:
            return
        request = cast("A_ASSOCIATE", assoc.requestor.primitive)
        proposed = request.presentation_context_definition_list
        assoc.acceptor.supported_contexts = [*self._offered, *storage_contexts(proposed)]
        assoc.conversation_about = conversation_about
        receiver = AssociationReceiver(assoc, node)
        provider = cast("FastProvider", assoc.dul)
        provider.exchange = StoreExchange(receiver)
        provider.on_rest, provider.on_end = receiver.rested, receiver.ended

    def _associations(self) -> Sequence[FastAssociation]:
        active = [assoc for server in self._servers for assoc in server.active_associations]
        return [assoc for assoc in active if isinstance(assoc, FastAssociation)]


def _is_busy(assoc: FastAssociation) -> bool:
    return isinstance(assoc.dul, FastProvider) and assoc.dul.is_busy
