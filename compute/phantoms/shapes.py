"""Solids by signed distance: negative inside, zero on the surface, in mm of patient space (LPS)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Vector = tuple[float, float, float]
Box = tuple[Vector, Vector]

EVERYWHERE = 1.0e4


class Shape(Protocol):
    def distance(self, x: Array, y: Array, z: Array) -> Array:
        """Signed distance of points, exact at the surface to first order; coordinates broadcast."""
        ...

    def bounds(self) -> Box:
        """The corners of a box along the axes that holds the solid."""
        ...


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid; `axes` are its unit axes as rows, along the patient's axes unless told.

    A semi-axis of EVERYWHERE makes it an elliptic cylinder without end.
    """

    center: Vector
    semi_axes: Vector
    axes: tuple[Vector, Vector, Vector] | None = None

    @property
    def volume_mm3(self) -> float:
        return 4 / 3 * math.pi * math.prod(self.semi_axes)

    def grown(self, margin_mm: float) -> Ellipsoid:
        """The ellipsoid with every semi-axis longer by a margin."""
        a, b, c = (semi + margin_mm for semi in self.semi_axes)
        return Ellipsoid(self.center, (a, b, c), self.axes)

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        offsets = [value - np.float32(middle) for value, middle in zip((x, y, z), self.center, strict=True)]
        if self.axes is not None:
            offsets = [
                np.float32(row[0]) * offsets[0]
                + np.float32(row[1]) * offsets[1]
                + np.float32(row[2]) * offsets[2]
                for row in self.axes
            ]
        scaled = [
            (offset * np.float32(1 / semi)) ** 2 for offset, semi in zip(offsets, self.semi_axes, strict=True)
        ]
        level = np.sqrt(scaled[0] + scaled[1] + scaled[2])
        slope = np.sqrt(
            sum(s * np.float32(1 / semi**2) for s, semi in zip(scaled, self.semi_axes, strict=True))
        )
        near: Array = level * (level - 1) / np.maximum(slope, np.float32(1e-6))
        return np.where(level < np.float32(1e-3), np.float32(-min(self.semi_axes)), near)

    def bounds(self) -> Box:
        reach: Any = self.semi_axes
        if self.axes is not None:
            rotation = np.asarray(self.axes)
            reach = np.sqrt(((rotation.T * np.asarray(self.semi_axes)) ** 2).sum(axis=1))
        return _box(np.asarray(self.center) - reach, np.asarray(self.center) + reach)


def sphere(center: Vector, diameter_mm: float) -> Ellipsoid:
    return Ellipsoid(center, (diameter_mm / 2,) * 3)


@dataclass(frozen=True)
class Cylinder:
    """A straight round cylinder with flat ends."""

    start: Vector
    end: Vector
    radius: float

    @property
    def length_mm(self) -> float:
        return math.dist(self.start, self.end)

    @property
    def volume_mm3(self) -> float:
        return math.pi * self.radius**2 * self.length_mm

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        axis = (np.subtract(self.end, self.start) / self.length_mm).astype(np.float32)
        middle = (np.add(self.end, self.start) / 2).astype(np.float32)
        dx, dy, dz = x - middle[0], y - middle[1], z - middle[2]
        along = dx * axis[0] + dy * axis[1] + dz * axis[2]
        across = np.sqrt(np.maximum(dx**2 + dy**2 + dz**2 - along**2, 0))
        side: Array = np.maximum(
            across - np.float32(self.radius), np.abs(along) - np.float32(self.length_mm / 2)
        )
        return side

    def bounds(self) -> Box:
        axis = np.subtract(self.end, self.start) / self.length_mm
        reach = self.radius * np.sqrt(np.maximum(1 - axis**2, 0))
        return _box(np.minimum(self.start, self.end) - reach, np.maximum(self.start, self.end) + reach)


@dataclass(frozen=True)
class Capsule:
    """A round rod with round ends, its radius going evenly from one end to the other."""

    start: Vector
    end: Vector
    radius: float
    end_radius: float | None = None

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        axis = np.subtract(self.end, self.start).astype(np.float32)
        dx, dy, dz = (v - np.float32(s) for v, s in zip((x, y, z), self.start, strict=True))
        along = (dx * axis[0] + dy * axis[1] + dz * axis[2]) / np.float32(max(float(axis @ axis), 1e-9))
        along = np.clip(along, 0, 1)
        gap = np.sqrt((dx - along * axis[0]) ** 2 + (dy - along * axis[1]) ** 2 + (dz - along * axis[2]) ** 2)
        tip = self.radius if self.end_radius is None else self.end_radius
        rod: Array = gap - (np.float32(self.radius) + along * np.float32(tip - self.radius))
        return rod

    def bounds(self) -> Box:
        reach = max(self.radius, self.end_radius or 0)
        return _box(np.minimum(self.start, self.end) - reach, np.maximum(self.start, self.end) + reach)


