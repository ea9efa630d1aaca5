"""Frames as they lie in a stored object; where each begins is kept for the frames that are asked for next."""

from __future__ import annotations

import threading
from collections import OrderedDict

from archive.pixels.encapsulation import Layout, frame_bytes, layout_of
from archive.pixels.sources import PixelSource
from archive.storage.objects import LocalSlice
from archive.studies.header import DEFLATED
from integrations.dicomweb.retrieve.subjects import Subject
from integrations.dicomweb.retrieve.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE, is_native

_KEPT, _PARTS_KEPT = 4096, 1 << 18


class Layouts:
    """The layouts asked for last, up to a number of them and of the parts their frames lie in."""

    def __init__(self, most: int, most_parts: int) -> None:
        self._most, self._parts_left = most, most_parts
        self._kept: OrderedDict[str, tuple[Layout, int]] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, key: str) -> Layout | None:
        with self._guard:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def keep(self, key: str, layout: Layout) -> None:
        parts = sum(map(len, layout.encoded))
        with self._guard:
            self._drop(key)
            self._kept[key] = layout, parts
            self._parts_left -= parts
            while self._kept and (len(self._kept) > self._most or self._parts_left < 0):
                self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._parts_left += dropped[1]


_layouts = Layouts(_KEPT, _PARTS_KEPT)


def stored_frame(
    subject: Subject, source: PixelSource, number: int, syntax: str
) -> bytes | LocalSlice | None:
    """The frame, counted from 1, if its stored bytes are what `syntax` asks for; else None.

    A deflated object is left to the decoding processes: what it is when inflated may be a thousand times as large.
    Raises  NotFound if there is no such frame; PixelsUnreadable if there are no pixels.
    """
    if subject.transfer_syntax_uid == DEFLATED:
        return None
    layout = _layout(subject, source)
    extents = layout.extents(number)
    if not _is_as_asked(subject.transfer_syntax_uid, syntax):
        return None
    if len(extents) == 1 and source.local is not None:
        local = source.local
        return LocalSlice(local.path, local.offset + extents[0].start, extents[0].length)
    with source.opened() as data:
        return frame_bytes(data, layout, number)


def _is_as_asked(stored: str, asked: str) -> bool:
    if is_native(stored):
        return asked == EXPLICIT_LITTLE and stored in {EXPLICIT_LITTLE, IMPLICIT_LITTLE}
    return asked == stored


def _layout(subject: Subject, source: PixelSource) -> Layout:
    layout = _layouts.get(subject.storage_key)
    if layout is None:
        with source.opened() as data:
            layout = layout_of(data)
        _layouts.keep(subject.storage_key, layout)
    return layout
