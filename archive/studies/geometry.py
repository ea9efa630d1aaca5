"""What the positions of a series' slices say: spacing, gaps, overlaps, duplicates, tilt, one volume or not.

Everything is measured from Image Position and Image Orientation (Patient). Slice Thickness is never asked:
it tells how thick a slice is, not how far the next one lies, and vendors fill it as they like.

Reference  PS3.3 §C.7.6.2.1.1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float64]

SAME_PLACE_MM = 0.01
SAME_DIRECTION = 1e-3
GAP = 1.5
OVERLAP = 0.5
UNEVEN = 0.1
TILT_DEGREES = 0.5
_PLANES = ("sagittal", "coronal", "axial")


@dataclass(frozen=True, slots=True)
class Slice:
    """Where one instance lies. Units: mm, LPS; orientation is row direction, then column direction."""

    position: Sequence[float] | None
    orientation: Sequence[float] | None
    pixel_spacing: Sequence[float] | None = None
    rows: int | None = None
    columns: int | None = None
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Geometry:
    """Measured facts of a series.

    `spacing_mm` is the median distance of neighbouring positions along the normal; `gaps` and `overlaps`
    count neighbours further than 1.5 and nearer than 0.5 of it, `missing_slices` how many would fill the
    gaps; `duplicates` counts positions taken more than once. `reason` says why it is no volume.
    """

    slices: int
    spacing_mm: float | None = None
    pixel_spacing_mm: list[float] | None = None
    extent_mm: float | None = None
    gaps: int = 0
    missing_slices: int = 0
    overlaps: int = 0
    duplicates: int = 0
    tilt_degrees: float = 0.0
    orientation: str = ""
    is_mixed: bool = False
    is_volume: bool = False
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure_geometry(slices: Sequence[Slice]) -> Geometry:
    """The geometry of a series from where its slices lie, in any order."""
    count = len(slices)
    placed = [item for item in slices if item.position is not None and item.orientation is not None]
    if any(item.frames > 1 for item in slices):
        return Geometry(slices=count, reason="Multi-frame objects carry their positions frame by frame.")
    if not placed:
        return Geometry(slices=count, reason="The instances carry no positions.")
    directions = np.array([item.orientation for item in placed], dtype=np.float64)
    if np.abs(directions - directions[0]).max() > SAME_DIRECTION:
        return Geometry(slices=count, is_mixed=True, reason="The slices lie in different planes.")
    normal = normal_of(directions[0])
    if normal is None:
        return Geometry(slices=count, reason="The orientation is no pair of perpendicular directions.")
    return _measure(slices, placed, normal)


def normal_of(orientation: Sequence[float] | Vectors) -> Vectors | None:
    """The unit normal of a slice; None unless row and column directions are perpendicular."""
    row, column = np.asarray(orientation[:3], np.float64), np.asarray(orientation[3:], np.float64)
    normal = np.cross(row, column)
    length = float(np.linalg.norm(normal))
    product = float(np.linalg.norm(row) * np.linalg.norm(column))
    if product == 0 or length < 0.99 * product:
        return None
    return np.asarray(normal / length, np.float64)


def order_along_normal(slices: Sequence[Slice]) -> list[int]:
    """Indices of the slices sorted along the normal of the first; without positions, as they are."""
    placed = [item for item in slices if item.position is not None and item.orientation is not None]
    normal = normal_of(placed[0].orientation or ()) if placed and len(placed) == len(slices) else None
    if normal is None:
        return list(range(len(slices)))
    distances = np.array([item.position for item in placed], np.float64) @ normal
    return [int(index) for index in np.argsort(distances, kind="stable")]


def _measure(slices: Sequence[Slice], placed: Sequence[Slice], normal: Vectors) -> Geometry:
    positions = np.array([item.position for item in placed], dtype=np.float64)
    distances = positions @ normal
    order = np.argsort(distances, kind="stable")
    steps = np.diff(distances[order])
    apart = steps[steps > SAME_PLACE_MM]
    duplicates = len(steps) - len(apart)
    plane = _PLANES[int(np.abs(normal).argmax())] if np.abs(normal).max() > 0.8 else "oblique"
    facts: dict[str, Any] = {
        "slices": len(slices),
        "pixel_spacing_mm": _shared([item.pixel_spacing for item in placed]),
        "duplicates": duplicates,
        "orientation": plane,
    }
    if not len(apart):
        reason = "One position only." if len(placed) > 1 else "One slice only."
        return Geometry(**facts, reason=reason)
    spacing = float(np.median(apart))
    wide = apart[apart > GAP * spacing]
    facts |= {
        "spacing_mm": round(spacing, 4),
        "extent_mm": round(float(distances[order[-1]] - distances[order[0]]), 3),
        "gaps": len(wide),
        "missing_slices": int(np.maximum(np.rint(wide / spacing) - 1, 1).sum()),
        "overlaps": int((apart < OVERLAP * spacing).sum()),
        "tilt_degrees": _tilt(positions[order], normal),
    }
    reason = _why_no_volume(facts, slices, placed, uneven=bool((np.abs(apart / spacing - 1) > UNEVEN).any()))
    return Geometry(**facts, is_volume=not reason, reason=reason)


def _tilt(positions: Vectors, normal: Vectors) -> float:
    """The angle between the line of the slices' origins and the normal (gantry tilt), in degrees."""
    line = positions[-1] - positions[0]
    along = float(line @ normal)
    across = float(np.linalg.norm(line - along * normal))
    return round(float(np.degrees(np.arctan2(across, abs(along)))), 2)


def _why_no_volume(
    facts: dict[str, Any], slices: Sequence[Slice], placed: Sequence[Slice], *, uneven: bool
) -> str:
    """The first thing that keeps the slices from being one rectangular volume; empty if nothing does."""
    sizes = {(item.rows, item.columns) for item in placed}
    return next(
        (
            sentence
            for holds, sentence in (
                (len(placed) < len(slices), "Some instances carry no position."),
                (len(sizes) > 1, "The slices differ in their matrix."),
                (facts["pixel_spacing_mm"] is None, "The slices have no pixel spacing in common."),
                (facts["duplicates"], "Some positions are taken more than once."),
                (facts["gaps"], "There are gaps between the slices."),
                (facts["overlaps"], "Some slices lie too near to each other."),
                (uneven, "The distances between the slices are uneven."),
                (facts["tilt_degrees"] > TILT_DEGREES, "The slices are sheared by a tilted gantry."),
            )
            if holds
        ),
        "",
    )


def _shared(values: Sequence[Sequence[float] | None]) -> list[float] | None:
    """The value all slices share to within a hundredth of a per cent; None if they do not."""
    first = values[0]
    if first is None or any(value is None for value in values):
        return None
    array = np.array(values, np.float64)
    if np.abs(array - array[0]).max() > 1e-4 * np.abs(array[0]).max():
        return None
    return [float(part) for part in first]


def judge_thin_slice(geometry: Geometry, *, threshold_mm: float) -> tuple[bool | None, str]:
    """Whether a series is thin-slice, and the sentence that says why; None where nothing can be measured."""
    if geometry.is_mixed:
        return False, "The slices lie in different planes."
    if geometry.spacing_mm is None:
        return None, geometry.reason
    relation = "within" if geometry.spacing_mm <= threshold_mm else "above"
    return (
        geometry.spacing_mm <= threshold_mm,
        f"Measured spacing {geometry.spacing_mm:g} mm is {relation} the limit of {threshold_mm:g} mm.",
    )
