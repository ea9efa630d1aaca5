"""Grey pictures of native frames, drawn in the caller's thread: no decoder has a part in them that could stumble.

To hand a frame to another process and to have the picture back costs as much as to look its grey values up. What is
coded, in colour, large, or shown by tables of its own is left to the decoders' processes, and so is every wish but
for a frame, a window and a quality. What is drawn here is byte for byte what they would have drawn.
"""

from __future__ import annotations

import functools
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.filereader import read_dataset

from archive.pixels.encapsulation import Layout, layout_of_walked
from archive.pixels.errors import DECODING_FAILURES, PixelsUnreadable, unreadable
from archive.pixels.rendering.encoding import encoded
from archive.pixels.rendering.grey import GreyScale, grey_scale_of
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.sources import PixelSource
from archive.pixels.walking import Data, Walked, transfer_syntax_of, walk
from archive.pixels.windowing import VoiFunction, Window

MOST_PIXELS = 1 << 20
_KEPT = 4096
_LITTLE_ENDIAN = frozenset(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
_PIXEL_DATA = 0x7FE00010
_DESCRIBING = (
    0x00080016, 0x00280002, 0x00280004, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103,
    0x00280120, 0x00281050, 0x00281051, 0x00281052, 0x00281053, 0x00281056, 0x00286010, 0x20500020,
)  # fmt: skip
# Functional groups, tables, and colours for some of the grey values.
_LEFT_TO_DECODERS = frozenset([0x52009229, 0x52009230, 0x00283000, 0x00283010, 0x00281101, 0x00089205])


@dataclass(frozen=True, slots=True)
class PlainPixels:
    """How the samples of an image lie, and what they mean; the same for most images of a series."""

    kind: np.dtype[Any]
    shape: tuple[int, int]
    unused_bits: int
    representative: int
    grey: GreyScale

    def samples(self, frame: bytes) -> NDArray[Any]:
        """Raises PixelsUnreadable if bytes are missing."""
        if len(frame) < self.shape[0] * self.shape[1] * self.kind.itemsize:
            raise unreadable()
        stored: NDArray[Any] = np.frombuffer(frame, self.kind).reshape(self.shape)
        # What lies beside the stored bits is no part of the sample, and its sign is that of the last one.
        return (stored << self.unused_bits) >> self.unused_bits if self.unused_bits else stored


@dataclass(frozen=True, slots=True)
class PlainImage:
    """A stored object whose frames can be drawn here."""

    layout: Layout
    pixels: PlainPixels

    def picture(self, source: PixelSource, wish: Rendering) -> bytes:
        """Raises NotFound, PixelsUnreadable."""
        pixels, grey = self.pixels, self.pixels.grey
        (extent,) = self.layout.extents(wish.frames[0] if wish.frames else self._representative)
        samples = pixels.samples(source.part(extent.start, extent.length))
        if wish.window is not None:
            grey = grey.with_window(Window(*wish.window), VoiFunction(wish.function))
        return encoded([grey.shown(samples)], wish.format, quality=wish.quality, profile=None)

    @property
    def _representative(self) -> int:
        named = self.pixels.representative
        return named if 1 <= named <= self.layout.number_of_frames else 1


def plain_picture(source: PixelSource, wish: Rendering) -> bytes | None:
    """The picture as a JPEG image; None if it is for the decoders to draw.

    Raises  NotFound for a frame or object that is not there; PixelsUnreadable if bytes are missing.
    """
    if not _is_plain(wish):
        return None
    image = _images.of(source)
    return None if image is None else image.picture(source, wish)


def plain_image(data: Data) -> PlainImage | None:
    """What there is to know of the object; None if it is for the decoders to draw, or to refuse."""
    try:
        if transfer_syntax_of(data) not in _LITTLE_ENDIAN:
            return None
        walked = walk(data)
        layout = layout_of_walked(walked)
    except PixelsUnreadable:
        return None
    if walked.tag != _PIXEL_DATA or layout.is_encapsulated or not _LEFT_TO_DECODERS.isdisjoint(walked.spans):
        return None
    pixels = _plain_pixels(_described(walked), is_implicit=walked.encoding.is_implicit)
    return None if pixels is None else PlainImage(layout, pixels)


class PlainImages:
    """What is known of the objects asked for last; None of those that are for the decoders."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, int, int], PlainImage | None] = OrderedDict()
        self._guard = threading.Lock()

    def of(self, source: PixelSource) -> PlainImage | None:
        """Raises NotFound if the object is not there."""
        local = source.local
        if local is None:
            return plain_image(source.data)
        key = str(local.path), local.offset, local.length
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with source.opened() as data:
            image = plain_image(data)
        with self._guard:
            self._kept[key] = image
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return image


_images = PlainImages(_KEPT)


def _is_plain(wish: Rendering) -> bool:
    is_as_it_is = wish.size is None and wish.region is None and wish.presentation is None
    return wish.format == "JPEG" and is_as_it_is and not (wish.annotations or wish.with_profile)


def _described(walked: Walked) -> bytes:
    """The elements that describe the pixels, as they are encoded."""
    spans = [walked.spans[tag] for tag in _DESCRIBING if tag in walked.spans]
    return b"".join([bytes(walked.data[start:end]) for start, end in spans])


@functools.lru_cache(1024)
def _plain_pixels(described: bytes, *, is_implicit: bool) -> PlainPixels | None:
    """What elements say, once for all the images of a series that say the same; None if it is not plain."""
    try:
        header = read_dataset(io.BytesIO(described), is_implicit_VR=is_implicit, is_little_endian=True)
        return _pixels_of(header)
    except DECODING_FAILURES:
        return None


def _pixels_of(header: Dataset) -> PlainPixels | None:
    allocated, stored, sign = header.BitsAllocated, header.BitsStored, header.PixelRepresentation
    is_plain = (
        header.SamplesPerPixel == 1
        and header.PhotometricInterpretation in {"MONOCHROME1", "MONOCHROME2"}
        and allocated in {8, 16}
        and 1 <= stored <= allocated
        and sign in {0, 1}
        and 0 < header.Rows * header.Columns <= MOST_PIXELS
    )
    if not is_plain:
        return None
    named = header.get("RepresentativeFrameNumber")
    return PlainPixels(
        kind=np.dtype(f"<{'ui'[sign]}{allocated // 8}"),
        shape=(header.Rows, header.Columns),
        unused_bits=allocated - stored,
        representative=named if isinstance(named, int) else 1,
        grey=grey_scale_of(header, 1),
    )
