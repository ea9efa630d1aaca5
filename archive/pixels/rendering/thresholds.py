"""Which values of an input are shown at all; the others are treated as padding.

Reference  PS3.3 §C.11.33.1.2 (threshold sequence)
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.grey import number
from archive.pixels.rendering.resampling import Mask

Values = NDArray[np.floating[Any]]
_BY_ONE: dict[str, Callable[[Values, float], Mask]] = {
    "GREATER_OR_EQUAL": operator.ge,
    "LESS_OR_EQUAL": operator.le,
    "GREATER_THAN": operator.gt,
    "LESS_THAN": operator.lt,
}
_BY_TWO = frozenset(["RANGE_INCL", "RANGE_EXCL"])


@dataclass(frozen=True, slots=True)
class Threshold:
    """A comparison with one value, or with the two ends of a range."""

    kind: str
    values: tuple[float, ...]

    def holds(self, measured: Values) -> Mask:
        """Where a value is shown: the ends of a range belong to what is in it, and not to what is outside."""
        if self.kind in _BY_ONE:
            return _BY_ONE[self.kind](measured, self.values[0])
        is_inside = (measured >= min(self.values)) & (measured <= max(self.values))
        return is_inside if self.kind == "RANGE_INCL" else ~is_inside


def thresholds_of(item: Dataset) -> list[Threshold]:
    """Those of an input, of which any may hold. Raises PixelsUnreadable if one cannot be followed."""
    return [_threshold(one) for one in item.get("ThresholdSequence") or ()]


def _threshold(item: Dataset) -> Threshold:
    kind = str(item.get("ThresholdType"))
    values = tuple(
        number(one.get("ThresholdValue"), None) for one in item.get("ThresholdValueSequence") or ()
    )
    count = 2 if kind in _BY_TWO else 1
    if (kind not in _BY_ONE and kind not in _BY_TWO) or len(values) != count or None in values:
        raise unreadable("PRESENTATION_UNSUITED")
    return Threshold(kind, values)
