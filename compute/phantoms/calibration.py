"""A test object for measuring: a water-filled cylinder with inserts whose every number is arithmetic."""

from __future__ import annotations

from compute.phantoms.chest import AIR, BLOOD, CORTICAL, LUNG, calcification
from compute.phantoms.shapes import EVERYWHERE, Cylinder, Ellipsoid, Vector, sphere
from compute.phantoms.truth import Known, Phantom, Structure

TISSUE = 40.0
_VESSELS: tuple[tuple[str, Vector, Vector, float], ...] = (
    ("straight vessel 3 mm", (-30, -30, -25), (-30, -30, 25), 3.0),
    ("straight vessel 6 mm", (-10, -30, -25), (-10, -30, 25), 6.0),
    ("oblique vessel 5 mm", (10, -40, -18), (34, -16, 18), 5.0),
    ("branch trunk 8 mm", (-28, 12, -25), (-28, 12, 0), 8.0),
    ("branch left 5 mm", (-28, 12, 0), (-18, 12, 20), 5.0),
    ("branch right 6 mm", (-28, 12, 0), (-40, 12, 18), 6.0),
)


def calibration(*, seed: int = 0, noise: float = 0.0) -> Phantom:
    """Vessels (straight, oblique, branching), plaques, nodules in lung-like foam, an air hole, a bone rod."""
    body = Ellipsoid((0, 0, 0), (60, 60, EVERYWHERE))
    rod = Cylinder((45, -20, -20), (45, -20, 20), 5.0)
    foam = sphere((24, 26, 0), 40)
    structures = [
        Structure(body, TISSUE, Known("body", "body", TISSUE, (0, 0, 0), diameter_mm=120.0)),
        *(_vessel(*run) for run in _VESSELS),
        Structure(foam, LUNG, Known("foam", "lung", LUNG, foam.center, 40.0, foam.volume_mm3)),
        _ball("nodule 6 mm", "nodule", (18, 26, 4), 6.0, TISSUE),
        _ball("nodule 10 mm", "nodule", (32, 26, -4), 10.0, TISSUE),
        calcification("calcification 3 mm", (0, -5, -15), 3.0, 400.0),
        calcification("calcification 5 mm", (0, -5, 0), 5.0, 400.0),
        calcification("calcification 1 mm", (0, -5, 12), 1.0, 800.0),
        _ball("air", "air", (0, 45, 0), 12.0, AIR),
        Structure(
            rod, CORTICAL, Known("bone rod", "bone", CORTICAL, (45, -20, 0), 10.0, rod.volume_mm3), subsamples=2
        ),
    ]  # fmt: skip
    return Phantom("calibration", "CT", AIR, tuple(structures), noise=noise, seed=seed)


def _vessel(name: str, start: Vector, end: Vector, diameter: float) -> Structure:
    rod = Cylinder(start, end, diameter / 2)
    middle = tuple((a + b) / 2 for a, b in zip(start, end, strict=True))
    axis = tuple((b - a) / rod.length_mm for a, b in zip(start, end, strict=True))
    known = Known(
        name, "vessel", BLOOD, middle, diameter, rod.volume_mm3, rod.length_mm, axis=axis,  # type: ignore[arg-type]
    )  # fmt: skip
    return Structure(rod, BLOOD, known, subsamples=3)


def _ball(name: str, kind: str, center: Vector, diameter: float, value: float) -> Structure:
    solid = sphere(center, diameter)
    return Structure(solid, value, Known(name, kind, value, center, diameter, solid.volume_mm3), subsamples=4)
