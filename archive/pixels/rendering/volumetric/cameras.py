"""What a volume rendering looks at: the rays of its pixels.

The viewpoint is at the origin of its own coordinates, looks along -z, and has y upwards. The sides of the field of view
are those at its far end; in perspective all rays meet in the viewpoint.

Conventions  points in mm in the coordinates of the state (VPS-RCS); a pixel is where its centre is; `depth` is the
             distance from the viewpoint along -z.
Reference    PS3.3 §C.11.30 (volume render geometry), §C.11.30.1 (render field of view)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.volumetric.numbers import direction, unit, vector


@dataclass(frozen=True, slots=True)
class Rays:
    """Where each ray is at a depth: start + depth * step. Shapes  (rays, 3)."""

    start: Numbers
    step: Numbers

    def at(self, depth: Numbers) -> Numbers:
        return self.start + depth[:, None] * self.step


@dataclass(frozen=True, slots=True)
class Camera:
    """The viewpoint and its axes, the sides at the far end of the field of view, and both ends of it."""

    position: Numbers
    right: Numbers
    up: Numbers
    forward: Numbers
    sides: tuple[float, float, float, float]
    near: float
    far: float
    is_perspective: bool

    @property
    def size_mm(self) -> tuple[float, float]:
        """At the far end."""
        left, right, top, bottom = self.sides
        return right - left, top - bottom

    def rays(self, *, size: tuple[int, int]) -> Rays:
        """Those of the pixels of a picture (width, height), row after row."""
        left, _right, top, _bottom = self.sides
        width_mm, height_mm = self.size_mm
        x = left + (np.arange(size[0]) + 0.5) * (width_mm / size[0])
        y = top - (np.arange(size[1]) + 0.5) * (height_mm / size[1])
        aside = (x[None, :, None] * self.right + y[:, None, None] * self.up).reshape(-1, 3)
        if self.is_perspective:
            return Rays(np.broadcast_to(self.position, aside.shape), self.forward + aside / self.far)
        return Rays(self.position + aside, np.broadcast_to(self.forward, aside.shape))

    def corners(self) -> Numbers:
        """The eight corners of the field of view."""
        left, right, top, bottom = self.sides
        return np.array(
            [
                self.position
                + depth * self.forward
                + (depth / self.far if self.is_perspective else 1.0) * (x * self.right + y * self.up)
                for depth in (self.near, self.far)
                for x in (left, right)
                for y in (top, bottom)
            ]
        )


def camera_of(state: Dataset) -> Camera:
    """Raises PixelsUnreadable PRESENTATION_UNSUITED if nothing could be looked at."""
    position = vector(state, "ViewpointPosition")
    forward = unit(vector(state, "ViewpointLookAtPoint") - position)
    right = unit(np.cross(forward, direction(state, "ViewpointUpDirection")))
    left, right_side, top, bottom, near, far = (
        float(value) for value in vector(state, "RenderFieldOfView", 6)
    )
    projection = state.get("RenderProjection")
    is_told = projection in {"ORTHOGRAPHIC", "PERSPECTIVE"}
    if not is_told or not (left < right_side and bottom < top and 0 < near < far):
        raise unreadable("PRESENTATION_UNSUITED")
    return Camera(
        position=position,
        right=right,
        up=np.cross(right, forward),
        forward=forward,
        sides=(left, right_side, top, bottom),
        near=near,
        far=far,
        is_perspective=projection == "PERSPECTIVE",
    )
