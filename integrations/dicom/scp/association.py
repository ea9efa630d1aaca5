"""pynetdicom's association with a short way for C-STORE, TCP_NODELAY, and no polling where there is a socket.

Reference  PS3.8 §9.2 (upper layer state machine: Sta6, association established)
"""

from __future__ import annotations

import queue
import select
import socket
import struct
import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any, cast

import structlog
from django.db import connections
from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from integrations.dicom.scp import reception
from integrations.dicom.scp.reception import ProtocolError, StoreExchange

log = structlog.get_logger(__name__)

ESTABLISHED = "Sta6"
_HEAD = 6
LARGEST_PDU = 16 << 20
_WAIT_S = 0.002
_ASLEEP_S = 0.01
STALLED_S = 30  # a peer that stops in the middle of a PDU has gone


class FastSocket(AssociationSocket):
    """Waits for data a moment instead of asking over and over, and reads in pieces as they come."""

    @property
    def ready(self) -> bool:
        if self.socket is None or not self._is_connected:
            time.sleep(_WAIT_S)
            return False
        try:
            readable, _, _ = select.select([self.socket], [], [], _WAIT_S)
        except (OSError, ValueError):
            self.event_queue.put("Evt17")
            return False
        return bool(readable)

    def recv(self, nr_bytes: int) -> bytearray:
        if nr_bytes > LARGEST_PDU:
            raise OSError("a PDU far larger than any that was agreed")
        buffer = bytearray(nr_bytes)
        got = self.recv_into(memoryview(buffer))
        return buffer if got == nr_bytes else buffer[:got]

    def recv_into(self, view: memoryview) -> int:
        """Fill the view; fewer bytes than it holds only if the peer has gone."""
        got = 0
        peer = cast("socket.socket", self.socket)
        while got < len(view):
            count = peer.recv_into(view[got:], 0, socket.MSG_WAITALL)
            if not count:
                break
            got += count
        return got


class FastProvider(DULServiceProvider):
    """The upper layer of one association, with C-STORE served as it comes off the socket."""

    exchange: StoreExchange | None = None
    on_end: Callable[[], None] | None = None

    def __init__(self, assoc: Association) -> None:
        super().__init__(assoc)
        self._run_loop_delay = 0
        self.daemon = True
        self._command = bytearray()
        self._buffer = bytearray(1 << 17)
        self._is_foreign = False

    @property
    def is_busy(self) -> bool:
        """Whether a message is half read or not yet answered."""
        return bool(self._command) or (self.exchange is not None and self.exchange.is_busy)

    def run_reactor(self) -> None:
        try:
            super().run_reactor()
        finally:
            if self.exchange is not None:
                self.exchange.drop()
            if self.on_end is not None:
                self.on_end()
            connections.close_all()

    def _read_pdu_data(self) -> None:
        wire = cast("FastSocket", self.socket)
        if self.state_machine.current_state != ESTABLISHED or self.exchange is None or wire.socket is None:
            super()._read_pdu_data()
            return
        try:
            self._read_data(wire, wire.socket, self.exchange)
        except (ConnectionError, TimeoutError, BlockingIOError):
            self.event_queue.put("Evt17")  # transport connection closed
        except ProtocolError as error:
            log.warning("dicom.protocol_error", problem=str(error))
            self.event_queue.put("Evt19")  # unrecognised or invalid PDU: A-ABORT

    def _read_data(self, wire: FastSocket, peer: socket.socket, exchange: StoreExchange) -> None:
        """Read P-DATA as long as an object is on its way in; leave any other PDU to pynetdicom."""
        while True:
            head = peer.recv(_HEAD, socket.MSG_PEEK | socket.MSG_WAITALL)
            if len(head) < _HEAD or head[0] != reception.P_DATA_TF:
                super()._read_pdu_data()
                return
            body = self._read_body(wire, int.from_bytes(head[2:], "big"))
            for context_id, control, fragment in reception.presentation_data_values(body):
                self._take(wire, context_id, control, fragment)
            if not exchange.is_busy:
                return

    def _read_body(self, wire: FastSocket, length: int) -> memoryview:
        if length > LARGEST_PDU:
            raise ProtocolError("a PDU far larger than was agreed")
        if length + _HEAD > len(self._buffer):
            self._buffer = bytearray(length + _HEAD)
        view = memoryview(self._buffer)[: length + _HEAD]
        if wire.recv_into(view) < len(view):
            raise ConnectionResetError
        return view[_HEAD:]

    def _take(self, wire: FastSocket, context_id: int, control: int, fragment: memoryview) -> None:
        """One PDV: a C-STORE's to the exchange, any other's to pynetdicom."""
        exchange = cast("StoreExchange", self.exchange)
        if exchange.is_busy:
            self._send_now(wire, exchange.take(context_id, control, fragment))
            return
        if self._is_foreign and not control & 1:
            self._hand_on(context_id, control, bytes(fragment))
            return
        self._command += fragment
        if len(self._command) > LARGEST_PDU:
            raise ProtocolError("a command set without end")
        if not control & 2:
            return
        command = bytes(self._command)
        self._command.clear()
        if reception.is_store_request(command):
            self._is_foreign = False
            self._send_now(wire, exchange.begin(context_id, command))
        else:
            self._is_foreign = True
            self._hand_on(context_id, control, command)

    def _hand_on(self, context_id: int, control: int, data: bytes) -> None:
        primitive = P_DATA()
        pdvs: Any = [[context_id, bytes([control]) + data]]  # pynetdicom insists on inner lists
        primitive.presentation_data_value_list = pdvs
        self.assoc.dimse.receive_primitive(primitive)

    def _send_now(self, wire: FastSocket, response: bytes | None) -> None:
        if response is not None:
            cast("socket.socket", wire.socket).sendall(response)


