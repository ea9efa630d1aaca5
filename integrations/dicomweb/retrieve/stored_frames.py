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

_KEPT = 4096
_layouts: OrderedDict[str, Layout] = OrderedDict()
_guard = threading.Lock()


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
    key = subject.storage_key
    with _guard:
        layout = _layouts.get(key)
        if layout is not None:
            _layouts.move_to_end(key)
            return layout
    with source.opened() as data:
        layout = layout_of(data)
    with _guard:
        _layouts[key] = layout
        if len(_layouts) > _KEPT:
            _layouts.popitem(last=False)
    return layout
