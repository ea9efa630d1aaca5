"""The C-STORE half of an association: PDVs straight from the socket into the staged file.

pynetdicom hands every PDU through two queues, a state machine and two threads, and copies it four times on
the way. Here a data set fragment goes from the socket to the disk, and the response back from the same
thread; everything that is no C-STORE is left to pynetdicom.

Reference  PS3.7 §9.1.1, §9.3.1 (C-STORE), §6.3.1 (command set), PS3.8 §9.3.5 (P-DATA-TF)
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
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


class Incoming(Protocol):
    """One object on its way in."""

    def write(self, data: memoryview) -> None: ...

    def finish(self) -> object: ...

    def discard(self) -> None: ...


class Receiver(Protocol):
    """Opens a reception for each object; knows the association's peer, site and presentation contexts."""

    def receive(self, *, context_id: int, sop_class_uid: str, sop_instance_uid: str) -> Incoming: ...

    def note(self, status: int) -> None: ...


class ProtocolError(Exception):
    """The peer sent what no PDU may hold; the association cannot go on."""


def command_elements(data: bytes) -> dict[int, bytes]:
    """The elements of a command set, always implicit VR little endian (PS3.7 §6.3.1)."""
    elements: dict[int, bytes] = {}
    at = 0
    try:
        while at < len(data):
            group, element, length = struct.unpack_from("<HHL", data, at)
            at += 8
            if group or at + length > len(data):
                raise ProtocolError("a command set that does not hold together")
            elements[element] = data[at : at + length]
            at += length
    except struct.error as error:
        raise ProtocolError("a command set that breaks off") from error
    return elements


def presentation_data_values(body: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Context ID, control header and fragment of each PDV of a P-DATA-TF (PS3.8 §9.3.5.1)."""
    at = 0
    while at < len(body):
        if at + 6 > len(body):
            raise ProtocolError("a PDV that breaks off")
        length, context_id, control = struct.unpack_from(">LBB", body, at)
        end = at + 4 + length
        if length < 2 or end > len(body):
            raise ProtocolError("a PDV longer than its PDU")
        yield context_id, control, body[at + 6 : end]
        at = end


class StoreExchange:
    """Takes the C-STORE requests of one association off the wire, one after the other."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._request: dict[int, bytes] = {}
        self._context_id = 0
        self._incoming: Incoming | None = None
        self._failed: int | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an object is on its way in."""
        return bool(self._request)

    def take(self, context_id: int, control: int, fragment: memoryview) -> bytes | None:
        """Deal with one PDV of a C-STORE: the response PDU once the object is complete, else nothing."""
        if control & 1 or context_id != self._context_id:
            raise ProtocolError("another message inside a data set")
        if self._failed is None:
            self._guard(lambda incoming: incoming.write(fragment))
        return self._answer() if control & 2 else None

    def begin(self, context_id: int, command: bytes) -> bytes | None:
        """Start on a C-STORE request; a request without a data set is answered at once."""
        self._request = request = command_elements(command)
        self._context_id = context_id
        self._failed = None
        try:
            self._incoming = self._receiver.receive(
                context_id=context_id,
                sop_class_uid=_uid(request, _CLASS_UID),
                sop_instance_uid=_uid(request, _INSTANCE_UID),
            )
        except ServiceError as error:
            self._failed = storage_status(error)
        except Exception:
            log.exception("dicom.store_defect")
            self._failed = DEFECT
        return self._answer() if _short(request, _DATA_SET_TYPE) == NO_DATA_SET else None

    def drop(self) -> None:
        """The association has ended: what was on its way in is forgotten."""
        if self._incoming is not None:
            self._incoming.discard()
        self._incoming, self._request = None, {}

    def _answer(self) -> bytes:
        if self._failed is None:
            self._guard(lambda incoming: incoming.finish())
        status = SUCCESS if self._failed is None else self._failed
        response = store_response(self._request, self._context_id, status)
        self._receiver.note(status)
        self.drop()
        return response

    def _guard(self, act: Callable[[Incoming], object]) -> None:
        """Do something with the object; what goes wrong becomes the status of the response."""
        try:
            if self._incoming is not None:
                act(self._incoming)
        except ServiceError as error:
            self._failed = storage_status(error)
        except Exception:
            log.exception("dicom.store_defect")
            self._failed = DEFECT


def is_store_request(command: bytes) -> bool:
    """Whether a command set asks for C-STORE."""
    return _short(command_elements(command), _COMMAND_FIELD) == C_STORE_RQ


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
    body = b"".join(struct.pack("<HHL", 0, tag, len(value)) + value for tag, value in elements)
    command = struct.pack("<HHLL", 0, 0, 4, len(body)) + body
    value = struct.pack(">LBB", len(command) + 2, context_id, 0x03) + command
    return struct.pack(">BBL", P_DATA_TF, 0, len(value)) + value


def _uid(request: dict[int, bytes], element: int) -> str:
    return request.get(element, b"").decode("latin-1").strip(" \0")


def _short(request: dict[int, bytes], element: int) -> int:
    raw = request.get(element, b"")
    return int(struct.unpack("<H", raw)[0]) if len(raw) == 2 else -1
