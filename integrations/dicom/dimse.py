"""DIMSE messages written and read by hand: command sets and the P-DATA PDUs that carry them.

Knows neither Django nor pynetdicom. A message of ours is a command set, a data set, or both, each cut into
fragments no longer than the peer takes.

Reference  PS3.7 §6.3.1 (command set), §E.1 (its elements), PS3.8 §9.3.5 (P-DATA-TF)
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
C_GET_RSP, C_FIND_RSP, C_MOVE_RSP = 0x8010, 0x8020, 0x8021
# Elements of group 0000
AFFECTED_CLASS, COMMAND_FIELD, MESSAGE_ID, RESPONDED_TO = 0x0002, 0x0100, 0x0110, 0x0120
PRIORITY, DATA_SET_TYPE, STATUS, OFFENDING, ERROR_COMMENT = 0x0700, 0x0800, 0x0900, 0x0901, 0x0902
AFFECTED_INSTANCE = 0x1000
REMAINING, COMPLETED, FAILED, WARNING = 0x1020, 0x1021, 0x1022, 0x1023
MOVE_ORIGINATOR, MOVE_ORIGINATOR_MESSAGE = 0x1030, 0x1031

HAS_DATA_SET, NO_DATA_SET = 0x0001, 0x0101
MEDIUM = 0x0000
P_DATA_TF = 0x04
COMMAND, LAST = 0x01, 0x02
DEFAULT_FRAGMENT = 1 << 20
_PDU_OVERHEAD = 6  # the PDV's length, context ID and control header
_PDV = struct.Struct(">BBLLBB")
_ELEMENT = struct.Struct("<HHL")


def us(value: int) -> bytes:
    return struct.pack("<H", value)


def ui(value: str) -> bytes:
    raw = value.encode("ascii", "replace")
    return raw + b"\0" * (len(raw) % 2)


def text(value: str) -> bytes:
    raw = value.encode("ascii", "replace")
    return raw + b" " * (len(raw) % 2)


def command_set(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """A command set of these elements, in order of their numbers, with its group length."""
    body = b"".join(_ELEMENT.pack(0, number, len(value)) + value for number, value in elements)
    return _ELEMENT.pack(0, 0, 4) + struct.pack("<L", len(body)) + body


def elements_of(command: bytes) -> dict[int, bytes]:
    """The elements of a command set. Raises ValueError if it does not hold together."""
    elements: dict[int, bytes] = {}
    at = 0
    while at < len(command):
        if at + 8 > len(command):
            raise ValueError("a command set that breaks off")
        group, number, length = _ELEMENT.unpack_from(command, at)
        at += 8
        if group or at + length > len(command):
            raise ValueError("a command set that does not hold together")
        elements[number] = command[at : at + length]
        at += length
    return elements


def short(elements: dict[int, bytes], number: int) -> int | None:
    raw = elements.get(number, b"")
    return int.from_bytes(raw, "little") if len(raw) == 2 else None


def fragment_size(maximum_length: int | None) -> int:
    """How much of a message fits into one PDU of a peer that takes PDUs so long (0: as long as we like)."""
    if not maximum_length:
        return DEFAULT_FRAGMENT
    return max(maximum_length - _PDU_OVERHEAD, 64)


def pdv_head(context_id: int, control: int, length: int) -> bytes:
    """The head of a PDU that carries one fragment of this length."""
    return _PDV.pack(P_DATA_TF, 0, length + 6, length + 2, context_id, control)


def pdus(context_id: int, data: bytes, *, is_command: bool, fragment: int) -> list[bytes]:
    """The PDUs of a command or data set, head and fragment in turn."""
    kind = COMMAND if is_command else 0
    if len(data) <= fragment:
        return [pdv_head(context_id, kind | LAST, len(data)), data]
    parts: list[bytes] = []
    for at in range(0, len(data), fragment):
        piece = data[at : at + fragment]
        parts += [pdv_head(context_id, kind | (LAST if at + fragment >= len(data) else 0), len(piece)), piece]
    return parts
