"""A walk over the top-level elements of an encoded object as far as its pixel data, which are not touched.

Reference  PS3.5 §7.1 (data elements), §7.5 (nesting of data sets), PS3.10 §7.1 (file meta information)
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from archive.pixels.errors import unreadable
from archive.studies.header import DEFLATED, Encoding, encoding_of

Data = bytes | memoryview

PIXEL_TAGS = (0x7FE00008, 0x7FE00009, 0x7FE00010)  # float, double float, and the usual ones
ROWS, COLUMNS, SAMPLES, FRAMES = 0x00280010, 0x00280011, 0x00280002, 0x00280008
BITS_ALLOCATED, PHOTOMETRIC = 0x00280100, 0x00280004
OFFSETS, LENGTHS = 0x7FE00001, 0x7FE00002
UNDEFINED = 0xFFFFFFFF

_WANTED = frozenset([ROWS, COLUMNS, SAMPLES, FRAMES, BITS_ALLOCATED, PHOTOMETRIC, OFFSETS, LENGTHS])
_LONG = frozenset([b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"])
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DEEPEST = 40
_LARGEST_INFLATED = 1 << 30
_HEAD = {order: struct.Struct(f"{order}HH2sH") for order in "<>"}
_LONG_LENGTH = {order: struct.Struct(f"{order}L") for order in "<>"}


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk found: values by tag, and where the pixel data element and its value begin.

    `length` is UNDEFINED for encapsulated pixel data; offsets count in `data`, which is inflated where the
    object was deflated. `spans` are where each element in front of the pixel data begins and ends.
    """

    data: Data
    transfer_syntax_uid: str
    encoding: Encoding
    values: dict[int, bytes]
    data_set: int
    element: int
    value: int
    length: int
    tag: int
    vr: bytes
    spans: dict[int, tuple[int, int]]

    def number(self, tag: int, default: int = 0) -> int:
        """A US value."""
        raw = self.values.get(tag, b"")
        return int(struct.unpack(f"{self.encoding.order}H", raw[:2])[0]) if len(raw) >= 2 else default

    def integer(self, tag: int, default: int = 1) -> int:
        """An IS value."""
        try:
            return int(self.values[tag].decode("ascii").strip(" \0").split("\\")[0])
        except (KeyError, ValueError):
            return default


def transfer_syntax_of(data: Data) -> str:
    """As the file meta information says. Raises PixelsUnreadable."""
    try:
        return meta_of(data)[0]
    except (struct.error, IndexError) as error:
        raise unreadable() from error


def start_of_data_set(data: Data) -> int:
    """Where the file meta information ends. Raises PixelsUnreadable."""
    try:
        return meta_of(data)[1]
    except (struct.error, IndexError) as error:
        raise unreadable() from error


def walk(data: Data) -> Walked:
    """As far as the pixel data. Raises PixelsUnreadable: NOT_AN_IMAGE if there are none, else damaged."""
    try:
        syntax, start = meta_of(data)
        if syntax == DEFLATED:
            data = bytes(data[:start]) + inflated(data[start:])
        return _walk(data, syntax, start, as_found(data, start, encoding_of(syntax)))
    except (struct.error, IndexError, zlib.error) as error:
        raise unreadable() from error


def meta_of(data: Data) -> tuple[str, int]:
    """Transfer syntax and where the data set starts."""
    if bytes(data[128:132]) != b"DICM":
        raise unreadable()
    end = 144 + int(struct.unpack_from("<L", data, 140)[0])
    at, syntax = 144, ""
    while at < end:
        group, element, _vr, length, value = element_at(data, at, encoding_of(""))
        if (group, element) == (0x0002, 0x0010):
            syntax = bytes(data[value : value + length]).decode("latin-1").strip(" \0")
        at = value + length
    return syntax, end


def inflated(data: Data) -> bytes:
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    whole = inflater.decompress(data, _LARGEST_INFLATED)
    if inflater.unconsumed_tail:
        raise unreadable("PIXELS_TOO_LARGE")
    return whole


def as_found(data: Data, at: int, encoding: Encoding) -> Encoding:
    """The encoding the first element shows: some systems send implicit VR under an explicit syntax."""
    if encoding.is_implicit or encoding.order == ">" or bytes(data[at + 4 : at + 6]).isalpha():
        return encoding
    return Encoding(is_implicit=True, order="<")


def _walk(data: Data, syntax: str, start: int, encoding: Encoding) -> Walked:
    values: dict[int, bytes] = {}
    spans: dict[int, tuple[int, int]] = {}
    at, size = start, len(data)
    while at + 8 <= size:
        group, element, vr, length, value = element_at(data, at, encoding)
        tag = group << 16 | element
        if tag in PIXEL_TAGS:
            if length != UNDEFINED and value + length > size:
                length = size - value
            return Walked(data, syntax, encoding, values, start, at, value, length, tag, vr, spans)
        if length == UNDEFINED:
            inside = Encoding(is_implicit=True, order="<") if vr == b"UN" else encoding
            end = behind_items(data, value, inside, 0)
        else:
            end = value + length
            if tag in _WANTED:
                values[tag] = bytes(data[value:end])
        spans[tag] = at, end
        at = end
    raise unreadable("NOT_AN_IMAGE")


def element_at(data: Data, at: int, encoding: Encoding) -> tuple[int, int, bytes, int, int]:
    """Group, element, VR, length, and where the value starts."""
    group, element, vr, length = _HEAD[encoding.order].unpack_from(data, at)
    if encoding.is_implicit or group == 0xFFFE:
        return group, element, b"", _LONG_LENGTH[encoding.order].unpack_from(data, at + 4)[0], at + 8
    if vr in _LONG:
        return group, element, vr, _LONG_LENGTH[encoding.order].unpack_from(data, at + 8)[0], at + 12
    return group, element, vr, length, at + 8


def behind_items(data: Data, at: int, encoding: Encoding, depth: int) -> int:
    """Where a sequence of undefined length ends: behind its delimiter."""
    if depth > _DEEPEST:
        raise unreadable()
    while True:
        group, element, _vr, length, at = element_at(data, at, encoding)
        tag = group << 16 | element
        if tag == SEQUENCE_END:
            return at
        if tag != ITEM:
            raise unreadable()
        at = _behind_item(data, at, encoding, depth) if length == UNDEFINED else at + length


def _behind_item(data: Data, at: int, encoding: Encoding, depth: int) -> int:
    while True:
        group, element, vr, length, at = element_at(data, at, encoding)
        if group << 16 | element == ITEM_END:
            return at
        if length == UNDEFINED:
            inside = Encoding(is_implicit=True, order="<") if vr == b"UN" else encoding
            at = behind_items(data, at, inside, depth + 1)
        else:
            at += length
