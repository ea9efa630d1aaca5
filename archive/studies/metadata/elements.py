"""The elements of a stored data set, one after the other, as they lie in its bytes.

Only the head of an object need be at hand: what is missing is told, and the walk begun again with all of it.

Reference  PS3.5 §7.1 (data elements), §7.5 (nesting), §A.4 (encapsulation)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from archive.studies.datasets import vr_of
from common.errors import InvalidInput

_LONG_VRS = frozenset(
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"]
)
PIXEL_DATA = 0x7FE00010
PIXEL_TAGS = frozenset([0x7FE00008, 0x7FE00009, PIXEL_DATA])
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PADDING = 0xFFFCFFFC
UNDEFINED = 0xFFFFFFFF
_DEEPEST = 64


class Incomplete(Exception):
    """The bytes at hand end before the object does."""


@dataclass(slots=True)
class Encoded:
    """The bytes of a data set or of its head, and how its elements are encoded. `size` is that of all of it.

    Those of a deflated data set are inflated: where an element begins in them says nothing of where the file has it.
    """

    data: bytes
    start: int
    size: int
    is_implicit: bool = False
    order: str = "<"
    ends_with_pixels: bool = False
    is_inflated: bool = False

    @property
    def is_whole(self) -> bool:
        return len(self.data) >= self.size


@dataclass(frozen=True, slots=True)
class Spot:
    """One element: where its value begins and ends. A sequence's elements are encoded as `is_implicit` says."""

    tag: int
    vr: str
    begin: int
    end: int
    is_undefined: bool
    is_implicit: bool


def spots(encoded: Encoded) -> Iterator[Spot]:
    """The elements of the data set itself. Raises Incomplete; InvalidInput if it is damaged."""
    return _spots(encoded, encoded.start, encoded.size, is_implicit=encoded.is_implicit)


def items(encoded: Encoded, sequence: Spot) -> Iterator[list[Spot]]:
    """The elements of each item of a sequence. Raises as `spots`."""
    at = sequence.begin
    while at < sequence.end:
        tag, length, at = _marker(encoded, at)
        if tag == _SEQUENCE_END:
            return
        if tag != _ITEM:
            raise damaged()
        stop = sequence.end if length == UNDEFINED else at + length
        found = list(_spots(encoded, at, stop, is_implicit=sequence.is_implicit, is_item=length == UNDEFINED))
        yield found
        at = stop if length != UNDEFINED else _after_item(encoded, at, sequence)


def fragments(encoded: Encoded, pixels: Spot) -> Iterator[tuple[int, int]]:
    """Where the items of encapsulated pixel data begin and end, the offset table first."""
    at = pixels.begin
    while at < encoded.size:
        tag, length, at = _marker(encoded, at)
        if tag == _SEQUENCE_END:
            return
        if tag != _ITEM or length == UNDEFINED:
            raise damaged()
        yield at, at + length
        at += length
    raise damaged()


def damaged() -> InvalidInput:
    return InvalidInput("The data set breaks off or is damaged", code="DATA_SET_DAMAGED")


def _spots(
    encoded: Encoded, at: int, end: int, *, is_implicit: bool, is_item: bool = False
) -> Iterator[Spot]:
    while at < end:
        tag, vr, length, at, inside = _head(encoded, at, is_implicit=is_implicit)
        if tag == _ITEM_END and is_item:
            return
        if tag == _PADDING:
            return
        if length != UNDEFINED:
            stop = at + length
            if stop > end:
                raise damaged()
            yield Spot(tag, vr, at, stop, False, inside)
            at = stop
        elif tag in PIXEL_TAGS:
            pixels = Spot(tag, vr, at, end, True, inside)
            yield pixels
            if encoded.ends_with_pixels:
                return
            at = _end_of_fragments(encoded, pixels)
        else:
            stop = _end_of_sequence(encoded, at, end, is_implicit=inside, depth=0)
            yield Spot(tag, "SQ", at, stop, True, inside)
            at = stop


def _head(encoded: Encoded, at: int, *, is_implicit: bool) -> tuple[int, str, int, int, bool]:
    """Tag, VR, length, where the value begins, and whether what is nested in it is of implicit VR."""
    data, order = encoded.data, encoded.order
    try:
        group, element = struct.unpack_from(f"{order}HH", data, at)
        tag = group << 16 | element
        if group == 0xFFFE or is_implicit:
            length = struct.unpack_from(f"{order}L", data, at + 4)[0]
            return tag, vr_of(tag), length, at + 8, True
        code = data[at + 4 : at + 6]
        if code in _LONG_VRS:
            length = struct.unpack_from(f"{order}L", data, at + 8)[0]
            if code == b"UN":
                return tag, "SQ" if vr_of(tag) == "SQ" else "UN", length, at + 12, True
            return tag, code.decode("ascii"), length, at + 12, False
        length = struct.unpack_from(f"{order}H", data, at + 6)[0]
        if not (code.isalpha() and code.isupper()):
            raise damaged()
        return tag, code.decode("ascii"), length, at + 8, False
    except struct.error as error:
        raise _short(encoded) from error


def _marker(encoded: Encoded, at: int) -> tuple[int, int, int]:
    try:
        group, element, length = struct.unpack_from(f"{encoded.order}HHL", encoded.data, at)
    except struct.error as error:
        raise _short(encoded) from error
    return group << 16 | element, length, at + 8


def _end_of_sequence(encoded: Encoded, at: int, end: int, *, is_implicit: bool, depth: int) -> int:
    """Behind the delimiter of a sequence of undefined length."""
    if depth > _DEEPEST:
        raise damaged()
    while at < end:
        tag, length, at = _marker(encoded, at)
        if tag == _SEQUENCE_END:
            return at
        if tag != _ITEM:
            raise damaged()
        at = at + length if length != UNDEFINED else _end_of_item(encoded, at, end, is_implicit, depth)
    raise damaged()


def _end_of_item(encoded: Encoded, at: int, end: int, is_implicit: bool, depth: int) -> int:
    while at < end:
        tag, _vr, length, at, inside = _head(encoded, at, is_implicit=is_implicit)
        if tag == _ITEM_END:
            return at
        if length == UNDEFINED:
            at = _end_of_sequence(encoded, at, end, is_implicit=inside, depth=depth + 1)
        else:
            at += length
    raise damaged()


def _after_item(encoded: Encoded, at: int, sequence: Spot) -> int:
    return _end_of_item(encoded, at, sequence.end, sequence.is_implicit, 0)


def _end_of_fragments(encoded: Encoded, pixels: Spot) -> int:
    return max((end for _begin, end in fragments(encoded, pixels)), default=pixels.begin) + 8


def _short(encoded: Encoded) -> Exception:
    return damaged() if encoded.is_whole else Incomplete()
