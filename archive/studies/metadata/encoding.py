"""One instance after the other as DICOM JSON, written straight from stored bytes.

Slices of a series say the same in nearly every element: what has been put into JSON once is remembered by its
bytes. That and not parsing is what makes this an order of magnitude faster than a general data set library.

Reference  PS3.18 §F.2 (DICOM JSON Model), §F.2.6 (bulk data)
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from collections.abc import Sequence

from archive.studies.datasets import Element, encodings_named, text_values
from archive.studies.metadata.elements import PIXEL_TAGS, Encoded, Incomplete, Spot, items, spots
from common.errors import InvalidInput

INLINE_AT_MOST = 1024
_REMEMBERED = 1 << 16
_LONGEST_REMEMBERED = 4096
_CHARACTER_SET, _PIXEL_REPRESENTATION = 0x00080005, 0x00280103
_BINARY = {"OB": 1, "UN": 1, "OW": 2, "OL": 4, "OF": 4, "OD": 8, "OV": 8}
_NUMBERS = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
_JSON_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_SAFE_WHOLE = 1 << 53
# What the dictionary calls "US or SS": in implicit VR the pixel representation tells (PS3.5 §A.1).
_BY_REPRESENTATION = frozenset([
    0x00189810, 0x00221452, 0x00280104, 0x00280105, 0x00280106, 0x00280107, 0x00280108, 0x00280109,
    0x00280110, 0x00280111, 0x00280120, 0x00280121, 0x00281101, 0x00281102, 0x00281103, 0x00283002,
    0x00409211, 0x00409216, 0x00603004, 0x00603006,
])  # fmt: skip
_WORDS = frozenset([0x00283006, 0x00281201, 0x00281202, 0x00281203, 0x00281408, 0x54001010, 0x7FE00010])


class SeriesEncoder:
    """Puts instances of one series into JSON; `base` is the URI of the series, below which bulk data is had."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._known: dict[tuple[int, str, bytes, str], str] = {}

    def instance(self, encoded: Encoded, sop_instance_uid: str) -> str:
        """The JSON object of one instance.

        Raises  Incomplete if only all of its bytes will do; InvalidInput if it is damaged.
        """
        root = f"{self._base}/instances/{sop_instance_uid}/bulkdata"
        return _Writer(encoded, self._known, root).dataset(list(spots(encoded)), root, "", is_signed=False)


class _Writer:
    def __init__(self, encoded: Encoded, known: dict[tuple[int, str, bytes, str], str], root: str) -> None:
        self._encoded, self._known, self._root = encoded, known, root

    def dataset(self, found: Sequence[Spot], path: str, character_set: str, *, is_signed: bool) -> str:
        """The elements in the order they have, by tags in capital letters."""
        data = self._encoded.data
        for spot in found:
            if spot.tag == _CHARACTER_SET:
                character_set = data[spot.begin : spot.end].decode("latin-1").strip(" \0")
            elif spot.tag == _PIXEL_REPRESENTATION:
                is_signed = data[spot.begin : spot.end].strip(b"\0") == b"\x01"
        written = (self._element(spot, path, character_set, is_signed) for spot in found if spot.tag & 0xFFFF)
        return "{" + ",".join(written) + "}"

    def _element(self, spot: Spot, path: str, character_set: str, is_signed: bool) -> str:
        vr = self._vr(spot, is_signed=is_signed)
        length = spot.end - spot.begin
        if spot.tag in PIXEL_TAGS or (vr in _BINARY and length > INLINE_AT_MOST):
            return f'"{spot.tag:08X}":{{"vr":"{vr}","BulkDataURI":"{path}/{spot.tag:08X}"}}'
        if vr == "SQ":
            return self._sequence(spot, path, character_set, is_signed=is_signed)
        value = self._encoded.data[spot.begin : spot.end]
        if len(value) < length:
            raise Incomplete
        key = (spot.tag, vr, value, character_set)
        text = self._known.get(key)
        if text is None:
            text = f'"{spot.tag:08X}":{self._value(spot.tag, vr, value, character_set)}'
            if length <= _LONGEST_REMEMBERED and len(self._known) < _REMEMBERED:
                self._known[key] = text
        return text

    def _vr(self, spot: Spot, *, is_signed: bool) -> str:
        """Of implicit VR the dictionary's, where it leaves a choice the one PS3.5 §A.1 makes."""
        if spot.vr == "UN" and spot.tag & 0x1FF00 == 0x10000 and spot.tag & 0xFF >= 0x10:
            return "LO"  # a private creator (PS3.5 §7.8.1)
        if spot.is_implicit and spot.vr in {"US", "OB"}:
            if spot.tag in _BY_REPRESENTATION:
                return "SS" if is_signed else "US"
            if spot.tag in _WORDS or spot.tag >> 16 & 0xFF01 == 0x6000:
                return "OW"
        return spot.vr

    def _sequence(self, spot: Spot, path: str, character_set: str, *, is_signed: bool) -> str:
        inside = f"{path}/{spot.tag:08X}"
        values = [
            self.dataset(item, f"{inside}/{number}", character_set, is_signed=is_signed)
            for number, item in enumerate(items(self._encoded, spot), start=1)
        ]
        listed = f',"Value":[{",".join(values)}]' if values else ""
        return f'"{spot.tag:08X}":{{"vr":"SQ"{listed}}}'

    def _value(self, tag: int, vr: str, value: bytes, character_set: str) -> str:
        if not value:
            return f'{{"vr":"{vr}"}}'
        order = self._encoded.order
        if vr in _BINARY:
            plain = little_endian(vr, value, order=order)
            return f'{{"vr":"{vr}","InlineBinary":"{base64.b64encode(plain).decode()}"}}'
        if tag == _CHARACTER_SET:
            values = ['"ISO_IR 192"']
        elif vr in _NUMBERS:
            values = _numbers(vr, value, order)
        elif vr == "AT":
            values = _tags(value, order)
        else:
            values = _texts(tag, vr, value, character_set)
        return f'{{"vr":"{vr}","Value":[{",".join(values)}]}}' if values else f'{{"vr":"{vr}"}}'


