"""Colour as RGB of 8 bits: true colour and palettes (PS3.3 §C.7.6.3.1.2, §C.7.9)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut

Colour = NDArray[np.uint8]


def is_colour(header: Dataset) -> bool:
    return (header.get("SamplesPerPixel") or 1) >= 3 or header.get(
        "PhotometricInterpretation"
    ) == "PALETTE COLOR"


def colour_of(header: Dataset, samples: NDArray[Any]) -> Colour:
    """RGB. Decoding has already turned YBR into RGB and planes into pixels."""
    bits = int(header.get("BitsStored") or 8)
    if header.get("PhotometricInterpretation") == "PALETTE COLOR":
        samples = apply_color_lut(samples, header)[..., :3]
        bits = samples.dtype.itemsize * 8
    samples = samples[..., :3]
    if bits > 8:
        samples = samples.astype(np.uint32) >> (bits - 8)
    return np.ascontiguousarray(samples.astype(np.uint8))