@dataclass(frozen=True)
class HalfTorus:
    """The half of a torus above its centre: an arch standing on `direction` (a unit vector in x, y)."""

    center: Vector
    direction: tuple[float, float]
    arch_radius: float
    radius: float

    @property
    def volume_mm3(self) -> float:
        return math.pi * self.radius**2 * math.pi * self.arch_radius  # Pappus

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        dx, dy, dz = (v - np.float32(c) for v, c in zip((x, y, z), self.center, strict=True))
        ux, uy = (np.float32(u) for u in self.direction)
        along, across = dx * ux + dy * uy, dx * uy - dy * ux
        ring = np.sqrt((np.sqrt(along**2 + dz**2) - np.float32(self.arch_radius)) ** 2 + across**2)
        arch: Array = np.maximum(ring - np.float32(self.radius), -dz)
        return arch

    def bounds(self) -> Box:
        reach = self.arch_radius + self.radius
        x, y, z = self.center
        return ((x - reach, y - reach, z), (x + reach, y + reach, z + reach))


@dataclass(frozen=True)
class EllipticDisc:
    """A flat piece of an upright elliptic cylinder: a vertebral body, a disc between two."""

    center: Vector
    semi_axes: tuple[float, float]
    height: float

    @property
    def volume_mm3(self) -> float:
        return math.pi * math.prod(self.semi_axes) * self.height

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        around = Ellipsoid(self.center, (*self.semi_axes, EVERYWHERE)).distance(
            x, y, np.full_like(z, self.center[2])
        )
        disc: Array = np.maximum(around, np.abs(z - np.float32(self.center[2])) - np.float32(self.height / 2))
        return disc

    def bounds(self) -> Box:
        reach = np.asarray((*self.semi_axes, self.height / 2))
        return _box(np.asarray(self.center) - reach, np.asarray(self.center) + reach)


@dataclass(frozen=True)
class Shell:
    """What lies within half a thickness of a solid's surface, on either side of it."""

    solid: Ellipsoid
    thickness: float

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        return np.abs(self.solid.distance(x, y, z)) - np.float32(self.thickness / 2)

    def bounds(self) -> Box:
        return self.solid.grown(self.thickness / 2).bounds()


@dataclass(frozen=True)
class Slab:
    """What lies between two limits on one axis."""

    axis: int
    lower: float
    upper: float

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        value = (x, y, z)[self.axis]
        slab: Array = np.maximum(np.float32(self.lower) - value, value - np.float32(self.upper))
        return slab

    def bounds(self) -> Box:
        lower, upper = [-EVERYWHERE] * 3, [EVERYWHERE] * 3
        lower[self.axis], upper[self.axis] = self.lower, self.upper
        return _box(lower, upper)


@dataclass(frozen=True)
class Common:
    """What several solids have in common."""

    parts: tuple[Shape, ...]

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        common = self.parts[0].distance(x, y, z)
        for part in self.parts[1:]:
            common = np.maximum(common, part.distance(x, y, z))
        return common

    def bounds(self) -> Box:
        boxes = np.asarray([part.bounds() for part in self.parts])
        return _box(boxes[:, 0].max(axis=0), boxes[:, 1].min(axis=0))


@dataclass(frozen=True)
class RibCage:
    """Ribs on the surface of an ellipsoid: evenly spaced rods that run down from back to front."""

    cage: Ellipsoid
    pitch: float
    drop: float
    section: tuple[float, float]
    front: float
    upper: float

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        outward = self.cage.distance(x, y, z) * np.float32(1 / self.section[0])
        level = np.mod(z - np.float32(self.drop) * y, np.float32(self.pitch)) - np.float32(self.pitch / 2)
        level = level * np.float32(1 / math.sqrt(1 + self.drop**2) / self.section[1])
        rod = (np.sqrt(outward**2 + level**2) - 1) * np.float32(self.section[0])
        ribs: Array = np.maximum(rod, np.maximum(np.float32(self.front) - y, z - np.float32(self.upper)))
        return ribs

    def bounds(self) -> Box:
        return self.cage.grown(self.section[0]).bounds()


@dataclass(frozen=True)
class Folded:
    """An ellipsoid with a folded surface, like a cortex: looks, no closed form."""

    solid: Ellipsoid
    depth: float
    wavelength: float

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        k = np.float32(2 * math.pi / self.wavelength)
        warp = np.sin(k * (x * 0.41 + z * 0.33) + 1.7) + np.sin(k * (y * 0.37 - x * 0.29))
        folds = np.sin(k * (x + 0.4 * y) + warp) * np.sin(k * (y - 0.3 * z) + warp) * np.cos(k * z * 0.8)
        surface: Array = self.solid.distance(x, y, z) + np.float32(self.depth) * folds.astype(np.float32)
        return surface

    def bounds(self) -> Box:
        return self.solid.grown(self.depth).bounds()


def _box(lower: Any, upper: Any) -> Box:
    low, high = (tuple(float(v) for v in corner) for corner in (lower, upper))
    return ((low[0], low[1], low[2]), (high[0], high[1], high[2]))
