"""The head of a Part 10 file: preamble and File Meta Information, written by us (PS3.10 §7.1)."""

from __future__ import annotations

import struct
from functools import lru_cache

IMPLEMENTATION_CLASS_UID = "2.25.227803364839416276311735312489162354613"
IMPLEMENTATION_VERSION_NAME = "CONSILIUM_1"
_LONG = {b"OB"}
_BEGINNING = bytes(128) + b"DICM" + struct.pack("<HH2sH", 0x0002, 0x0000, b"UL", 4)


def part10_head(*, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Preamble, prefix and group 2 for a data set. The same object always gets the same head."""
    before, after = _around_instance(sop_class_uid, transfer_syntax_uid)
    instance = _uid(0x0003, sop_instance_uid)
    length = len(before) + len(instance) + len(after)
    return _BEGINNING + struct.pack("<L", length) + before + instance + after


@lru_cache(maxsize=256)
def _around_instance(sop_class_uid: str, transfer_syntax_uid: str) -> tuple[bytes, bytes]:
    """What stands before and behind the Media Storage SOP Instance UID: the same for a whole series."""
    before = _element(0x0001, b"OB", b"\0\1") + _uid(0x0002, sop_class_uid)
    version = _element(0x0013, b"SH", _even(IMPLEMENTATION_VERSION_NAME.encode(), b" "))
    return before, _uid(0x0010, transfer_syntax_uid) + _uid(0x0012, IMPLEMENTATION_CLASS_UID) + version


def _uid(element: int, value: str) -> bytes:
    return _element(element, b"UI", _even(value.encode("ascii", "replace"), b"\0"))


def _even(value: bytes, padding: bytes) -> bytes:
    return value + padding * (len(value) % 2)


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    head = struct.pack("<HH2s", 0x0002, element, vr)
    length = struct.pack("<HL", 0, len(value)) if vr in _LONG else struct.pack("<H", len(value))
    return head + length + value
