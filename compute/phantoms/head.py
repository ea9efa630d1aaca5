"""A T1-weighted MR of a head: bright white matter, darker cortex, dark CSF, one enhancing tumour.

Coordinates are LPS mm about the middle of the brain. Values are arbitrary units.
"""

from __future__ import annotations

import numpy as np

from compute.phantoms.shapes import Capsule, Common, Cylinder, Ellipsoid, Folded, Shell, Slab, Vector, sphere
from compute.phantoms.truth import Known, Phantom, Structure

SKIN, MARROW, CORTEX_BONE, CSF, GREY, WHITE = 620.0, 760.0, 60.0, 160.0, 430.0, 640.0
MUSCLE, AIR, TUMOUR, BLOOD, FAT = 330.0, 12.0, 980.0, 120.0, 880.0

SCALP = Ellipsoid((0, 0, 0), (78, 98, 92))
BRAIN = Ellipsoid((0, 1, 2), (64.5, 82, 72))


def head(*, seed: int = 0, noise: float = 12.0) -> Phantom:
    """The head, the same for the same seed."""
    structures = [*_outside(), *_brain(), *_ventricles(), *_hindbrain(), *_vessels(), *_tumour()]
    return Phantom("mr", "MR", AIR, tuple(structures), noise, seed, value_range=(0.0, 4095.0))


def _outside() -> list[Structure]:
    neck = Common((Ellipsoid((0, 26, -130), (56, 60, 400)), Slab(2, -300, -38)))
    known = Known("scalp", "body", SKIN, SCALP.center, diameter_mm=2 * SCALP.semi_axes[0])
    face = Ellipsoid((0, -48, -52), (56, 54, 62))
    layers = [Structure(neck, SKIN), Structure(face, SKIN), Structure(SCALP, SKIN, known)]
    layers += [
        Structure(Common((Ellipsoid((0, 26, -130), (53, 57, 400)), Slab(2, -300, -30))), MUSCLE),
        Structure(face.grown(-3), FAT - 260),
        Structure(face.grown(-8), MUSCLE + 40),
        Structure(SCALP.grown(-2), FAT),
        Structure(SCALP.grown(-6), CORTEX_BONE),
        Structure(SCALP.grown(-7.6), MARROW - 220),
        Structure(SCALP.grown(-9.4), CORTEX_BONE),
        Structure(Ellipsoid((0, -104, -26), (9, 14, 20)), SKIN),
    ]
    for side in (-1.0, 1.0):
        eye = sphere((side * 31, -76, -20), 24)
        layers += [
            Structure(Ellipsoid((side * 30, -66, -20), (19, 24, 18)), FAT),
            Structure(Capsule((side * 31, -68, -20), (side * 14, -38, -18), 2.2), GREY),
            Structure(eye, MUSCLE + 40),
            Structure(eye.grown(-1.6), CSF + 30),
            Structure(Ellipsoid((side * 31, -86, -20), (4.5, 2, 4.5)), MUSCLE),
            Structure(Ellipsoid((side * 22, -70, -52), (14, 18, 17)), AIR),
        ]
    layers.append(Structure(Ellipsoid((0, -74, -50), (7, 22, 18)), AIR))
    layers.append(Structure(Ellipsoid((0, -34, -46), (9, 8, 9)), AIR))
    return layers


def _brain() -> list[Structure]:
    """Cortex and white matter with folds, the temporal lobes, the cleft between the hemispheres."""
    above = Slab(2, -26, 200)
    inner = SCALP.grown(-9.4)
    near_surface = Shell(BRAIN.grown(-7), 17)
    cleft = Common((Slab(0, -1.1, 1.1), near_surface, Slab(2, -5, 200)))
    parts = [
        Structure(Common((inner, Slab(2, -200, -24))), MUSCLE - 90),
        Structure(Ellipsoid((0, -14, -46), (16, 30, 12)), MARROW - 120),
        Structure(Ellipsoid((0, 38, -40), (54, 46, 38)), CSF),
        Structure(Common((BRAIN.grown(2.4), Slab(2, -28, 200))), CSF),
        Structure(Common((Folded(BRAIN.grown(-0.6), 2.2, 17.0), above)), GREY),
        Structure(Common((Folded(BRAIN.grown(-8.4), 6.0, 17.0), Slab(2, -24.5, 200))), WHITE),
    ]
    for side in (-1.0, 1.0):
        lobe = Ellipsoid((side * 39, -20, -28), (21, 36, 21))
        parts += [
            Structure(lobe.grown(1.2), CSF),
            Structure(Folded(lobe, 1.8, 15.0), GREY),
            Structure(Folded(lobe.grown(-7), 4.0, 15.0), WHITE),
        ]
    return [*parts, Structure(cleft, CSF)]