class FastAssociation(Association):
    """An acceptor's association on a `FastProvider`."""

    def __init__(self, ae: Any, mode: str) -> None:
        super().__init__(ae, mode)
        self.dul = FastProvider(self)
        self.acse_timeout = ae.acse_timeout  # again: the timers belong to the provider
        self.network_timeout = ae.network_timeout

    def run_reactor(self) -> None:
        try:
            super().run_reactor()
        finally:
            connections.close_all()

    def _run_reactor(self) -> None:
        """Serve what is no C-STORE until the association ends.

        As pynetdicom's own loop, but asleep until a message comes instead of asking a thousand times a
        second: with several associations that asking costs more than the storing.
        """
        while not self._kill and self.dul.is_alive():
            context_id, message = self._next_message()
            if message is not None and context_id is not None:
                self._serve_request(message, context_id)
            if self.is_established and self.acse.is_release_requested():
                self.acse.send_release(is_response=True)
                self.is_released, self.is_established = True, False
                evt.trigger(self, evt.EVT_RELEASED, {})
                break
            if self.acse.is_aborted():
                self.dul.receive_pdu(wait=False)
                self.is_aborted, self.is_established = True, False
                evt.trigger(self, evt.EVT_ABORTED, {})
                break
            if self.dul.idle_timer_expired():
                log.warning("dicom.association_idle", calling_ae_title=str(self.requestor.ae_title))
                self.abort()
                break
        self.kill()

    def _next_message(self) -> tuple[Any, Any]:
        try:
            return self.dimse.msg_queue.get(timeout=_ASLEEP_S)
        except queue.Empty:
            return None, None


class FastRequestHandler(RequestHandler):
    """Makes a `FastAssociation` of every connection."""

    def _create_association(self) -> Association:
        assoc = FastAssociation(self.ae, MODE_ACCEPTOR)
        assoc._server = self.server  # noqa: SLF001
        assoc.name = f"AcceptorThread-{self.client_address[1]}"  # pynetdicom finds its threads by this name
        assoc.set_socket(FastSocket(assoc, client_socket=self.request))
        acceptor = assoc.acceptor
        acceptor.maximum_length = self.ae.maximum_pdu_size
        acceptor.ae_title = self.server.ae_title
        acceptor.address_info = self.local
        acceptor.implementation_class_uid = self.ae.implementation_class_uid
        acceptor.implementation_version_name = self.ae.implementation_version_name
        acceptor.supported_contexts = deepcopy(self.server.contexts)
        assoc.requestor.address_info = self.remote
        handlers: dict[Any, Any] = dict(self.server._handlers)  # noqa: SLF001
        for event, bound in handlers.items():
            for handler in [bound] if event.is_intervention else bound:
                assoc.bind(event, *handler)
        return assoc


class ReusePortServer(ThreadedAssociationServer):
    """A listener of which several processes may hold one port (SO_REUSEPORT)."""

    request_queue_size = 128
    daemon_threads = True

    def server_bind(self) -> None:
        cast("socket.socket", self.socket).setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

    def get_request(self) -> tuple[socket.socket, Any]:
        client, address = super().get_request()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", STALLED_S, 0))
        return client, address
