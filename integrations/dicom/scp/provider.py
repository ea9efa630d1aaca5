"""The upper layer of one association: pynetdicom's, with P-DATA read here as long as it is C-STORE's.

Reference  PS3.8 §9.2 (upper layer state machine: Sta6, association established), §9.3.5 (P-DATA-TF)
"""

from __future__ import annotations

import queue
import socket
import struct
from collections.abc import Callable
from typing import Any, cast

import structlog
from django.db import connections
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu_primitives import P_DATA

from integrations.dicom.scp import reception
from integrations.dicom.scp.proposals import AssociationRequest
from integrations.dicom.scp.reception import ProtocolError, StoreExchange
from integrations.dicom.scp.wire import LARGEST_PDU, Wire

log = structlog.get_logger(__name__)

ESTABLISHED = "Sta6"
ASSOCIATE_RQ = b"\x01"
LARGEST_COMMAND = 64 * 1024
LARGEST_IDENTIFIER = 16 << 20  # the data set of a message that is no C-STORE
_REST_MS = 1000
_NEXT_HEAD = 12  # a PDU's and a PDV's: read along with the fragment before
_PDU, _PDV = struct.Struct(">BBL"), struct.Struct(">LBB")


class WakingQueue(queue.Queue[Any]):
    """A queue that tells when something was put into it."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__()
        self._tell = wake

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        super().put(item, block, timeout)
        self._tell()


class FastProvider(DULServiceProvider):
    """Serves C-STORE in its own thread, as it comes off the socket."""

    exchange: StoreExchange | None = None
    on_rest: Callable[[], None] | None = None
    on_end: Callable[[], None] | None = None

    def __init__(self, assoc: Association) -> None:
        super().__init__(assoc)
        self._run_loop_delay = 0
        self.daemon = True
        self.to_provider_queue = WakingQueue(self.wake)
        self._command = bytearray()
        self._foreign = 0  # bytes of a message that is left to pynetdicom; 0: none is on its way
        self._has_rested = True

    @property
    def is_busy(self) -> bool:
        """Whether a message is half read or not yet answered."""
        return bool(self._command) or (self.exchange is not None and self.exchange.is_busy)

    def wake(self) -> None:
        wire = self.socket
        if isinstance(wire, Wire):
            wire.wake()

    def kill_dul(self) -> None:
        super().kill_dul()
        self.wake()

    def run_reactor(self) -> None:
        wire = cast("Wire", self.socket)
        try:
            super().run_reactor()
        finally:
            if self.exchange is not None:
                self.exchange.drop()
            if self.on_end is not None:
                self.on_end()
            wire.release()
            connections.close_all()

    def _decode_pdu(self, bytestream: bytearray) -> tuple[Any, str]:
        if bytestream[:1] != ASSOCIATE_RQ:
            return super()._decode_pdu(bytestream)
        request = AssociationRequest()
        request.decode(bytes(bytestream))
        return request, "Evt6"  # A-ASSOCIATE-RQ PDU received

    def _read_pdu_data(self) -> None:
        wire = cast("Wire", self.socket)
        wire.begin_message()
        if self.state_machine.current_state != ESTABLISHED or self.exchange is None:
            super()._read_pdu_data()
            return
        try:
            self._serve(wire, self.exchange)
        except (OSError, AttributeError):  # reset, stalled, closed by another thread
            self.event_queue.put("Evt17")  # transport connection closed
        except ProtocolError as error:
            log.warning("dicom.protocol_error", problem=str(error))
            wire.forget()
            self.event_queue.put("Evt19")  # unrecognised or invalid PDU: A-ABORT

    def _serve(self, wire: Wire, exchange: StoreExchange) -> None:
        """Read P-DATA until the peer rests; leave any other PDU, and answers to other messages, to pynetdicom."""
        self._has_rested = False
        while True:
            head = wire.peek(1)
            if not head or head[0] != reception.P_DATA_TF:
                super()._read_pdu_data()
                return
            self._read_data(wire, exchange)
            if exchange.is_busy or self._command:
                continue
            self._idle_timer.restart()
            if self._foreign or not wire.wait(_REST_MS):
                break
            wire.begin_message()
        if not self._foreign:
            self._rest()

    def _rest(self) -> None:
        if self.on_rest is not None and not self._has_rested:
            self._has_rested = True
            self.on_rest()

    def _read_data(self, wire: Wire, exchange: StoreExchange) -> None:
        """One P-DATA-TF, PDV by PDV (PS3.8 §9.3.5.1)."""
        wire.check_pace()
        _kind, _reserved, left = _PDU.unpack(wire.take(_PDU.size))
        if left > LARGEST_PDU:
            raise ProtocolError("a PDU far larger than was agreed")
        while left:
            if left < _PDV.size:
                raise ProtocolError("a PDV that breaks off")
            length, context_id, control = _PDV.unpack(wire.take(_PDV.size))
            count = length - 2
            left -= length + 4
            if count < 0 or left < 0:
                raise ProtocolError("a PDV longer than its PDU")
            if exchange.is_busy:
                self._store(wire, exchange, context_id, control, count, is_last_of_pdu=not left)
            else:
                self._take(wire, exchange, context_id, control, wire.take(count))

    def _store(
        self, wire: Wire, exchange: StoreExchange, context_id: int, control: int, count: int,
        *, is_last_of_pdu: bool,
    ) -> None:  # fmt: skip
        """A fragment of the object that is being stored; the head of the next one comes in the same read."""
        early = _NEXT_HEAD if is_last_of_pdu and not control & 2 else 0
        room = exchange.room(context_id, control, count + early)
        wire.fill(room)
        if early:
            wire.put_back(room[count:])
        response = exchange.took(control, count)
        if response is not None:
            cast("socket.socket", wire.socket).sendall(response)

    def _take(
        self, wire: Wire, exchange: StoreExchange, context_id: int, control: int, fragment: bytes
    ) -> None:
        """A fragment of a command set, or of a data set that goes with a command other than C-STORE."""
        if not control & 1:
            self._take_identifier(context_id, control, fragment)
            return
        self._command += fragment
        if len(self._command) > LARGEST_COMMAND:
            raise ProtocolError("a command set without end")
        if not control & 2:
            return
        command = bytes(self._command)
        self._command.clear()
        request = reception.command_elements(command)
        if not reception.is_store_request(request):
            self._foreign = len(command) if reception.has_data_set(request) else 0
            self._hand_on(context_id, control, command)
            return
        self._foreign = 0
        response = exchange.begin(context_id, request)
        if response is not None:
            cast("socket.socket", wire.socket).sendall(response)

    def _take_identifier(self, context_id: int, control: int, fragment: bytes) -> None:
        if not self._foreign:
            raise ProtocolError("a data set without a command")
        self._foreign += len(fragment)
        if self._foreign > LARGEST_IDENTIFIER:
            raise ProtocolError("an identifier without end")
        self._hand_on(context_id, control, fragment)
        if control & 2:
            self._foreign = 0

    def _hand_on(self, context_id: int, control: int, data: bytes) -> None:
        primitive = P_DATA()
        pdvs: Any = [[context_id, bytes([control]) + data]]  # pynetdicom insists on inner lists
        primitive.presentation_data_value_list = pdvs
        self.assoc.dimse.receive_primitive(primitive)
