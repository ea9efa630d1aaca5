"""pynetdicom's association on our provider: no polling, and a connection that has its time to associate.

Reference  PS3.8 §9.1.5 (ARTIM timer), §9.2 (upper layer state machine)
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import structlog
from django.db import connections
from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from common.errors import Unavailable
from integrations.dicom.scp.provider import FastProvider, WakingQueue
from integrations.dicom.scp.seats import Seats
from integrations.dicom.scp.wire import STALLED_S, Wire, prepare

log = structlog.get_logger(__name__)

_ASLEEP_S = 0.5
NEGOTIATED_WITHIN_S = 30.0
CONNECTIONS_AT_MOST = 96
_POLITE_S, _POLITE_AT_MOST = 0.002, 8
WAITING_PER_ADDRESS = 16  # connections that are not associated yet


class FastAssociation(Association):
    """An acceptor's association on a `FastProvider`, with a seat while it lasts."""

    def __init__(self, ae: Any, mode: str) -> None:
        super().__init__(ae, mode)
        self.dul = FastProvider(self)
        self.dul.to_user_queue = WakingQueue(self._wake)
        self.acse_timeout = ae.acse_timeout  # again: the timers belong to the provider
        self.network_timeout = ae.network_timeout
        self.conversation_about: Callable[[Any, Any, Any], Callable[[], None] | None] | None = None
        self.seats: Seats | None = None
        self.seat: int | None = None
        self._afterwards: list[tuple[float, Callable[[], None]]] = []

    @property
    def server(self) -> SharedPortServer:
        return cast("SharedPortServer", self._server)

    def do_after(self, wait_s: float, act: Callable[[], None]) -> None:
        """Have `act` called by the serving thread after a while, if the association is still open then."""
        self._afterwards.append((time.monotonic() + wait_s, act))

    def next_message(self) -> tuple[Any, Any]:
        """Context ID and the next message that came, or nothing after a moment: for who serves, or awaits an answer."""
        try:
            return self.dimse.msg_queue.get(timeout=_ASLEEP_S)
        except queue.Empty:
            return None, None

    def serve(self, message: Any, context_id: int) -> None:
        """Answer one request."""
        self._serve_request(message, context_id)

    def leave_seat(self) -> None:
        """Make room for another association; before the peer is told that this one has ended."""
        seat, self.seat = self.seat, None
        if seat is not None and self.seats is not None:
            self.seats.leave(seat)

    def run_reactor(self) -> None:
        try:
            super().run_reactor()
        finally:
            self.leave_seat()
            self.server.forget(self)
            self.server.serving.discard(self)
            connections.close_all()

    def _run_reactor(self) -> None:
        """Serve what is no C-STORE until the association ends.

        As pynetdicom's own loop, but asleep until a message comes instead of asking a thousand times a
        second: with several associations that asking costs more than the storing.
        """
        self.server.forget(self)
        while not self._kill and self.dul.is_alive():
            context_id, message = self.next_message()
            if message is not None and context_id is not None:
                self._serve_request(message, context_id)
            if self.is_established and self.acse.is_release_requested():
                self.leave_seat()
                self.acse.send_release(is_response=True)
                self.is_released, self.is_established = True, False
                evt.trigger(self, evt.EVT_RELEASED, {})
                break
            if self.acse.is_aborted():
                self.dul.receive_pdu(wait=False)
                self.is_aborted, self.is_established = True, False
                evt.trigger(self, evt.EVT_ABORTED, {})
                break
            if self.dul.idle_timer_expired() and not cast("FastProvider", self.dul).is_busy:
                log.warning("dicom.association_idle", calling_ae_title=str(self.requestor.ae_title))
                self.abort()
                break
            if self._afterwards:
                self._do_what_is_due()
        self.kill()

    def _serve_request(self, msg: Any, context_id: int) -> None:
        """As pynetdicom's, but for requests whose handler answers them past it."""
        context = self._accepted_cx.get(context_id)
        find = self.conversation_about
        converse = None if context is None or find is None else find(self, msg, context)
        if converse is None:
            super()._serve_request(msg, context_id)
            return
        self.dimse.cancel_req = {}
        try:
            converse()
        except Unavailable as error:
            log.warning("dicom.conversation_broke_off", code=error.code)
            self.abort()
        except Exception:
            log.exception("dicom.conversation_defect")
            self.abort()
        finally:
            self.dul._idle_timer.restart()  # noqa: SLF001 - it has been at work all the time

    def _do_what_is_due(self) -> None:
        now = time.monotonic()
        due = [act for moment, act in self._afterwards if moment <= now]
        self._afterwards = [later for later in self._afterwards if later[0] > now]
        for act in due:
            act()

    def _wake(self) -> None:
        """Have the association look at what its provider says: a release, an abort."""
        self.dimse.msg_queue.put((None, None))


