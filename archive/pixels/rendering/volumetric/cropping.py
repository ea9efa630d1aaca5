"""Which parts of a volume a state leaves in: boxes along the volume's axes, and what oblique planes enclose.

Conventions  points in mm, in the coordinates of the state (VPS-RCS); indices of the volume's lattice.
Reference    PS3.3 §C.11.23.5, §C.11.24 (volume cropping), §C.11.24.1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.volumetric.numbers import vector
from archive.pixels.rendering.volumetric.refusals import refused

MOST_CROPS = 64
_ROUNDING = 1e-6
_OBLIQUE = frozenset(["OBLIQUE_PLANES", "OBLIQUE"])  # the module's table has both words


@dataclass(frozen=True, slots=True)
class Box:
    """What is left in lies between two opposite corners. Shapes  (2, 3)."""

    corners: Numbers


@dataclass(frozen=True, slots=True)
class HalfSpace:
    """What is left in lies where `slope` @ point + `offset` is not above 0."""

    slope: Numbers
    offset: float

    def keeps(self, points: Numbers) -> NDArray[np.bool_]:
        kept: NDArray[np.bool_] = points @ self.slope + self.offset <= _ROUNDING
        return kept


Crop = Box | HalfSpace


def crops_of(state: Dataset, item: Dataset) -> tuple[Crop, ...]:
    """Those of one input: the ones for all of them, and its own. Each takes something away.

    Raises  PixelsUnreadable: VOLUMETRIC_CROP for segmentations; PRESENTATION_UNSUITED.
    """
    held = {one.get("CroppingSpecificationNumber"): one for one in state.get("VolumeCroppingSequence") or ()}
    wanted = [
        *_named(state, "GlobalCrop", "GlobalCroppingSpecificationIndex"),
        *_named(item, "Crop", "CroppingSpecificationIndex"),
    ]
    if not all(number in held for number in wanted):
        raise unreadable("PRESENTATION_UNSUITED")
    found = tuple(crop for number in wanted for crop in _crops(held[number]))
    if len(found) > MOST_CROPS:
        raise unreadable("PRESENTATION_UNSUITED")
    return found


def _named(item: Dataset, switch: str, keyword: str) -> list[int]:
    if item.get(switch) != "YES":
        return []
    value = item.get(keyword)
    found = [value] if isinstance(value, int) else [int(one) for one in value or ()]
    if not found:
        raise unreadable("PRESENTATION_UNSUITED")
    return found


def _crops(item: Dataset) -> Sequence[Crop]:
    method = item.get("VolumeCroppingMethod")
    if method == "BOUNDING_BOX":
        return [Box(vector(item, "BoundingBoxCrop", 6).reshape(2, 3))]
    if method not in _OBLIQUE:
        raise refused("VOLUMETRIC_CROP")
    planes = item.get("ObliqueCroppingPlaneSequence") or ()
    if not planes:
        raise unreadable("PRESENTATION_UNSUITED")
    return [_half_space(one) for one in planes]


def _half_space(item: Dataset) -> HalfSpace:
    """The normal points out of what is left in; the equation of the plane may be written the other way round."""
    plane, outwards = vector(item, "Plane", 4), vector(item, "PlaneNormal")
    length, along = float(np.linalg.norm(plane[:3])), float(plane[:3] @ outwards)
    if length == 0 or along == 0:
        raise unreadable("PRESENTATION_UNSUITED")
    scale = np.sign(along) / length
    return HalfSpace(plane[:3] * scale, float(plane[3] * scale))
