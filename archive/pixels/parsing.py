"""An object as a decoder's process holds it: its header parsed once, its frames found and taken one at a time."""

from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from archive.pixels.decoding import decoded
from archive.pixels.encapsulation import Layout, frame_bytes, layout_of_walked
from archive.pixels.errors import DECODING_FAILURES, unreadable
from archive.pixels.walking import Data, Walked, walk

MAX_FRAME_BYTES = 256 * 1024 * 1024
_KEPT = 8
_OFFSET_TABLES = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
_NATIVE = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}


@dataclass(frozen=True, slots=True)
class ParsedObject:
    """The header (everything before the pixel data), and where the frames lie."""

    header: Dataset
    layout: Layout
    pixels: str

    def single(self, data: Data, frame: int) -> Dataset:
        """An image of its own with one frame's pixel data, and what describes pixels of the header."""
        encoded = frame_bytes(data, self.layout, frame)
        image = Dataset()
        image.update(self.header.group_dataset(0x0028))
        image.file_meta = self.header.file_meta
        image.set_original_encoding(*self.header.original_encoding)
        image.NumberOfFrames = 1
        setattr(image, self.pixels, encapsulate([encoded], has_bot=False) if self.is_encoded else encoded)
        image[self.pixels].VR = _vr(image, self.pixels, is_encoded=self.is_encoded)
        image[self.pixels].is_undefined_length = self.is_encoded
        return image

    @property
    def is_encoded(self) -> bool:
        return self.layout.is_encapsulated

    def samples(self, data: Data, frame: int, *, as_rgb: bool = True) -> NDArray[Any]:
        """The frame decoded: (rows, columns) or (rows, columns, 3), planes turned into pixels, and YBR into RGB.

        Raises  PixelsUnreadable, NotFound.
        """
        self.check_size()
        image = self.single(data, frame)
        encoded = frame_bytes(data, self.layout, frame) if self.is_encoded else image[self.pixels].value
        try:
            return decoded(image, encoded, as_rgb=as_rgb)
        except DECODING_FAILURES as error:
            raise unreadable() from error

    def words(self, data: Data, frame: int) -> NDArray[np.uint16] | None:
        """The words of 16 bits a native frame lies in, with the bits beside its samples; None of any other."""
        header = self.header
        if self.is_encoded or header.get("BitsAllocated") != 16 or (header.get("SamplesPerPixel") or 1) != 1:
            return None
        order = "<" if header.original_encoding[1] else ">"
        words = np.frombuffer(frame_bytes(data, self.layout, frame), f"{order}u2")
        return words.reshape(header.Rows, header.Columns).astype(np.uint16)

    def check_size(self) -> None:
        """Raises PixelsUnreadable for a frame beyond any image."""
        rows, columns = self.header.get("Rows") or 0, self.header.get("Columns") or 0
        samples, bits = self.header.get("SamplesPerPixel") or 1, self.header.get("BitsAllocated") or 8
        if not 0 < rows * columns * samples * bits / 8 <= MAX_FRAME_BYTES:
            raise unreadable("PIXELS_TOO_LARGE")


class ParsedObjects:
    """The objects parsed last: an enhanced image is parsed once and not for every frame of it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, ParsedObject] = OrderedDict()

    def get(self, data: Data, key: str) -> ParsedObject:
        """The object of these bytes; `key` names the bytes, and empty keeps nothing. Raises PixelsUnreadable."""
        found = self._kept.get(key)
        if found is None:
            found = parse(data)
            if key and not found.layout.is_deflated:
                self._kept[key] = found
        if key in self._kept:
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found


def parse(data: Data) -> ParsedObject:
    """Raises PixelsUnreadable: NOT_AN_IMAGE if the object has no pixel data."""
    walked = walk(data)
    return ParsedObject(_header(walked), layout_of_walked(walked), _NATIVE[walked.tag])


def _header(walked: Walked) -> Dataset:
    encoded = io.BytesIO(bytes(walked.data[walked.data_set : walked.element]))
    header = read_dataset(
        encoded, is_implicit_VR=walked.encoding.is_implicit, is_little_endian=walked.encoding.order == "<"
    )
    for keyword in _OFFSET_TABLES:
        if keyword in header:
            del header[keyword]
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(walked.transfer_syntax_uid)
    header.file_meta = meta
    header.set_original_encoding(walked.encoding.is_implicit, walked.encoding.order == "<")
    return header


def _vr(image: Dataset, pixels: str, *, is_encoded: bool) -> str:
    if pixels != "PixelData":
        return "OF" if pixels == "FloatPixelData" else "OD"
    return "OB" if is_encoded or (image.get("BitsAllocated") or 8) <= 8 else "OW"