class FastRequestHandler(RequestHandler):
    """Makes a `FastAssociation` of every connection."""

    def handle(self) -> None:
        assoc = self._create_association()
        cast("SharedPortServer", self.server).expect(assoc, self.request, self.client_address[0])
        evt.trigger(assoc, evt.EVT_CONN_OPEN, {"address": self.client_address})
        assoc.start()

    def _create_association(self) -> FastAssociation:
        assoc = FastAssociation(self.ae, MODE_ACCEPTOR)
        assoc._server = self.server  # noqa: SLF001
        assoc.name = f"AcceptorThread-{self.client_address[1]}"  # pynetdicom finds its threads by this name
        assoc.set_socket(Wire(assoc, self.request))
        acceptor = assoc.acceptor
        acceptor.maximum_length = self.ae.maximum_pdu_size
        acceptor.ae_title = self.server.ae_title
        acceptor.address_info = self.local
        acceptor.implementation_class_uid = self.ae.implementation_class_uid
        acceptor.implementation_version_name = self.ae.implementation_version_name
        assoc.requestor.address_info = self.remote
        handlers: dict[Any, Any] = dict(self.server._handlers)  # noqa: SLF001
        for event, bound in handlers.items():
            for handler in [bound] if event.is_intervention else bound:
                assoc.bind(event, *handler)
        return assoc


class SharedPortServer(ThreadedAssociationServer):
    """Accepts on a socket that other processes accept on as well: whoever is free takes the connection.

    What has connected and not associated is watched: it has half a minute, and an address has few of them.
    """

    daemon_threads = True

    def __init__(
        self, *arguments: Any, listening: socket.socket, tls: ssl.SSLContext | None = None, **keywords: Any
    ) -> None:
        self._listening, self._tls = listening, tls
        self._waiting: dict[FastAssociation, tuple[socket.socket, str, float]] = {}
        self._waiting_lock = threading.Lock()
        self.serving: set[FastAssociation] = set()
        self._arriving = 0  # accepted, and not yet an association
        super().__init__(*arguments, **keywords)

    def server_bind(self) -> None:
        cast("socket.socket", self.socket).close()
        self.socket = self._listening
        self.socket.setblocking(False)  # another process may be quicker
        self.server_address = self.socket.getsockname()

    def server_activate(self) -> None:
        """Listening already."""

    def server_close(self) -> None:
        self._listening.close()  # and no shutdown: the other processes go on

    def get_request(self) -> tuple[socket.socket, Any]:
        """A connection nobody else has taken. Who serves already lets those go first who serve less."""
        time.sleep(min(len(self.serving) + self._arriving, _POLITE_AT_MOST) * _POLITE_S)
        client, address = self._listening.accept()
        client.setblocking(True)
        if self._is_crowded(address[0]):
            client.close()
            raise OSError("too many connections")
        prepare(client)
        with self._waiting_lock:
            self._arriving += 1
        return client, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In a thread of the connection's own: a TLS handshake may take its time here."""
        try:
            if self._tls is not None:
                request.settimeout(STALLED_S)
                request = self._tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
        finally:
            with self._waiting_lock:
                self._arriving -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the server's signature
        """A connection that came to nothing: the other end's affair, and a line in the log."""
        log.warning("dicom.connection_failed", address=str(client_address[0]))

    def service_actions(self) -> None:
        """Ten times a second: hang up on those that connected and do not associate."""
        now = time.monotonic()
        with self._waiting_lock:
            overdue = [wire for wire, _address, deadline in self._waiting.values() if deadline < now]
        for wire in overdue:
            try:
                wire.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def expect(self, assoc: FastAssociation, wire: socket.socket, address: str) -> None:
        """Watch a connection until it is associated or gone."""
        self.serving.add(assoc)
        with self._waiting_lock:
            self._waiting[assoc] = (wire, address, time.monotonic() + NEGOTIATED_WITHIN_S)

    def forget(self, assoc: FastAssociation) -> None:
        with self._waiting_lock:
            self._waiting.pop(assoc, None)

    def _is_crowded(self, address: str) -> bool:
        with self._waiting_lock:
            of_address = sum(1 for _wire, known, _deadline in self._waiting.values() if known == address)
        return of_address >= WAITING_PER_ADDRESS or threading.active_count() > 2 * CONNECTIONS_AT_MOST
