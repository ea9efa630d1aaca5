"""Answers as bytes: rows of the index written straight into the transfer syntax and character set of an association.

Reference  PS3.5 §7.1 (data elements), §6.1.2.3 (character sets), PS3.4 §C.4.1.1.3.2 (identifier of a response)
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydicom.charset import convert_encodings, encode_string

from archive.studies.datasets import TEXT_VRS
from archive.studies.queries.requests import Key
from archive.studies.queries.statement import Column

UTF_8 = "ISO_IR 192"
CHARACTER_SET = 0x00080005
_IMPLICIT, _BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
_LONG = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_BINARY = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d"}
_SINGLE_BYTE = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 100": "latin-1",
    UTF_8: "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}

Row = Sequence[str | None]


class CannotEncode(Exception):
    """The character set has no code for a text."""


class ElementWriter:
    """Writes elements in one transfer syntax and one character set."""

    def __init__(self, transfer_syntax_uid: str, character_set: str) -> None:
        self._is_implicit = transfer_syntax_uid == _IMPLICIT
        self._order = ">" if transfer_syntax_uid == _BIG else "<"
        self.character_set = character_set
        self._encode = _encoder(character_set)

    def element(self, tag: int, vr: str, value: str | None) -> bytes:
        """An element of a text; values are separated by backslashes. Raises CannotEncode."""
        if not value:
            return self.raw(tag, vr, b"")
        if vr in _BINARY:
            return self.raw(tag, vr, struct.pack(self._order + _BINARY[vr], int(value)))
        encoded = self._encode(value, vr) if vr in TEXT_VRS else value.encode("ascii", "replace")
        return self.raw(tag, vr, encoded)

    def raw(self, tag: int, vr: str, value: bytes) -> bytes:
        if len(value) % 2:
            value += b"\0" if vr in {"UI", "OB", "UN"} else b" "
        return self._head(tag, vr, len(value)) + value

    def sequence(self, tag: int, items: Sequence[bytes]) -> bytes:
        body = b"".join(self._head(0xFFFEE000, "", len(item)) + item for item in items)
        return self._head(tag, "SQ", len(body)) + body

    def json_element(
        self, tag: int, vr: str, held: Mapping[str, Any] | None, keys: Sequence[Key] = ()
    ) -> bytes:
        """An element kept as DICOM JSON; of a sequence's items only the keys asked for, if any are."""
        values = (held or {}).get("Value") or []
        if vr == "SQ":
            return self.sequence(tag, [self._item(item, keys) for item in values])
        if vr == "PN":
            texts = ["=".join(name.get(group) or "" for group in _GROUPS).rstrip("=") for name in values]
        else:
            texts = [
                "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
                for value in values
            ]
        return self.element(tag, vr, "\\".join(texts))

    def _item(self, item: Mapping[str, Any], keys: Sequence[Key]) -> bytes:
        wanted: dict[int, Key | None] = dict.fromkeys(int(tag, 16) for tag in item)
        if keys:
            wanted = {key.tag: key for key in keys}
        parts = []
        for tag in sorted(wanted):
            held, key = item.get(f"{tag:08X}"), wanted[tag]
            vr = held["vr"] if held else key.vr if key else "UN"
            parts.append(self.json_element(tag, vr, held, key.items if key else ()))
        return b"".join(parts)

    def _head(self, tag: int, vr: str, length: int) -> bytes:
        group, number = tag >> 16, tag & 0xFFFF
        if self._is_implicit or group == 0xFFFE:
            return struct.pack(f"{self._order}HHL", group, number, length)
        if vr in _LONG:
            return struct.pack(f"{self._order}HH2sHL", group, number, vr.encode(), 0, length)
        return struct.pack(f"{self._order}HH2sH", group, number, vr.encode(), length)


class AnswerWriter:
    """Writes rows as identifiers: their columns, and the elements that are the same in each."""

    def __init__(
        self, columns: Sequence[Column], *, transfer_syntax_uid: str, character_set: str,
        constants: Mapping[int, tuple[str, str]],
    ) -> None:  # fmt: skip
        self._columns, self._constants = columns, constants
        self._syntax = transfer_syntax_uid
        self._parts = self._prepared(ElementWriter(transfer_syntax_uid, character_set))
        self._in_utf_8: list[_Part] | None = None

    def identifier(self, row: Row) -> bytes:
        """The identifier of one row; in UTF-8 where the node's own character set lacks a character of it."""
        try:
            return b"".join([part(row) for part in self._parts])
        except CannotEncode:
            if self._in_utf_8 is None:
                self._in_utf_8 = self._prepared(ElementWriter(self._syntax, UTF_8))
            return b"".join([part(row) for part in self._in_utf_8])

    def _prepared(self, writer: ElementWriter) -> list[_Part]:
        parts: dict[int, _Part] = {
            CHARACTER_SET: _constant(writer.element(CHARACTER_SET, "CS", writer.character_set))
        }
        parts |= {
            tag: _constant(writer.element(tag, vr, value)) for tag, (vr, value) in self._constants.items()
        }
        parts |= {column.tag: _of_column(writer, column, index) for index, column in enumerate(self._columns)}
        return [parts[tag] for tag in sorted(parts)]


_Part = Callable[[Row], bytes]


def _constant(element: bytes) -> _Part:
    return lambda _row: element


def _of_column(writer: ElementWriter, column: Column, index: int) -> _Part:
    tag, vr, keys = column.tag, column.vr, column.keys
    if column.is_json:
        return lambda row: writer.json_element(tag, vr, json.loads(row[index] or "null"), keys)
    return lambda row: writer.element(tag, vr, row[index])


def _encoder(character_set: str) -> Callable[[str, str], bytes]:
    codec = _SINGLE_BYTE.get(character_set)
    if codec is not None:
        return lambda text, _vr: _encoded(text, codec)
    encodings = convert_encodings(character_set.split("\\"))
    return lambda text, vr: _by_extensions(text, encodings, is_name=vr == "PN")


def _encoded(text: str, codec: str) -> bytes:
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        raise CannotEncode from error


def _by_extensions(text: str, encodings: list[str], *, is_name: bool) -> bytes:
    """With code extensions each part of a value begins in the first character set again (PS3.5 §6.1.2.5.3)."""
    if is_name:
        return b"=".join(
            b"^".join(_part(name, encodings) for name in group.split("^")) for group in text.split("=")
        )
    return b"\\".join(_part(value, encodings) for value in text.split("\\"))


def _part(text: str, encodings: list[str]) -> bytes:
    try:
        encoded = bytes(encode_string(text, encodings))
    except (UnicodeEncodeError, LookupError, ValueError) as error:
        raise CannotEncode from error
    if "?" not in text and b"?" in encoded:  # pydicom's way of saying that it had no code
        raise CannotEncode
    return encoded
