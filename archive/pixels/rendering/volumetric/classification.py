"""From what an input shows to colours and opacity.

Shapes     shares (...); colours and opacity (..., 4), from 0 to 1. Where an input is not, all four are 0.
Reference  PS3.3 §C.11.27.1 (RGB LUT transfer function), §C.11.27.2 (classification components), PS3.4 §FF.2.3.3
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.colour import colour_shares
from archive.pixels.rendering.tables import Table, Values, table_of
from archive.pixels.rendering.volumetric.refusals import refused
from archive.pixels.rendering.volumetric.voxels import Shares

Colours = NDArray[np.float64]
_OF_ALPHA = frozenset([0x00281104, 0x00281204, 0x00281224])


@dataclass(frozen=True, slots=True)
class Classification:
    """One component. Without a `palette` an input is grey; `alpha` is its opacity, by itself or by a table.

    `is_opaque` is one that says nothing of opacity. Shapes  palette (entries, 3).
    """

    input_number: int
    palette: Colours | None
    alpha: Table | None
    is_opaque: bool

    def opacity(self, shares: Shares) -> Values:
        """Shapes  (...)."""
        is_there = np.isfinite(shares)
        if self.is_opaque:
            return is_there.astype(np.float64)
        values = np.where(is_there, shares, 0).astype(np.float64)
        return values if self.alpha is None else self.alpha.of_shares(values) * is_there

    def tones(self, shares: Shares) -> Colours:
        """Shares of red, green and blue. Shapes  (..., 3)."""
        values = np.nan_to_num(shares).astype(np.float64)
        if self.palette is None:
            return np.repeat(values[..., None], 3, axis=-1)
        made: Colours = self.palette[np.rint(values * (len(self.palette) - 1)).astype(np.int64)]
        return made * np.isfinite(shares)[..., None]

    def colours(self, shares: Shares) -> Colours:
        return np.concatenate([self.tones(shares), self.opacity(shares)[..., None]], axis=-1)


def classification_of(item: Dataset) -> Classification:
    """Raises PixelsUnreadable: VOLUMETRIC_COMPONENT, VOLUMETRIC_ALPHA; PRESENTATION_UNSUITED."""
    if item.get("ComponentType") == "TWO_TO_RGBA":
        raise refused("VOLUMETRIC_COMPONENT")
    inputs = list(item.get("ComponentInputSequence") or ())
    if item.get("ComponentType") != "ONE_TO_RGBA" or len(inputs) != 1:
        raise unreadable("PRESENTATION_UNSUITED")
    kind = item.get("AlphaLUTTransferFunction")
    return Classification(
        input_number=int(inputs[0].get("VolumetricPresentationInputIndex") or 0),
        palette=_palette(item),
        alpha=_alpha(item) if kind == "TABLE" else None,
        is_opaque=_is_opaque(kind),
    )


def _palette(item: Dataset) -> Colours | None:
    kind = item.get("RGBLUTTransferFunction")
    if kind == "EQUAL_RGB":
        return None
    if kind != "TABLE" or "RedPaletteColorLookupTableDescriptor" not in item:
        raise unreadable("PRESENTATION_UNSUITED")
    # The opacity has a table of its own, which need not be as long.
    palette = Dataset({element.tag: element for element in item if element.tag not in _OF_ALPHA})
    entries = int(palette.RedPaletteColorLookupTableDescriptor[0]) or 1 << 16
    return colour_shares(palette, np.linspace(0, 1, entries))


def _is_opaque(kind: object) -> bool:
    if kind not in {"NONE", "IDENTITY", "TABLE"}:
        raise refused("VOLUMETRIC_ALPHA")
    return kind == "NONE"


def _alpha(item: Dataset) -> Table:
    if "AlphaPaletteColorLookupTableData" not in item:
        raise refused("VOLUMETRIC_ALPHA")
    table = Dataset()
    table.LUTDescriptor = list(item.AlphaPaletteColorLookupTableDescriptor)
    table["LUTDescriptor"].VR = "US"
    table.LUTData = item.AlphaPaletteColorLookupTableData
    return table_of(table)
