"""Frames, also those pydicom does not take: JPEG XL, 12-bit JPEG of all processes, Deflated Image Frames, bits in RLE.

Reference  PS3.5 §A.4.1 (JPEG processes), §8.2.17 (JPEG XL), §A.4.13 (Deflated Image Frame Compression), §G (RLE)
"""

from __future__ import annotations

import zlib
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    JPEG2000,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
# GDCM takes what the others do, but ends the process over some images: it comes last.
_PLUGINS = {
    str(JPEGLSLossless): "pyjpegls", str(JPEGLSNearLossless): "pyjpegls",
    str(JPEG2000Lossless): "pylibjpeg", str(JPEG2000): "pylibjpeg",
}  # fmt: skip
_JPEG_LOSSLESS = frozenset([str(JPEGLossless), str(JPEGLosslessSV1)])
_JPEG_EXTENDED = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 52, 53, 54, 55, 56))
# Lossless, a JPEG packed again, and any other; pydicom does not know their names yet.
JPEG_XL = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (110, 111, 112))
_LARGEST = 1 << 28
_RLE_HEADER = 64


def decoded(image: Dataset, encoded: bytes, *, as_rgb: bool) -> NDArray[Any]:
    """The samples of an image of one frame, `encoded` being its pixels. Raises what its decoder raises."""
    syntax = str(image.file_meta.TransferSyntaxUID)
    if syntax in _JPEG_LOSSLESS and image.get("SamplesPerPixel", 1) == 1:
        return _signed(imagecodecs.jpegsof3_decode(encoded), image)
    if syntax in JPEG_XL:
        return _jpeg_xl(image, encoded)
    try:
        samples: NDArray[Any] = pixel_array(
            image, index=0, as_rgb=as_rgb, decoding_plugin=_PLUGINS.get(syntax, "")
        )
    except (RuntimeError, NotImplementedError, AttributeError, ValueError):
        otherwise = decoded_otherwise(image, encoded)
        if otherwise is None:
            raise
        return otherwise
    return samples


def _signed(samples: NDArray[Any], image: Dataset) -> NDArray[Any]:
    """What was coded as unsigned, with the sign its stored bits have (PS3.5 §8.2.2)."""
    if samples.shape != (image.Rows, image.Columns):
        raise ValueError("the coded image is of another size")
    kind = np.dtype("i1" if image.BitsAllocated <= 8 else "i2")
    if not image.PixelRepresentation:
        return samples.astype(kind.str.replace("i", "u"), copy=False)
    spare = kind.itemsize * 8 - int(image.BitsStored)
    signed: NDArray[Any] = (samples.astype(kind) << spare) >> spare
    return signed


def _jpeg_xl(image: Dataset, encoded: bytes) -> NDArray[Any]:
    """Grey as it was stored; colour is RGB whatever it was coded as."""
    samples: NDArray[Any] = np.asarray(imagecodecs.jpegxl_decode(encoded))
    if image.get("SamplesPerPixel", 1) == 1:
        return _signed(samples, image)
    if samples.shape != (image.Rows, image.Columns, 3):
        raise ValueError("the coded image is of another size")
    return samples


def decoded_otherwise(image: Dataset, encoded: bytes) -> NDArray[Any] | None:
    """The frame's samples by another decoder; None if there is none for its transfer syntax."""
    syntax = str(image.file_meta.TransferSyntaxUID)
    try:
        if syntax in _JPEG_EXTENDED:
            return _shaped(np.asarray(imagecodecs.jpeg8_decode(encoded)), image)
        if syntax == DEFLATED_FRAME:
            packed = zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(encoded, _LARGEST)
            return _native(image, packed)
        if syntax == RLELossless and image.BitsAllocated == 1:
            return _native(image, bytes(imagecodecs.packbits_decode(encoded[_RLE_HEADER:])))
    except (RuntimeError, ValueError, zlib.error):
        return None
    return None


def _shaped(samples: NDArray[Any], image: Dataset) -> NDArray[Any] | None:
    return samples if samples.shape[:2] == (image.Rows, image.Columns) else None


def _native(image: Dataset, pixels: bytes) -> NDArray[Any]:
    native = Dataset()
    native.update(image)
    native.file_meta = FileMetaDataset()
    native.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    native.set_original_encoding(is_implicit_vr=False, is_little_endian=True)
    native.PixelData = pixels + b"\0" * (len(pixels) % 2)
    native["PixelData"].VR = "OW" if image.BitsAllocated > 8 else "OB"
    samples: NDArray[Any] = pixel_array(native, index=0)
    return samples
