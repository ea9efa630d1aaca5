"""Where the frames of a stored object lie, without decoding any: of native and of encapsulated pixel data.

    layout = layout_of(data)                # data: the Part 10 object, bytes or a memoryview of a mapped file
    layout.extents(1)                       # parts of the first frame in the object, in order; () if bits are packed
    frame_bytes(data, layout, 1)            # its bytes: encoded as they lie, or native in the object's byte order

Reference  PS3.5 §8.2 (native and encapsulated), §A.4 (fragments, Basic Offset Table), PS3.3 §C.7.6.3.1.8 (extended)
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from archive.pixels.errors import unreadable
from archive.pixels.walking import (
    BITS_ALLOCATED,
    COLUMNS,
    FRAMES,
    LENGTHS,
    OFFSETS,
    PHOTOMETRIC,
    ROWS,
    SAMPLES,
    UNDEFINED,
    Data,
    Walked,
    walk,
)
from archive.studies.header import DEFLATED

_ITEM, _END = 0xFFFEE000, 0xFFFEE0DD
_MOST_FRAGMENTS = 1 << 20
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")  # a JPEG or JPEG-LS image, a JPEG 2000 codestream


@dataclass(frozen=True, slots=True)
class Extent:
    """A part of an object: where it starts, and how long it is."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the frames lie.

    `header_end` is where the pixel data element starts. A deflated object has no extents in its stored bytes, and
    neither has a native frame of which bytes are shared with a neighbour (one bit a pixel), or lie in big endian
    words (samples of 8 bits, PS3.5 §7.3).
    """

    transfer_syntax_uid: str
    is_encapsulated: bool
    is_deflated: bool
    header_end: int
    number_of_frames: int
    frame_bits: int
    start: int
    length: int
    has_swapped_bytes: bool = False
    encoded: Sequence[tuple[Extent, ...]] = ()

    def extents(self, frame: int) -> tuple[Extent, ...]:
        """The parts of one frame, counted from 1. Raises NotFound NO_SUCH_FRAME."""
        if not 1 <= frame <= self.number_of_frames:
            raise unreadable("NO_SUCH_FRAME")
        if self.is_deflated or self.has_swapped_bytes or (self.frame_bits % 8 and not self.is_encapsulated):
            return ()
        if self.is_encapsulated:
            return self.encoded[frame - 1]
        size = self.frame_bits // 8
        return (Extent(self.start + (frame - 1) * size, size),)


def layout_of(data: Data) -> Layout:
    """Where the frames of an object lie. Raises PixelsUnreadable if it has no pixel data, or damaged ones."""
    return layout_of_walked(walk(data))


def layout_of_walked(walked: Walked) -> Layout:
    """As `layout_of`, after the walk."""
    count = max(1, walked.integer(FRAMES))
    try:
        encoded = _encoded_frames(walked, count) if walked.length == UNDEFINED else ()
    except struct.error as error:
        raise unreadable() from error
    bits = _frame_bits(walked)
    if walked.length != UNDEFINED:
        count = _frames_there(walked, bits, count)
    return Layout(
        transfer_syntax_uid=walked.transfer_syntax_uid,
        is_encapsulated=walked.length == UNDEFINED,
        is_deflated=walked.transfer_syntax_uid == DEFLATED,
        header_end=walked.element,
        number_of_frames=len(encoded) or count,
        frame_bits=bits,
        start=walked.value,
        length=walked.length,
        has_swapped_bytes=_has_swapped_bytes(walked),
        encoded=encoded,
    )


def frame_bytes(data: Data, layout: Layout, frame: int) -> bytes:
    """One frame, counted from 1: encoded as it lies, or native; packed bits start at a byte of their own.

    Raises  NotFound, PixelsUnreadable.
    """
    extents = layout.extents(frame)
    if extents:
        return b"".join([bytes(data[part.start : part.start + part.length]) for part in extents])
    if layout.is_deflated:
        data = walk(data).data
    if layout.has_swapped_bytes:
        return _unswapped(data, layout, frame)
    first = (frame - 1) * layout.frame_bits
    start, shift = layout.start + first // 8, first % 8
    stop = layout.start + (first + layout.frame_bits + 7) // 8
    return _shifted(bytes(data[start:stop]), shift, layout.frame_bits)


def _unswapped(data: Data, layout: Layout, frame: int) -> bytes:
    """Bytes out of big endian words: of each pair, the second is the first."""
    first, size = (frame - 1) * layout.frame_bits // 8, layout.frame_bits // 8
    start, stop = first - first % 2, first + size + (first + size) % 2
    words = bytearray(data[layout.start + start : layout.start + stop])
    words[::2], words[1::2] = words[1::2], words[::2]
    return bytes(words[first - start : first - start + size])


def _has_swapped_bytes(walked: Walked) -> bool:
    is_words = walked.encoding.order == ">" and walked.vr == b"OW" and walked.length != UNDEFINED
    return is_words and walked.number(BITS_ALLOCATED, 8) == 8


def _shifted(packed: bytes, shift: int, bits: int) -> bytes:
    """Bits from `shift` on, the least significant of a byte being the first (PS3.5 §8.1.1)."""
    whole = int.from_bytes(packed, "little") >> shift
    return (whole & ((1 << bits) - 1)).to_bytes((bits + 7) // 8, "little") if bits % 8 or shift else packed


def _frame_bits(walked: Walked) -> int:
    """How many bits a native frame takes. YBR_FULL_422 has two samples a pixel (PS3.3 §C.7.6.3.1.2)."""
    pixels = walked.number(ROWS) * walked.number(COLUMNS)
    samples = walked.number(SAMPLES, 1)
    if samples == 3 and walked.values.get(PHOTOMETRIC, b"").strip(b" \0") == b"YBR_FULL_422":
        samples = 2
    return pixels * samples * walked.number(BITS_ALLOCATED, 8)


def _frames_there(walked: Walked, bits: int, said: int) -> int:
    """Frames that are there whole. Raises PixelsUnreadable if not even one is."""
    there = walked.length * 8 // bits if bits else 0
    if there == 0:
        raise unreadable()
    return min(said, there)


def _encoded_frames(walked: Walked, count: int) -> list[tuple[Extent, ...]]:
    table, fragments = _fragments(walked)
    if not fragments:
        raise unreadable()
    if count == 1:
        return [tuple(fragments)]
    if len(fragments) == count:
        return [(fragment,) for fragment in fragments]
    first = fragments[0].start - 8
    extended = _extended(walked, first)
    if extended:
        return extended
    starts = [first + offset for offset in table] if len(table) == count else _codestreams(walked, fragments)
    return _grouped(fragments, starts)


def _fragments(walked: Walked) -> tuple[list[int], list[Extent]]:
    """The Basic Offset Table, which may be empty, and every fragment behind it (PS3.5 §A.4)."""
    data, at = walked.data, walked.value
    items: list[Extent] = []
    while at + 8 <= len(data):
        group, element, length = struct.unpack_from("<HHL", data, at)
        if group << 16 | element == _END:
            break
        if group << 16 | element != _ITEM or length == UNDEFINED or len(items) > _MOST_FRAGMENTS:
            raise unreadable()
        items.append(Extent(at + 8, min(length, len(data) - at - 8)))
        at += 8 + length
    if not items:
        return [], []
    table = items[0]
    count = table.length // 4
    return list(struct.unpack_from(f"<{count}L", data, table.start)), items[1:]


def _extended(walked: Walked, first: int) -> list[tuple[Extent, ...]]:
    """Frames by the Extended Offset Table: one fragment a frame."""
    offsets, lengths = walked.values.get(OFFSETS, b""), walked.values.get(LENGTHS, b"")
    if not offsets or len(offsets) != len(lengths):
        return []
    count = len(offsets) // 8
    pairs = zip(struct.unpack(f"<{count}Q", offsets), struct.unpack(f"<{count}Q", lengths), strict=True)
    return [(Extent(first + offset + 8, length),) for offset, length in pairs]


def _codestreams(walked: Walked, fragments: Sequence[Extent]) -> list[int]:
    """Where frames start, told by their first bytes: for who sent fragments and no table."""
    starts = [
        part.start - 8
        for part in fragments
        if bytes(walked.data[part.start : part.start + 4]).startswith(_STARTS)
    ]
    return starts or [fragments[0].start - 8]


def _grouped(fragments: Sequence[Extent], starts: Sequence[int]) -> list[tuple[Extent, ...]]:
    """Fragments by the frame they belong to. `starts` are those of the items in which frames begin."""
    bounds = pairwise([*starts, fragments[-1].start + fragments[-1].length])
    return [tuple(part for part in fragments if low <= part.start - 8 < high) for low, high in bounds]
