"""Small data sets and sequences taken apart within bounds: query identifiers, and the index's optional elements.

pydicom does this too, at ten times the cost and without a bound on depth.

Reference  PS3.5 §7.1 (data elements), §7.5 (nesting), §6.1.2.3 (character sets)
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.datadict import dictionary_VR
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

from common.errors import InvalidInput

LARGEST = 1 << 20
DEEPEST = 8
MOST_ELEMENTS = 4096
SPECIFIC_CHARACTER_SET = 0x00080005
_LONG_VRS = frozenset(
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"]
)
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
TEXT_VRS = frozenset(["LO", "LT", "PN", "SH", "ST", "UC", "UT"])
_TERM = re.compile(r"^(ISO)[_ -](IR)")
_KNOWN_TERMS = {_TERM.sub(r"\1 \2", term) for term in python_encoding}
_ESCAPE = re.compile(r"\x1b[\x20-\x2f]+[\x30-\x7e]")
_ONE_VALUE = frozenset(["LT", "ST", "UT", "UR"])


@dataclass(frozen=True, slots=True)
class Element:
    """One data element: its value's bytes, or for a sequence the elements of each item."""

    tag: int
    vr: str
    value: bytes
    items: tuple[tuple[Element, ...], ...] = ()


def read_elements(data: bytes, *, is_implicit: bool, order: str = "<") -> tuple[Element, ...]:
    """The elements of an encoded data set.

    Raises  InvalidInput DATA_SET_DAMAGED or DATA_SET_TOO_LARGE: it breaks off, or is larger or deeper than
            anything of this kind has to be.
    """
    if len(data) > LARGEST:
        raise InvalidInput("The data set is too large for its purpose", code="DATA_SET_TOO_LARGE")
    return _Reader(data, order).elements(0, len(data), is_implicit=is_implicit)


def read_items(value: bytes, *, order: str = "<") -> tuple[tuple[Element, ...], ...]:
    """The items of a sequence whose value this is; how its elements are encoded is seen from the first."""
    if len(value) > LARGEST:
        raise InvalidInput("The sequence is too large for its purpose", code="DATA_SET_TOO_LARGE")
    reader = _Reader(value, order)
    items, _ = reader.items(0, len(value), is_implicit=not value[12:14].isalpha(), depth=0)
    return items


class _Reader:
    def __init__(self, data: bytes, order: str) -> None:
        self._data, self._order = data, order
        self._left = MOST_ELEMENTS

    def elements(self, at: int, end: int, *, is_implicit: bool, depth: int = 0) -> tuple[Element, ...]:
        found, _ = self._elements(at, end, is_implicit=is_implicit, depth=depth)
        return found

    def items(
        self, at: int, end: int, *, is_implicit: bool, depth: int
    ) -> tuple[tuple[tuple[Element, ...], ...], int]:
        """The items up to `end` or their delimiter, and where what follows starts."""
        if depth > DEEPEST:
            raise InvalidInput("The data set is nested too deeply", code="DATA_SET_TOO_LARGE")
        items: list[tuple[Element, ...]] = []
        while at < end:
            tag, length, at = self._marker(at)
            if tag == _SEQUENCE_END:
                return tuple(items), at
            if tag != _ITEM:
                raise _damaged()
            stop = end if length == _UNDEFINED else at + length
            if stop > end:
                raise _damaged()
            item, after = self._elements(at, stop, is_implicit=is_implicit, depth=depth + 1)
            items.append(item)
            at = after if length == _UNDEFINED else stop
        return tuple(items), at

    def _elements(
        self, at: int, end: int, *, is_implicit: bool, depth: int
    ) -> tuple[tuple[Element, ...], int]:
        found: list[Element] = []
        while at < end:
            tag, vr, length, at = self._head(at, is_implicit=is_implicit)
            if tag == _ITEM_END:
                return tuple(found), at
            self._left -= 1
            if self._left < 0:
                raise InvalidInput("The data set has too many elements", code="DATA_SET_TOO_LARGE")
            stop = end if length == _UNDEFINED else at + length
            if stop > end:
                raise _damaged()
            if vr == "SQ" or length == _UNDEFINED:
                inside = is_implicit or vr == "UN"
                items, after = self.items(at, stop, is_implicit=inside, depth=depth + 1)
                found.append(Element(tag, "SQ", b"", items))
                at = after if length == _UNDEFINED else stop
            else:
                found.append(Element(tag, vr, self._data[at:stop]))
                at = stop
        return tuple(found), at

    def _head(self, at: int, *, is_implicit: bool) -> tuple[int, str, int, int]:
        """Tag, VR, length, and where the value starts."""
        try:
            group, element = struct.unpack_from(f"{self._order}HH", self._data, at)
            tag = group << 16 | element
            if group == 0xFFFE or is_implicit:
                length = struct.unpack_from(f"{self._order}L", self._data, at + 4)[0]
                return tag, vr_of(tag), length, at + 8
            vr = self._data[at + 4 : at + 6]
            if vr in _LONG_VRS:
                length = struct.unpack_from(f"{self._order}L", self._data, at + 8)[0]
                return tag, _known_vr(tag, vr), length, at + 12
            if not (vr.isalpha() and vr.isupper()):
                raise _damaged()
            length = struct.unpack_from(f"{self._order}H", self._data, at + 6)[0]
            return tag, vr.decode("ascii"), length, at + 8
        except (struct.error, UnicodeDecodeError) as error:
            raise _damaged() from error

    def _marker(self, at: int) -> tuple[int, int, int]:
        try:
            group, element, length = struct.unpack_from(f"{self._order}HHL", self._data, at)
        except struct.error as error:
            raise _damaged() from error
        return group << 16 | element, length, at + 8


