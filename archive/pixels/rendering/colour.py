"""Colour as RGB of 8 bits: true colour and palettes.

Reference  PS3.3 §C.7.6.3.1.2, §C.7.9 (palettes), §C.7.6.19 and §C.8.16.2.1.1.1 (supplemental palettes), §C.11.15
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut

from archive.pixels.functional_groups import frame_value

Colour = NDArray[np.uint8]
_PALETTE = slice(0x00281100, 0x00281300)
_FRAME_TYPES = ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "XAXRFFrameCharacteristicsSequence")


def is_colour(header: Dataset) -> bool:
    return (header.get("SamplesPerPixel") or 1) >= 3 or header.get(
        "PhotometricInterpretation"
    ) == "PALETTE COLOR"


def colour_of(header: Dataset, samples: NDArray[Any]) -> Colour:
    """RGB. Decoding has already turned YBR into RGB and planes into pixels."""
    if header.get("PhotometricInterpretation") == "PALETTE COLOR":
        return _by_palette(header, samples)
    bits = int(header.get("BitsStored") or 8)
    samples = samples[..., :3]
    if bits > 8:
        samples = samples.astype(np.uint32) >> (bits - 8)
    return np.ascontiguousarray(samples.astype(np.uint8))


def pseudo_colour(palette: Dataset, shares: NDArray[Any]) -> Colour:
    """Shares of white as the colours of a palette, which begins at black and ends at white."""
    return _by_palette(palette, _index(palette, shares))


def colour_shares(palette: Dataset, shares: NDArray[Any]) -> NDArray[np.float64]:
    """As `pseudo_colour`, with shares of red, green and blue: the largest entry there can be is 1 (PS3.4 §N.2.4.2)."""
    colours = apply_color_lut(_index(palette, shares), palette[_PALETTE])[..., :3]
    found: NDArray[np.float64] = colours / np.float64(np.iinfo(colours.dtype).max)
    return found


def has_supplement(header: Dataset, frame: int) -> bool:
    """Whether some of the grey values of a frame are meant as colours."""
    if "RedPaletteColorLookupTableDescriptor" not in header or is_colour(header):
        return False
    said = header.get("PixelPresentation")
    if said == "MIXED":
        return any(
            frame_value(header, frame, group, "PixelPresentation") == "COLOR" for group in _FRAME_TYPES
        )
    return bool(said == "COLOR")


def supplemented(header: Dataset, samples: NDArray[Any], shown: NDArray[np.uint8]) -> Colour:
    """RGB: stored values from the first that is mapped on by the palette, those below it as they are `shown`."""
    first = header.RedPaletteColorLookupTableDescriptor[1]
    colours = _by_palette(header, samples)
    return np.where((samples >= first)[..., None], colours, shown[..., None])


def _index(palette: Dataset, shares: NDArray[Any]) -> NDArray[np.int64]:
    entries, first, _bits = palette.RedPaletteColorLookupTableDescriptor
    index: NDArray[np.int64] = np.rint(shares * ((entries or 1 << 16) - 1)).astype(np.int64) + first
    return index


def _by_palette(holder: Dataset, index: NDArray[Any]) -> Colour:
    """RGB of 8 bits. Palettes have entries of 8 or of 16 bits; pydicom is shown nothing but their elements."""
    colours = apply_color_lut(index, holder[_PALETTE])[..., :3]
    spare = colours.dtype.itemsize * 8 - 8
    return np.ascontiguousarray((colours >> spare if spare else colours).astype(np.uint8))
