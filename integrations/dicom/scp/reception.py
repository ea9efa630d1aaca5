"""The C-STORE half of an association: data set fragments from the socket into the object's place in memory.

pynetdicom hands every PDU through two queues, a state machine and two threads, and copies it four times on
the way. Here a fragment is received where it is stored from, and the response leaves from the same thread;
everything that is no C-STORE is left to pynetdicom.

Reference  PS3.7 §9.1.1, §9.3.1 (C-STORE), §6.3.1 (command set), PS3.8 §9.3.5 (P-DATA-TF)
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Protocol

import structlog

from common.errors import ServiceError
from integrations.dicom.status import DEFECT, SUCCESS, storage_status

log = structlog.get_logger(__name__)

C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
NO_DATA_SET = 0x0101
# Elements of group 0000 (PS3.7 §E.1)
_CLASS_UID, _COMMAND_FIELD, _MESSAGE_ID, _RESPONDED_TO = 0x0002, 0x0100, 0x0110, 0x0120
_DATA_SET_TYPE, _STATUS, _INSTANCE_UID = 0x0800, 0x0900, 0x1000

P_DATA_TF = 0x04
_ELEMENT = struct.Struct("<HHL")


class Incoming(Protocol):
    """One object on its way in."""

    def room(self, count: int) -> memoryview:
        """Where the next `count` bytes go."""
        ...

    def took(self, count: int) -> None:
        """So many bytes have come into the room that was given."""
        ...

    def finish(self) -> object: ...

    def discard(self) -> None: ...


class Receiver(Protocol):
    """Opens a reception for each object; knows the association's peer, site and presentation contexts."""

    def receive(self, *, context_id: int, sop_class_uid: str, sop_instance_uid: str) -> Incoming: ...

    def scratch(self, count: int) -> memoryview:
        """Room for bytes that nobody wants."""
        ...

    def note(self, status: int) -> None: ...


class ProtocolError(Exception):
    """The peer sent what no PDU may hold; the association cannot go on."""


def command_elements(data: bytes) -> dict[int, bytes]:
    """The elements of a command set, always implicit VR little endian (PS3.7 §6.3.1)."""
    elements: dict[int, bytes] = {}
    at = 0
    try:
        while at < len(data):
            group, element, length = _ELEMENT.unpack_from(data, at)
            at += 8
            if group or at + length > len(data):
                raise ProtocolError("a command set that does not hold together")
            elements[element] = data[at : at + length]
            at += length
    except struct.error as error:
        raise ProtocolError("a command set that breaks off") from error
    return elements


class StoreExchange:
    """Takes the C-STORE requests of one association off the wire, one after the other."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._request: dict[int, bytes] = {}
        self._context_id = 0
        self._incoming: Incoming | None = None
        self._failed: int | None = None
        self.is_busy = False

    def begin(self, context_id: int, request: dict[int, bytes]) -> bytes | None:
        """Start on a C-STORE request; a request without a data set is answered at once."""
        self._request, self._context_id = request, context_id
        self._failed, self._incoming, self.is_busy = None, None, True
        self._guard(self._open)
        return self._answer() if _short(request, _DATA_SET_TYPE) == NO_DATA_SET else None

    def room(self, context_id: int, control: int, count: int) -> memoryview:
        """Where a fragment of the object goes; of one that has failed already, to nowhere."""
        if control & 1 or context_id != self._context_id:
            raise ProtocolError("another message inside a data set")
        if self._failed is None and self._incoming is not None:
            return self._incoming.room(count)
        return self._receiver.scratch(count)

    def took(self, control: int, count: int) -> bytes | None:
        """A fragment has come: the response PDU if it was the last one."""
        if self._failed is None and self._incoming is not None:
            self._incoming.took(count)
        return self._answer() if control & 2 else None

    def drop(self) -> None:
        """The association has ended: what was on its way in is forgotten."""
        if self._incoming is not None:
            self._incoming.discard()
        self._incoming, self.is_busy = None, False

    def _open(self) -> None:
        self._incoming = self._receiver.receive(
            context_id=self._context_id,
            sop_class_uid=_uid(self._request, _CLASS_UID),
            sop_instance_uid=_uid(self._request, _INSTANCE_UID),
        )

    def _answer(self) -> bytes:
        if self._failed is None and self._incoming is not None:
            self._guard(self._incoming.finish)
        status = SUCCESS if self._failed is None else self._failed
        self._receiver.note(status)
        self.drop()
        return store_response(self._request, self._context_id, status)

    def _guard(self, act: Callable[[], object]) -> None:
        """Do something with the object; what goes wrong becomes the status of the response."""
        try:
            act()
        except ServiceError as error:
            self._failed = storage_status(error)
        except Exception:
            log.exception("dicom.store_defect")
            self._failed = DEFECT


def is_store_request(request: dict[int, bytes]) -> bool:
    """Whether a command set asks for C-STORE."""
    return _short(request, _COMMAND_FIELD) == C_STORE_RQ


def has_data_set(request: dict[int, bytes]) -> bool:
    """Whether a data set follows the command set (PS3.7 §E.1, Command Data Set Type)."""
    return _short(request, _DATA_SET_TYPE) != NO_DATA_SET


def store_response(request: dict[int, bytes], context_id: int, status: int) -> bytes:
    """A C-STORE-RSP as one P-DATA-TF PDU (PS3.7 §9.3.1.2)."""
    elements = [
        (_CLASS_UID, request.get(_CLASS_UID, b"")),
        (_COMMAND_FIELD, struct.pack("<H", C_STORE_RSP)),
        (_RESPONDED_TO, request.get(_MESSAGE_ID, b"\0\0")),
        (_DATA_SET_TYPE, struct.pack("<H", NO_DATA_SET)),
        (_STATUS, struct.pack("<H", status)),
        (_INSTANCE_UID, request.get(_INSTANCE_UID, b"")),
    ]
    body = b"".join([_ELEMENT.pack(0, tag, len(value)) + value for tag, value in elements])
    command = struct.pack("<HHLL", 0, 0, 4, len(body)) + body
    value = struct.pack(">LBB", len(command) + 2, context_id, 0x03) + command
    return struct.pack(">BBL", P_DATA_TF, 0, len(value)) + value


def _uid(request: dict[int, bytes], element: int) -> str:
    return request.get(element, b"").decode("latin-1").strip(" \0")


def _short(request: dict[int, bytes], element: int) -> int:
    raw = request.get(element, b"")
    return int.from_bytes(raw, "little") if len(raw) == 2 else -1
