"""A contrast-enhanced CT of a chest: what the demo's patient looks like inside.

Coordinates are LPS mm about the middle of the chest: x to the patient's left, y to the back, z to the head.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from functools import cache

import numpy as np

from compute.phantoms.branching import grow_tree
from compute.phantoms.shapes import (
    EVERYWHERE,
    Capsule,
    Common,
    Cylinder,
    Ellipsoid,
    EllipticDisc,
    HalfTorus,
    RibCage,
    Shape,
    Shell,
    Slab,
    Vector,
    sphere,
)
from compute.phantoms.truth import HYDROXYAPATITE_MG_PER_CM3_PER_HU, Known, Phantom, Structure

AIR, LUNG, FAT, WATER, MUSCLE, SKIN = -1000.0, -865.0, -95.0, 0.0, 55.0, 30.0
BLOOD, VEIN, MYOCARDIUM, LIVER, CARTILAGE = 340.0, 260.0, 120.0, 105.0, 130.0
CORTICAL, CANCELLOUS = 650.0, 220.0

BODY = Ellipsoid((0, 2, -20), (176, 124, 430))
CAGE = Ellipsoid((0, -2, -25), (134, 86, 165))
LUNGS = tuple(
    Common((CAGE.grown(-2.5), Ellipsoid((side * 82, 6, -30), (71, 92, 175)))) for side in (-1.0, 1.0)
)
HEART_AXES: tuple[Vector, Vector, Vector]
AORTA_RADIUS = 13.0
NODULES = (
    ("nodule 8 mm", sphere((-80, -22, 42), 8.0), 45.0),
    ("nodule 12 mm", sphere((88, 34, -28), 12.0), 40.0),
    ("nodule 5 mm", sphere((-98, 30, -10), 5.0), 50.0),
    ("ground-glass nodule 16 mm", sphere((72, -30, 46), 16.0), -620.0),
)


def _heart_axes() -> tuple[Vector, Vector, Vector]:
    long = np.array([0.66, -0.44, -0.61])
    long /= np.linalg.norm(long)
    short = np.cross(long, [0.0, 0.0, 1.0])
    short /= np.linalg.norm(short)
    third = np.cross(long, short)
    a, b, c = ((float(v[0]), float(v[1]), float(v[2])) for v in (long, short, third))
    return (a, b, c)


HEART_AXES = _heart_axes()
HEART = Ellipsoid((20, -26, -58), (60, 47, 46), HEART_AXES)


def chest(*, seed: int = 0, noise: float = 9.0) -> Phantom:
    """The chest, the same for the same seed."""
    structures = [
        *_couch(),
        *_wall(),
        *_lungs(seed),
        *_abdomen(),
        *_spine(),
        *_airway(),
        *_heart(),
        *_great_vessels(),
        *_coronaries(),
        *_nodules(),
    ]
    return Phantom("ct", "CT", AIR, tuple(structures), noise=noise, seed=seed)


def _couch() -> Iterable[Structure]:
    board = Ellipsoid((0, 20, 0), (330, 124, EVERYWHERE))
    below = Slab(1, 90, 400)
    width = Slab(0, -215, 215)
    yield Structure(Common((Shell(board, 3), below, width)), -420)
    yield Structure(Common((Shell(board.grown(10), 17), below, width)), -940)
    yield Structure(Common((Shell(board.grown(20), 3), below, width)), -420)


def _wall() -> Iterable[Structure]:
    """Skin, fat, muscle, shoulders, ribs, sternum, shoulder blades and collar bones."""
    shoulders = [Ellipsoid((side * 142, 12, 142), (74, 66, 92)) for side in (-1.0, 1.0)]
    skin_known = Known("skin", "body", SKIN, BODY.center, diameter_mm=2 * BODY.semi_axes[0])
    for solid in (*shoulders, BODY):
        yield Structure(solid, SKIN, skin_known if solid is BODY else None)
    for solid in (*shoulders, BODY):
        yield Structure(solid.grown(-2.2), FAT)
    muscle = Ellipsoid((0, 1, -20), (157, 106, 410))
    for solid in (*(s.grown(-15) for s in shoulders), muscle):
        yield Structure(solid, MUSCLE)
    yield Structure(CAGE.grown(9), FAT + 20)
    yield Structure(CAGE.grown(7.5), MUSCLE)
    rib_line = CAGE.grown(5)
    for section, value in (((4.2, 6.8), CORTICAL), ((2.4, 4.8), CANCELLOUS)):
        yield Structure(RibCage(rib_line, 25.0, 0.42, section, -58, 136), value)
    cartilage = RibCage(rib_line, 25.0, 0.42, (3.8, 6.0), -200, 60)
    yield Structure(Common((cartilage, Slab(1, -200, -56))), CARTILAGE)
    yield from _sternum(rib_line)
    for side in (-1.0, 1.0):
        blade = Common(
            (Shell(CAGE.grown(15), 5.5), Ellipsoid((side * 96, 72, 66), (44, 58, 62)), Slab(2, -5, 200))
        )
        yield Structure(blade, CORTICAL - 150)
        spine_of_blade = Capsule((side * 70, 92, 78), (side * 134, 48, 108), 4, 6)
        yield Structure(spine_of_blade, CORTICAL - 150)
        yield Structure(Capsule((side * 20, -74, 88), (side * 118, -30, 117), 6.5), CORTICAL)
        yield Structure(Capsule((side * 20, -74, 88), (side * 118, -30, 117), 4.0), CANCELLOUS)
        yield Structure(sphere((side * 152, 8, 122), 46), CORTICAL - 100)
        yield Structure(sphere((side * 152, 8, 122), 41), CANCELLOUS)


def _sternum(line: Ellipsoid) -> Iterable[Structure]:
    for thickness, width, value in ((11.0, 17.0, CORTICAL - 200), (7.5, 14.5, CANCELLOUS - 40)):
        plate = (Shell(line.grown(1), thickness), Slab(1, -200, -20))
        yield Structure(Common((*plate, Slab(0, -width, width), Slab(2, -78, 58))), value)
        yield Structure(Common((*plate, Slab(0, -width - 12, width + 12), Slab(2, 62, 96))), value)


@cache
def _lungs(seed: int) -> tuple[Structure, ...]:
    parts = [Structure(CAGE.grown(-1), FAT + 10), *(Structure(lung, LUNG) for lung in LUNGS)]
    clear = tuple(solid for _, solid, _ in NODULES)
    roots: tuple[tuple[Vector, Shape, int, float], ...] = (
        ((-46, 10, 4), LUNGS[0], 420, VEIN + 20),
        ((52, 14, 12), LUNGS[1], 400, VEIN + 20),
        ((-38, 12, -28), LUNGS[0], 260, VEIN - 20),
        ((44, 16, -24), LUNGS[1], 240, VEIN - 20),
    )
    for number, (root, organ, leaves, value) in enumerate(roots):
        rods = grow_tree(
            root, organ, leaves=leaves, leaf_radius=0.72, seed=seed * 10 + number, keep_clear=clear
        )
        parts += [Structure(rod, value) for rod in rods]
    return tuple(parts)


def _abdomen() -> Iterable[Structure]:
    inside = CAGE.grown(-2.5)
    yield Structure(Common((inside, Ellipsoid((78, 6, -178), (70, 84, 88)))), FAT)
    yield Structure(Common((inside, Ellipsoid((96, 40, -140), (30, 38, 46)))), LIVER + 20)
    stomach = Ellipsoid((56, -20, -150), (42, 44, 56))
    yield Structure(Common((inside, stomach)), MUSCLE)
    yield Structure(Common((inside, stomach.grown(-5))), WATER + 15)
    yield Structure(Common((inside, stomach.grown(-5), Slab(1, -200, -30))), AIR)
    yield Structure(Common((inside, Ellipsoid((-58, 0, -172), (96, 88, 98)))), LIVER)


def _spine() -> Iterable[Structure]:
    body = BODY.grown(-18)
    yield Structure(Common((Ellipsoid((0, 92, -20), (58, 30, 420)), body)), MUSCLE)
    for level in range(-6, 7):
        yield from _vertebra(level * 24.0)
    for level in range(-14, 15):
        z = level * 10.0
        yield Structure(EllipticDisc((0, spine_line(z) + 22, z), (9.5, 8.5), 10.4), WATER + 15)
        yield Structure(EllipticDisc((0, spine_line(z) + 22, z), (5.5, 4.5), 10.4), 40)


def spine_line(z: float) -> float:
    """How far back the vertebral bodies lie at a height: a slight kyphosis."""
    return 56.0 - 0.0011 * (z - 10) ** 2


def _vertebra(z: float) -> Iterable[Structure]:
    y = spine_line(z)
    known = Known(
        f"vertebral body {z:+.0f}", "bone", CORTICAL, (0, y, z),
        volume_mm3=EllipticDisc((0, y, z), (18, 14), 19).volume_mm3,
    )  # fmt: skip
    yield Structure(EllipticDisc((0, y, z + 12), (17, 13), 6), 95)
    yield Structure(EllipticDisc((0, y + 21, z), (14.5, 13.5), 15), CORTICAL - 150)
    for side in (-1.0, 1.0):
        yield Structure(
            Capsule((side * 11, y + 20, z + 2), (side * 36, y + 31, z + 6), 4.6, 3.6), CORTICAL - 200
        )
    yield Structure(Capsule((0, y + 33, z - 1), (0, y + 50, z - 15), 3.6, 3.0), CORTICAL - 150)
    yield Structure(EllipticDisc((0, y, z), (18, 14), 19), CORTICAL, known)
    yield Structure(EllipticDisc((0, y, z), (16.2, 12.2), 16), CANCELLOUS)


def _airway() -> Iterable[Structure]:
    carina: Vector = (-8, 22, 20)
    tubes: tuple[tuple[str, Vector, Vector, float], ...] = (
        ("trachea", (-8, 22, 190), carina, 8.5),
        ("right main bronchus", carina, (-40, 18, -4), 6.5),
        ("left main bronchus", carina, (40, 22, -10), 5.8),
        ("", (-40, 18, -4), (-58, 24, -34), 4.4),
        ("", (-40, 18, -4), (-62, -4, 18), 3.6),
        ("", (40, 22, -10), (60, 30, -40), 4.2),
        ("", (40, 22, -10), (64, 2, 14), 3.5),
    )
    for _, start, end, radius in tubes:
        yield Structure(Capsule(start, end, radius + (1.8 if radius > 5 else 1.2)), 20)
    for name, start, end, radius in tubes:
        known = Known(name, "airway", AIR, _middle(start, end), diameter_mm=2 * radius) if name else None
        yield Structure(Capsule(start, end, radius), AIR, known)
    yield Structure(Capsule((6, 37, 190), (10, 36, -140), 6), MUSCLE)


def _heart() -> Iterable[Structure]:
    yield Structure(Common((HEART.grown(5), CAGE.grown(-3))), FAT + 10)
    yield Structure(HEART, MYOCARDIUM)
    right = Ellipsoid((6, -52, -64), (33, 15, 27), HEART_AXES)
    left = Ellipsoid((36, -24, -68), (34, 19, 19), HEART_AXES)
    volume = left.volume_mm3
    yield Structure(Common((right, HEART.grown(-4))), BLOOD - 60)
    yield Structure(left, BLOOD, Known("left ventricle", "chamber", BLOOD, left.center, volume_mm3=volume))
    yield Structure(Ellipsoid((8, 6, -34), (33, 17, 20)), BLOOD - 10)
    yield Structure(Common((Ellipsoid((-26, -24, -48), (20, 25, 29)), HEART.grown(6))), BLOOD - 70)


def _great_vessels() -> Iterable[Structure]:
    ascending, descending, foot = (-6.0, -26.0), (32.0, 36.0), 33.0
    middle = ((ascending[0] + descending[0]) / 2, (ascending[1] + descending[1]) / 2, foot)
    span = math.dist(ascending, descending)
    along = ((descending[0] - ascending[0]) / span, (descending[1] - ascending[1]) / span)
    arch = HalfTorus(middle, along, span / 2, AORTA_RADIUS)
    top = foot + span / 2
    yield from _vessel("pulmonary trunk", (16, -44, -26), (18, -16, 10), 13.0, BLOOD - 50)
    yield from _vessel("right pulmonary artery", (16, -6, 7), (-48, 10, 4), 9.5, BLOOD - 50)
    yield from _vessel("left pulmonary artery", (18, -14, 9), (54, 14, 12), 9.0, BLOOD - 50)
    yield from _vessel("superior vena cava", (-27, -20, -26), (-27, -18, 78), 9.0, BLOOD + 60)
    yield from _vessel("left brachiocephalic vein", (-26, -20, 80), (40, -46, 104), 7.0, BLOOD + 60)
    for x, y, z in ((-36, 10, -30), (42, 14, -26)):
        yield Structure(Capsule((x, y, z), (8, 6, -34), 6.5, 8), BLOOD - 10)
    for name, start, end, radius in (
        ("brachiocephalic trunk", (2, -12, top), (-26, 2, 130), 6.0),
        ("left common carotid artery", (12, 4, top + 4), (16, 6, 132), 4.0),
        ("left subclavian artery", (22, 18, top), (46, 20, 126), 4.5),
    ):
        yield from _vessel(name, start, end, radius, BLOOD)
    root = Cylinder((*ascending, -34.0), (*ascending, foot + 1), AORTA_RADIUS)  # reaches into the arch
    down = Cylinder((*descending, -190.0), (*descending, foot + 1), AORTA_RADIUS)
    for name, part in (("ascending aorta", root), ("descending aorta", down)):
        yield Structure(part, BLOOD, _known_vessel(name, part, BLOOD))
    known = Known("aortic arch", "vessel", BLOOD, middle, 2 * AORTA_RADIUS, arch.volume_mm3)
    yield Structure(arch, BLOOD, known)


def _vessel(name: str, start: Vector, end: Vector, radius: float, value: float) -> Iterable[Structure]:
    known = _known_vessel(name, Cylinder(start, end, radius), value)
    yield Structure(Capsule(start, end, radius), value, known)


def _known_vessel(name: str, part: Cylinder, value: float) -> Known:
    axis = np.subtract(part.end, part.start) / part.length_mm
    return Known(
        name, "vessel", value, _middle(part.start, part.end), diameter_mm=2 * part.radius,
        length_mm=part.length_mm, axis=(float(axis[0]), float(axis[1]), float(axis[2])),
    )  # fmt: skip


def _coronaries() -> Iterable[Structure]:
    """Three coronary arteries on the heart's surface, with calcified plaques of known mass."""
    paths = {
        "left anterior descending artery": ((-0.75, -0.2, -0.63), (0.96, -0.28, 0.1), 2.0, 0.85),
        "left circumflex artery": ((-0.75, -0.2, -0.63), (0.3, 0.75, -0.6), 1.6, 0.8),
        "right coronary artery": ((-0.72, -0.65, -0.2), (0.2, -0.75, 0.65), 1.9, 0.9),
    }
    for name, (start, end, radius, part) in paths.items():
        line = _over_the_heart(start, end, part)
        known = Known(name, "vessel", BLOOD, line[len(line) // 2], diameter_mm=2 * radius)
        for number, (a, b) in enumerate(itertools.pairwise(line)):
            yield Structure(Capsule(a, b, radius), BLOOD, known if number == 0 else None, subsamples=2)
    descending = _over_the_heart((-0.75, -0.2, -0.63), (0.96, -0.28, 0.1), 0.85)
    right = _over_the_heart((-0.72, -0.65, -0.2), (0.2, -0.75, 0.65), 0.9)
    plaques = (
        ("calcification 5 mm", descending[5], 5.0, 800.0),
        ("calcification 3 mm", descending[9], 3.0, 800.0),
        ("calcification 4 mm", right[7], 4.0, 640.0),
    )
    for name, place, diameter, concentration in plaques:
        yield calcification(name, place, diameter, concentration)


def calcification(name: str, place: Vector, diameter_mm: float, mg_per_cm3: float) -> Structure:
    """A round plaque of hydroxyapatite; its mass is concentration times volume."""
    solid = sphere(place, diameter_mm)
    value = mg_per_cm3 / HYDROXYAPATITE_MG_PER_CM3_PER_HU
    known = Known(
        name, "calcification", value, place, diameter_mm=diameter_mm, volume_mm3=solid.volume_mm3,
        mass_mg_ha=mg_per_cm3 * solid.volume_mm3 / 1000,
    )  # fmt: skip
    return Structure(solid, value, known, subsamples=4)


def _over_the_heart(start: Vector, end: Vector, part: float, steps: int = 16) -> list[Vector]:
    """Points on the heart's surface along the great circle between two directions, in its own axes."""
    u, v = (np.asarray(w) / np.linalg.norm(w) for w in (start, end))
    angle = math.acos(float(np.clip(u @ v, -1, 1)))
    reach = np.asarray(HEART.semi_axes) + 2.2
    line: list[Vector] = []
    for t in np.linspace(0, part, steps):
        direction = (math.sin((1 - t) * angle) * u + math.sin(t * angle) * v) / math.sin(angle)
        point = np.asarray(HEART.center) + (direction * reach) @ np.asarray(HEART_AXES)
        line.append((float(point[0]), float(point[1]), float(point[2])))
    return line


def _nodules() -> Iterable[Structure]:
    for name, solid, value in NODULES:
        known = Known(
            name, "nodule", value, solid.center, diameter_mm=2 * solid.semi_axes[0],
            volume_mm3=solid.volume_mm3,
        )  # fmt: skip
        yield Structure(solid, value, known, subsamples=4)


def _middle(start: Vector, end: Vector) -> Vector:
    return ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, (start[2] + end[2]) / 2)