@lru_cache(maxsize=4096)
def vr_of(tag: int) -> str:
    """The VR the dictionary gives a tag; UN where it knows none."""
    try:
        return dictionary_VR(tag)[:2]
    except KeyError:
        return "UN"


def _known_vr(tag: int, vr: bytes) -> str:
    return vr_of(tag) if vr == b"UN" else vr.decode("ascii")


def _damaged() -> InvalidInput:
    return InvalidInput("The data set breaks off or is damaged", code="DATA_SET_DAMAGED")


def encodings_of(elements: Sequence[Element], *, inherited: Sequence[str] = ("iso8859",)) -> list[str]:
    """Python's names of a data set's character sets.

    Raises  InvalidInput for one nobody has defined.
    """
    named = next((element.value for element in elements if element.tag == SPECIFIC_CHARACTER_SET), None)
    if named is None:
        return list(inherited)
    return encodings_named(named.decode("latin-1").strip(" \0"))


@lru_cache(maxsize=256)
def _encodings(named: str) -> tuple[str, ...]:
    terms = named.split("\\")
    if not all(_TERM.sub(r"\1 \2", term.strip()) in _KNOWN_TERMS for term in terms):
        raise LookupError(named)
    return tuple(convert_encodings(terms))


def encodings_named(named: str) -> list[str]:
    """As `encodings_of`, of the value of Specific Character Set."""
    try:
        return list(_encodings(named))
    except (LookupError, ValueError) as error:
        raise InvalidInput("Nobody knows this Specific Character Set", code="CHARACTER_SET") from error


def text_values(element: Element, encodings: Sequence[str]) -> list[str]:
    """The values of an element of a string VR, without padding; none where it is empty.

    Raises  InvalidInput for bytes that are no text in the character set, and for control characters.
    """
    if not element.value.strip(b" \0"):
        return []
    text = _decoded(element, encodings)
    if element.vr in _ONE_VALUE:
        return [_clean(text)]
    return [_clean(part) for part in text.split("\\")]


def _decoded(element: Element, encodings: Sequence[str]) -> str:
    if element.vr not in TEXT_VRS:
        return element.value.decode("latin-1")
    delimiters = PN_DELIMS if element.vr == "PN" else TEXT_VR_DELIMS
    try:
        return without_escapes(str(decode_bytes(element.value, list(encodings), delimiters)))
    except (LookupError, ValueError) as error:
        raise InvalidInput("A value is no text in its character set", code="CHARACTER_SET") from error


def without_escapes(text: str) -> str:
    """A decoded text without the escape sequences of ISO 2022 that pydicom leaves in it (GB 2312)."""
    return _ESCAPE.sub("", text) if "\x1b" in text else text


def _clean(text: str) -> str:
    text = text.strip(" \0")
    if any(character < " " and character not in "\t\n\f\r" for character in text):
        raise InvalidInput("A value holds control characters", code="KEY_CHARACTERS")
    return text
