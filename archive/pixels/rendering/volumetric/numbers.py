"""Numbers of a state that a view cannot be without."""

from __future__ import annotations

import numpy as np
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.grey import number
from archive.pixels.rendering.planes import Numbers

_FARTHEST_MM = 1e5
_LEAST_LENGTH = 1e-6


def vector(item: Dataset, keyword: str, count: int = 3) -> Numbers:
    """Raises PixelsUnreadable PRESENTATION_UNSUITED if it is not so many numbers of a patient's size."""
    try:
        found = np.array([float(value) for value in item.get(keyword) or ()])
    except (TypeError, ValueError) as error:
        raise unreadable("PRESENTATION_UNSUITED") from error
    if found.shape != (count,) or not (np.abs(found) <= _FARTHEST_MM).all():
        raise unreadable("PRESENTATION_UNSUITED")
    return found


def direction(item: Dataset, keyword: str) -> Numbers:
    """A vector of length 1. Raises as `vector`, also if it has no direction."""
    return unit(vector(item, keyword))


def unit(found: Numbers) -> Numbers:
    length = float(np.linalg.norm(found))
    if length < _LEAST_LENGTH:
        raise unreadable("PRESENTATION_UNSUITED")
    return found / length


def length_mm(item: Dataset, keyword: str) -> float:
    """A number above 0. Raises as `vector`."""
    found = number(item.get(keyword), None)
    if found is None or not 0 < found <= _FARTHEST_MM:
        raise unreadable("PRESENTATION_UNSUITED")
    return float(found)


def share(item: Dataset, keyword: str, default: float | None = None) -> float:
    """A number from 0 to 1. Raises as `vector`."""
    found = number(item.get(keyword), default)
    if found is None or not 0 <= found <= 1:
        raise unreadable("PRESENTATION_UNSUITED")
    return float(found)
