"""Decoded frames in a transfer syntax.

Reference  PS3.5 §8.2, §A.4, §G (RLE); PS3.3 §C.7.6.3.1.2 (photometric interpretation)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import (
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from archive.pixels.errors import unreadable

JPEG_QUALITY = 90
Samples = NDArray[Any]
Encode = Callable[[Samples, Dataset], bytes]


def encoded_frame(samples: Samples, header: Dataset, target: str) -> bytes:
    """One decoded frame, by pixel, in an encapsulated transfer syntax.

    Raises  PixelsUnreadable NOT_TRANSCODABLE where the syntax does not take such samples.
    """
    encode = ENCODERS.get(target)
    if encode is None or samples.dtype.kind not in "iu" or samples.dtype.itemsize > 2:
        raise unreadable("NOT_TRANSCODABLE")
    if header.get("BitsAllocated") == 1:
        raise unreadable("NOT_TRANSCODABLE")
    try:
        return encode(np.ascontiguousarray(samples), header)
    except (RuntimeError, ValueError, NotImplementedError, AttributeError, TypeError) as error:
        raise unreadable("NOT_TRANSCODABLE") from error


def photometric_after(header: Dataset, target: str, photometric: str) -> str:
    """What the encoded samples mean, `photometric` being what the decoded ones do."""
    is_colour = (header.get("SamplesPerPixel") or 1) == 3
    return "YBR_FULL_422" if is_colour and target == JPEGBaseline8Bit else photometric


def _by_pydicom(target: UID, plugin: str) -> Encode:
    def encode(samples: Samples, header: Dataset) -> bytes:
        colour = samples.ndim == 3
        options: dict[str, Any] = {
            "rows": samples.shape[0],
            "columns": samples.shape[1],
            "samples_per_pixel": samples.shape[2] if colour else 1,
            "number_of_frames": 1,
            "bits_allocated": samples.dtype.itemsize * 8,
            "bits_stored": header.get("BitsStored") or samples.dtype.itemsize * 8,
            "pixel_representation": int(samples.dtype.kind == "i"),
            "photometric_interpretation": "RGB" if colour else "MONOCHROME2",
        }
        if colour:
            options["planar_configuration"] = 0
        return bytes(get_encoder(target).encode(samples, encoding_plugin=plugin, **options))

    return encode


def _jpeg2000(samples: Samples, header: Dataset) -> bytes:
    """Reversible, with as many resolutions as the image has room for: small ones have no six."""
    if min(samples.shape[:2]) >= 64:
        return _by_pydicom(JPEG2000Lossless, "pylibjpeg")(samples, header)
    resolutions = max(1, min(samples.shape[:2]).bit_length() - 1)
    return bytes(
        imagecodecs.jpeg2k_encode(
            samples, level=0, codecformat="j2k", reversible=True, resolutions=resolutions, mct=False,
            bitspersample=header.get("BitsStored") or samples.dtype.itemsize * 8,
        )
    )  # fmt: skip


def _htj2k(samples: Samples, _header: Dataset) -> bytes:
    """RPCL with a tile-part table: what the stricter of the two lossless syntaxes asks for (PS3.5 §8.2.14)."""
    return bytes(imagecodecs.htj2k_encode(samples, reversible=True, rgb=False, tlm=True))


def _jpeg_baseline(samples: Samples, header: Dataset) -> bytes:
    if samples.dtype != np.uint8 or (header.get("BitsStored") or 8) != 8:
        raise unreadable("NOT_TRANSCODABLE")
    return bytes(imagecodecs.jpeg8_encode(samples, level=JPEG_QUALITY, subsampling="422"))


def _jpeg_lossless(samples: Samples, header: Dataset) -> bytes:
    """Process 14, predictor 1. Signed samples travel as the unsigned ones of the same bits."""
    bits = int(header.get("BitsStored") or samples.dtype.itemsize * 8)
    if samples.dtype.kind == "i":
        unsigned = np.dtype(f"u{samples.dtype.itemsize}")
        samples = samples.view(unsigned) & np.array((1 << bits) - 1, unsigned)
    colours: dict[str, Any] = {"colorspace": "RGB", "outcolorspace": "RGB"} if samples.ndim == 3 else {}
    return bytes(imagecodecs.jpeg8_encode(samples, lossless=True, predictor=1, bitspersample=bits, **colours))


ENCODERS: dict[str, Encode] = {
    str(RLELossless): _by_pydicom(RLELossless, "pylibjpeg"),
    str(JPEGLSLossless): _by_pydicom(JPEGLSLossless, "pyjpegls"),
    str(JPEG2000Lossless): _jpeg2000,
    str(HTJ2KLossless): _htj2k,
    str(HTJ2KLosslessRPCL): _htj2k,
    str(JPEGBaseline8Bit): _jpeg_baseline,
    str(JPEGLossless): _jpeg_lossless,
    str(JPEGLosslessSV1): _jpeg_lossless,
}
