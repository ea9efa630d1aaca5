"""The elements of an object and of the items nested in it by where they lie: one of many megabytes is left there.

Reference  PS3.5 §7.1 (data elements), §7.5 (nesting of data sets)
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydicom import Dataset
from pydicom.filereader import read_dataset

from archive.pixels.errors import unreadable
from archive.pixels.walking import (
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED,
    Data,
    as_found,
    behind_items,
    element_at,
    inflated,
    meta_of,
)
from archive.studies.header import DEFLATED, Encoding, encoding_of


class Span(NamedTuple):
    """Where an element and its value begin, and where both end, with their delimiter if they have one."""

    start: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class Elements:
    """Those of a data set or of an item, by their tags."""

    data: Data
    encoding: Encoding
    spans: Mapping[int, Span]

    def items(self, tag: int) -> list[Elements]:
        """The items of a sequence; none where it is not there. Raises PixelsUnreadable if it breaks off."""
        span = self.spans.get(tag)
        try:
            return [] if span is None else _items(self.data, span, self.encoding)
        except (struct.error, IndexError) as error:
            raise unreadable() from error

    def value(self, tag: int) -> Data:
        """The bytes of a value, where they lie; empty where it is not there."""
        span = self.spans.get(tag)
        return b"" if span is None else self.data[span.value : span.end]

    def dataset(self, *, without: Collection[int] = ()) -> Dataset:
        """The elements decoded, but for those that are better left where they are."""
        encoded = b"".join(
            bytes(self.data[span.start : span.end]) for tag, span in self.spans.items() if tag not in without
        )
        return read_dataset(
            io.BytesIO(encoded),
            is_implicit_VR=self.encoding.is_implicit,
            is_little_endian=self.encoding.order == "<",
        )


def elements_of(data: Data) -> Elements:
    """Those of a Part 10 object. Raises PixelsUnreadable if it breaks off, or is too large when inflated."""
    try:
        syntax, start = meta_of(data)
        if syntax == DEFLATED:
            data = bytes(data[:start]) + inflated(data[start:])
        return _elements(data, start, len(data), as_found(data, start, encoding_of(syntax)))[0]
    except (struct.error, IndexError, zlib.error) as error:
        raise unreadable() from error


def _elements(data: Data, at: int, end: int, encoding: Encoding) -> tuple[Elements, int]:
    """The elements as far as `end` or the end of the item, and where that is."""
    spans: dict[int, Span] = {}
    while at + 8 <= end:
        group, element, vr, length, value = element_at(data, at, encoding)
        tag = group << 16 | element
        if tag == ITEM_END:
            return Elements(data, encoding, spans), value
        if length == UNDEFINED:
            inside = Encoding(is_implicit=True, order="<") if vr == b"UN" else encoding
            behind = behind_items(data, value, inside, 0)
        else:
            behind = value + length
        if behind > end:
            raise unreadable()
        spans[tag] = Span(at, value, behind)
        at = behind
    return Elements(data, encoding, spans), at


def _items(data: Data, span: Span, encoding: Encoding) -> list[Elements]:
    found, at = [], span.value
    while at + 8 <= span.end:
        group, element, _vr, length, value = element_at(data, at, encoding)
        tag = group << 16 | element
        if tag == SEQUENCE_END:
            break
        end = span.end if length == UNDEFINED else value + length
        if tag != ITEM or end > span.end:
            raise unreadable()
        elements, at = _elements(data, value, end, encoding)
        found.append(elements)
    return found
