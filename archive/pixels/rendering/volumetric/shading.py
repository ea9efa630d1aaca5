"""Light on what a volume rendering shows: Phong's model, with normals from how the shares change.

A light from infinity, white; both sides of a surface reflect it. Where nothing changes there is no surface, and only
what is ambient.

Reference  PS3.3 §C.11.31 (render shading)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.volumetric.classification import Colours
from archive.pixels.rendering.volumetric.numbers import direction, share
from archive.pixels.rendering.volumetric.refusals import refused
from archive.pixels.rendering.volumetric.volumes import Volume

LARGEST_EXPONENT = 128.0  # the upper limit that a shininess of 1 stands for
_LEAST_CHANGE = 1e-6


@dataclass(frozen=True, slots=True)
class Shading:
    """The share of light that is ambient, and of that reflected; `light` is the direction it travels in."""

    ambient: float
    diffuse: float = 0.0
    specular: float = 0.0
    exponent: float = LARGEST_EXPONENT
    light: Numbers | None = None

    def lit(self, colours: Colours, points: Numbers, towards_eye: Numbers, volume: Volume) -> Colours:
        """Colours of samples, lit. Shapes  (samples, 3) each; towards_eye of length 1."""
        if self.light is None:
            return colours * self.ambient
        normals = _normals(points, volume)
        normals *= np.where((normals * towards_eye).sum(axis=1) < 0, -1.0, 1.0)[:, None]
        facing = np.clip(normals @ -self.light, 0, None)
        mirrored = 2 * facing[:, None] * normals + self.light
        glance = np.clip((mirrored * towards_eye).sum(axis=1), 0, None) ** self.exponent * (facing > 0)
        made = colours * (self.ambient + self.diffuse * facing)[:, None] + self.specular * glance[:, None]
        clipped: Colours = np.clip(made, 0, 1)
        return clipped


def shading_of(state: Dataset) -> Shading | None:
    """None if the state has none. Raises PixelsUnreadable: VOLUMETRIC_SHADING; PRESENTATION_UNSUITED."""
    style = state.get("ShadingStyle")
    if style is None:
        return None
    if style != "DOUBLESIDED":
        raise refused("VOLUMETRIC_SHADING")
    diffuse, specular = (share(state, f"{kind}ReflectionIntensity", 0.0) for kind in ("Diffuse", "Specular"))
    return Shading(
        ambient=share(state, "AmbientReflectionIntensity"),
        diffuse=diffuse,
        specular=specular,
        exponent=max(1.0, share(state, "Shininess", 1.0) * LARGEST_EXPONENT),
        light=direction(state, "LightDirection") if diffuse or specular else None,
    )


def _normals(points: Numbers, volume: Volume) -> Numbers:
    """Towards where the shares become less; 0 where they do not change. Beyond the volume there is nothing."""
    change = np.zeros(points.shape)
    for axis, step in enumerate(np.eye(3) * volume.lattice.finest_mm):
        behind, before = (np.nan_to_num(volume.at(points + side * step)) for side in (1, -1))
        change[:, axis] = before - behind
    length = np.linalg.norm(change, axis=1)
    return np.where((length > _LEAST_CHANGE)[:, None], change / np.maximum(length, _LEAST_CHANGE)[:, None], 0)
