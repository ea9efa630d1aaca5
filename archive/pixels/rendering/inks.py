"""Colours of layers, lines and words in a presentation state, as RGB of 8 bits.

Reference  PS3.3 §C.10.7 (graphic layers), §C.10.7.1.1 (encoding of CIELab); ICC.1 §6.3.4 (PCS, D50)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

Ink = tuple[int, int, int]
WHITE: Ink = (255, 255, 255)
BLACK: Ink = (0, 0, 0)
_D50 = np.array([0.96422, 1.0, 0.82521])
_TO_SRGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)  # from XYZ relative to D50, adapted to the D65 of sRGB (Bradford)


def is_grey(ink: Ink) -> bool:
    return ink[0] == ink[1] == ink[2]


def grey_ink(p_value: int) -> Ink:
    """The P-values of greys have 16 bits (PS3.3 §C.10.7)."""
    grey = min(max(p_value, 0), 0xFFFF) >> 8
    return (grey, grey, grey)


def cielab_ink(values: Any) -> Ink | None:
    """The sRGB colour of three encoded PCS values; None if they are none.

    Units  L* from 0 to 100 and a*, b* from -128 to 127 are each encoded from 0x0000 to 0xFFFF.
    """
    try:
        light, a, b = (float(value) for value in values)
    except (TypeError, ValueError):
        return None
    f_y = (light / 0xFFFF * 100 + 16) / 116
    shares = np.array([f_y + (a / 257 - 128) / 500, f_y, f_y - (b / 257 - 128) / 200])
    linear = _TO_SRGB @ (_D50 * np.where(shares > 6 / 29, shares**3, (shares - 4 / 29) * 3 * (6 / 29) ** 2))
    red, green, blue = (int(value) for value in np.rint(_gamma(np.clip(linear, 0, 1)) * 255))
    return red, green, blue


def _gamma(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)


def layer_inks(state: Dataset) -> dict[str, tuple[int, Ink]]:
    """Order and colour of each graphic layer: the one meant for displays in colour goes before the grey."""
    return {str(layer.get("GraphicLayer")): (_order(layer), _ink(layer)) for layer in _layers(state)}


def _layers(state: Dataset) -> list[Dataset]:
    return list(state.get("GraphicLayerSequence") or ())


def _order(layer: Dataset) -> int:
    return int(layer.get("GraphicLayerOrder") or 0)


def _ink(layer: Dataset) -> Ink:
    coloured = cielab_ink(layer.get("GraphicLayerRecommendedDisplayCIELabValue"))
    if coloured is not None:
        return coloured
    grey = layer.get("GraphicLayerRecommendedDisplayGrayscaleValue")
    return grey_ink(grey) if isinstance(grey, int) else WHITE