def _texts(tag: int, vr: str, value: bytes, character_set: str) -> list[str]:
    try:
        texts = text_values(Element(tag, vr, value), _encodings(character_set))
    except InvalidInput:  # no text in its character set: shown as what can be read of it
        texts = [_printable(value.decode("utf-8", "replace"))]
    if vr in {"DS", "IS"}:
        return [_number(text) for text in texts]
    if vr == "PN":
        return [_name(text) for text in texts]
    return [json.dumps(text, ensure_ascii=False) if text else "null" for text in texts]


def _encodings(character_set: str) -> list[str]:
    try:
        return encodings_named(character_set) if character_set else ["iso8859"]
    except InvalidInput:
        return ["iso8859"]


def _number(text: str) -> str:
    """As a JSON number, digit for digit where the text is one; what is no number stays a text (table F.2.3-1)."""
    if not text:
        return "null"
    if _JSON_NUMBER.fullmatch(text):
        return text
    try:
        number = float(text)
    except ValueError:
        return json.dumps(text, ensure_ascii=False)
    if not math.isfinite(number) or "_" in text:
        return json.dumps(text)
    return repr(int(number)) if number.is_integer() and abs(number) < _SAFE_WHOLE else repr(number)


def _name(text: str) -> str:
    groups = {group: value for group, value in zip(_GROUPS, text.split("="), strict=False) if value}
    return json.dumps(groups, ensure_ascii=False) if groups else "null"


def _numbers(vr: str, value: bytes, order: str) -> list[str]:
    letter = _NUMBERS[vr]
    count = len(value) // struct.calcsize(f"<{letter}")
    values = struct.unpack_from(f"{order}{count}{letter}", value)
    if vr in {"FL", "FD"}:
        return [_real(number) for number in values]
    return [str(number) if abs(number) < _SAFE_WHOLE else f'"{number}"' for number in values]


def _real(number: float) -> str:
    if math.isnan(number):
        return '"NaN"'
    if math.isinf(number):
        return '"Infinity"' if number > 0 else '"-Infinity"'
    return repr(number)


def _tags(value: bytes, order: str) -> list[str]:
    halves = struct.unpack_from(f"{order}{len(value) // 4 * 2}H", value)
    return [f'"{group:04X}{element:04X}"' for group, element in zip(halves[::2], halves[1::2], strict=True)]


def little_endian(vr: str, value: bytes, *, order: str) -> bytes:
    """A binary value as it is given outside of the object, whatever the object's own byte order (PS3.18 §F.2.7)."""
    width = _BINARY.get(vr) or (struct.calcsize(f"<{_NUMBERS[vr]}") if vr in _NUMBERS else 1)
    if order == "<" or width == 1:
        return value
    turned = bytearray(len(value))
    for place in range(width):
        turned[place::width] = value[width - 1 - place :: width]
    return bytes(turned)


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()
