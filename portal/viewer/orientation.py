"""Which way the edges of a picture look: R L A P H F (PS3.3 §C.7.6.1.1.1 names the letters)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_OPPOSITE = str.maketrans("RLAPHF", "LRPAFH")
_TOWARDS = ("RL", "AP", "FH")  # negative and positive of x, y, z in the patient (LPS)
_SHOWN_ABOVE = 0.25


@dataclass(frozen=True, slots=True)
class EdgeLetters:
    """The letters at the four edges, the main direction first: `LA` looks left and somewhat anterior."""

    left: str
    right: str
    top: str
    bottom: str


def edge_letters(orientation: Any) -> EdgeLetters | None:
    """Letters from Image Orientation (Patient); None where the header does not say.

    Convention  the first three cosines run along a row to the right edge, the last three down a column.
    """
    try:
        cosines = [float(value) for value in orientation]
    except (TypeError, ValueError):
        return None
    if len(cosines) != 6:
        return None
    right, bottom = direction_letters(cosines[:3]), direction_letters(cosines[3:])
    if not right or not bottom:
        return None
    return EdgeLetters(right.translate(_OPPOSITE), right, bottom.translate(_OPPOSITE), bottom)


def direction_letters(vector: list[float]) -> str:
    """The letters of a direction in the patient, the larger part first, small parts left out."""
    parts = sorted(zip(vector, _TOWARDS, strict=True), key=lambda part: -abs(part[0]))
    return "".join(pair[value > 0] for value, pair in parts if abs(value) > _SHOWN_ABOVE)