def _ventricles() -> list[Structure]:
    parts: list[Structure] = []
    for side in (-1.0, 1.0):
        lean = np.array([[0.96, side * 0.28, 0], [-side * 0.28, 0.96, 0], [0, 0, 1]])
        axes = tuple((float(r[0]), float(r[1]), float(r[2])) for r in lean)
        parts += [
            Structure(Ellipsoid((side * 27, -2, 4), (8, 26, 12)), GREY + 60),
            Structure(Ellipsoid((side * 14, -18, 12), (7.5, 11, 9)), GREY + 20),
            Structure(Ellipsoid((side * 10, 12, 6), (8.5, 14, 9)), GREY + 10),
            Structure(Ellipsoid((side * 10, -8, 17), (4.6, 24, 7.5), axes), CSF),  # type: ignore[arg-type]
            Structure(Ellipsoid((side * 20, 26, 8), (4.6, 15, 8), axes), CSF),  # type: ignore[arg-type]
            Structure(Ellipsoid((side * 46, -14, -4), (14, 26, 1.8)), CSF + 60),
        ]
    parts.append(Structure(Ellipsoid((0, 6, 3), (2.2, 12, 9)), CSF))
    callosum = Common((Ellipsoid((0, -2, 8), (14, 36, 22)), Slab(0, -9, 9), Slab(2, 18, 60)))
    hollow = Common((Ellipsoid((0, -2, 8), (14, 29, 15.5)), Slab(0, -1.5, 1.5), Slab(2, 12, 40)))
    return [Structure(callosum, WHITE + 40), *parts, Structure(hollow, CSF + 30)]


def _hindbrain() -> list[Structure]:
    parts = [
        Structure(Capsule((0, 10, -8), (0, 13, -24), 14, 15), WHITE - 60),
        Structure(Ellipsoid((0, 8, -32), (18, 14, 15)), WHITE - 40),
        Structure(Capsule((0, 17, -44), (0, 27, -86), 9.5, 7), WHITE - 80),
        Structure(Capsule((0, 28, -86), (0, 34, -160), 7.5), CSF),
        Structure(Capsule((0, 27, -86), (0, 33, -160), 5.2), WHITE - 80),
    ]
    for side in (-1.0, 1.0):
        lobe = Ellipsoid((side * 23, 44, -38), (25, 29, 22))
        parts += [
            Structure(Folded(lobe, 1.2, 6.0), GREY),
            Structure(Folded(lobe.grown(-8), 4.0, 8.0), WHITE - 30),
        ]
    parts += [
        Structure(Folded(Ellipsoid((0, 45, -34), (8, 24, 22)), 1.2, 6.0), GREY + 30),
        Structure(Ellipsoid((0, 24, -36), (6, 4, 10)), CSF),
    ]
    return parts


def _vessels() -> list[Structure]:
    """Flow voids of known diameter."""
    runs: tuple[tuple[str, Vector, Vector, float], ...] = (
        ("right internal carotid artery", (-22, -4, -120), (-18, -14, -42), 2.5),
        ("left internal carotid artery", (22, -4, -120), (18, -14, -42), 2.5),
        ("basilar artery", (0, -8, -48), (0, -8, -20), 1.75),
        ("right middle cerebral artery", (-10, -20, -22), (-40, -22, -16), 1.5),
        ("left middle cerebral artery", (10, -20, -22), (40, -22, -16), 1.5),
    )
    return [_flow_void(*run) for run in runs]


def _flow_void(name: str, start: Vector, end: Vector, radius: float) -> Structure:
    middle: Vector = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, (start[2] + end[2]) / 2)
    length = Cylinder(start, end, radius).length_mm
    known = Known(name, "vessel", BLOOD - 60, middle, 2 * radius, length_mm=length)
    return Structure(Capsule(start, end, radius), BLOOD - 60, known, subsamples=2)


def _tumour() -> list[Structure]:
    solid = Ellipsoid((34, 22, 34), (11, 14, 10))
    known = Known("tumour", "lesion", TUMOUR, solid.center, volume_mm3=solid.volume_mm3)
    core = solid.grown(-5)
    rim = solid.volume_mm3 - core.volume_mm3
    return [
        Structure(solid.grown(8), WHITE - 150),
        Structure(solid, TUMOUR, known, subsamples=2),
        Structure(
            core, CSF + 120, Known("tumour rim", "lesion", TUMOUR, core.center, volume_mm3=rim), subsamples=2
        ),
    ]
