"""A volumetric presentation state: what it shows of which volumes, and its picture.

    grey plane    VOI -> crop -> plane or slab -> presentation LUT shape
    planes        VOI -> crop -> plane or slab -> colours of each -> compositor
    volume        VOI -> crop -> colours and opacity -> rays

What cannot be followed is refused by name before an image is touched.

Reference  PS3.4 §FF.2 (volumetric transformations), PS3.3 §A.80
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.volumetric.cameras import Camera, camera_of
from archive.pixels.rendering.volumetric.casting import Casting
from archive.pixels.rendering.volumetric.classes import (
    COLOUR_PLANE,
    GREY_PLANE,
    SEGMENTED_VOLUME,
    SEVERAL_VOLUMES,
    VOLUME,
)
from archive.pixels.rendering.volumetric.classification import Classification, classification_of
from archive.pixels.rendering.volumetric.compositing import Compositor, composed, compositors_of
from archive.pixels.rendering.volumetric.inputs import MOST_INPUTS, Input, inputs_of
from archive.pixels.rendering.volumetric.lattices import Lattice
from archive.pixels.rendering.volumetric.numbers import length_mm
from archive.pixels.rendering.volumetric.planes import PlanarView, method_of, planar_view_of
from archive.pixels.rendering.volumetric.refusals import refused
from archive.pixels.rendering.volumetric.shading import shading_of
from archive.pixels.rendering.volumetric.volumes import Volume
from archive.pixels.windowing import WHITE

Shown = NDArray[np.uint8]
VolumeOf = Callable[[Input], Volume | None]
_MOVING = frozenset(["INPUT_SEQ", "CROSSCURVE", "FLYTHROUGH"])
_RENDERED = "VOLUME_RENDERED"


@dataclass(frozen=True, slots=True)
class GreyPlane:
    """One input in grey, perhaps white for black."""

    view: PlanarView
    shown: Input
    method: str
    is_inverted: bool

    @property
    def inputs(self) -> list[Input]:
        return [self.shown]

    def samples(self, lattice: Lattice) -> float:
        """How many are taken for one pixel of a volume like this."""
        return float(len(self.view.steps(lattice.finest_mm)))

    def picture(self, volume_of: VolumeOf, *, size: tuple[int, int]) -> Shown:
        volume = volume_of(self.shown)
        if volume is None:
            return np.zeros((size[1], size[0]), np.uint8)
        shares = self.view.shown(volume, size=size, method=self.method).astype(np.float64)
        return _displayed(np.nan_to_num(1 - shares if self.is_inverted else shares))


@dataclass(frozen=True, slots=True)
class ColourPlane:
    """Inputs in colours, each with its component and method, laid over each other by the compositors."""

    view: PlanarView
    components: Sequence[tuple[Input, str, Classification]]
    compositors: Sequence[Compositor]

    @property
    def inputs(self) -> list[Input]:
        return [shown for shown, _method, _classification in self.components]

    def samples(self, lattice: Lattice) -> float:
        """How many are taken for one pixel of a volume like this."""
        return float(len(self.view.steps(lattice.finest_mm)) * len(self.components))

    def picture(self, volume_of: VolumeOf, *, size: tuple[int, int]) -> Shown:
        """One volume is held at a time."""
        colours = []
        for shown, method, classification in self.components:
            volume = volume_of(shown)
            shares = np.full((size[1], size[0]), np.nan, np.float32)
            if volume is not None:
                shares = self.view.shown(volume, size=size, method=method)
            colours.append(classification.colours(shares))
        return _displayed(composed(colours, self.compositors))


@dataclass(frozen=True, slots=True)
class Rendering3D:
    """One input, seen from a viewpoint."""

    view: Camera
    shown: Input
    casting: Casting

    @property
    def inputs(self) -> list[Input]:
        return [self.shown]

    def samples(self, lattice: Lattice) -> float:
        """How many are taken for one pixel of a volume like this."""
        return min(self.view.far - self.view.near, lattice.diagonal_mm) / lattice.finest_mm

    def picture(self, volume_of: VolumeOf, *, size: tuple[int, int]) -> Shown:
        volume = volume_of(self.shown)
        if volume is None:
            return np.zeros((size[1], size[0], 3), np.uint8)
        return _displayed(self.casting.picture(volume, self.view, size=size))


VolumetricView = GreyPlane | ColourPlane | Rendering3D


def volumetric_view_of(state: Dataset) -> VolumetricView:
    """Raises PixelsUnreadable with the reason if the state is of another class or cannot be followed."""
    kind = state.get("SOPClassUID")
    if kind in {SEGMENTED_VOLUME, SEVERAL_VOLUMES}:
        raise refused("VOLUMETRIC_SEGMENTED" if kind == SEGMENTED_VOLUME else "VOLUMETRIC_MULTIPLE")
    if kind not in {GREY_PLANE, COLOUR_PLANE, VOLUME}:
        raise unreadable("PRESENTATION_UNSUITED")
    if state.get("PresentationAnimationStyle") in _MOVING:
        raise refused("VOLUMETRIC_ANIMATION")
    if state.get("VolumetricAnnotationSequence") or state.get(
        "VolumetricPresentationInputAnnotationSequence"
    ):
        raise refused("VOLUMETRIC_ANNOTATION")
    inputs = inputs_of(state)
    if kind == GREY_PLANE:
        return _grey_plane(state, inputs)
    return _colour_plane(state, inputs) if kind == COLOUR_PLANE else _rendering(state, inputs)


def _grey_plane(state: Dataset, inputs: dict[int, Input]) -> GreyPlane:
    if len(inputs) != 1:
        raise refused("VOLUMETRIC_INPUTS")
    shape = state.get("PresentationLUTShape")
    if shape not in {"IDENTITY", "INVERSE"}:
        raise unreadable("PRESENTATION_UNSUITED")
    (shown,) = inputs.values()
    return GreyPlane(planar_view_of(state), shown, method_of(state, shown.item), shape == "INVERSE")


def _colour_plane(state: Dataset, inputs: dict[int, Input]) -> ColourPlane:
    """An opacity that is missing matters only where there is something to be composed."""
    components = _components(state, inputs)
    if len(components) > 1 and any(classification.is_opaque for _shown, classification in components):
        raise refused("VOLUMETRIC_ALPHA")
    return ColourPlane(
        planar_view_of(state),
        [(shown, method_of(state, shown.item), classification) for shown, classification in components],
        compositors_of(state, inputs=len(components)),
    )


def _rendering(state: Dataset, inputs: dict[int, Input]) -> Rendering3D:
    streams = list(state.get("VolumeStreamSequence") or ())
    if len(streams) != 1 or len(inputs) != 1:
        raise refused("VOLUMETRIC_INPUTS")
    components = _components(streams[0], inputs)
    if len(components) != 1:
        raise refused("VOLUMETRIC_INPUTS")
    (shown, classification), method = components[0], str(state.get("RenderingMethod"))
    if method not in {_RENDERED, "MAXIMUM_IP", "MINIMUM_IP"}:
        raise refused("VOLUMETRIC_METHOD")
    if classification.is_opaque == (method == _RENDERED):
        raise refused("VOLUMETRIC_ALPHA")
    step_mm = length_mm(state, "SamplingStepSize") if state.get("SamplingStepSize") is not None else None
    return Rendering3D(camera_of(state), shown, Casting(method, classification, shading_of(state), step_mm))


def _components(item: Dataset, inputs: dict[int, Input]) -> list[tuple[Input, Classification]]:
    found = [
        classification_of(one) for one in item.get("PresentationStateClassificationComponentSequence") or ()
    ]
    if not 0 < len(found) <= MOST_INPUTS or any(one.input_number not in inputs for one in found):
        raise refused("VOLUMETRIC_INPUTS")
    return [(inputs[one.input_number], one) for one in found]


def _displayed(shares: NDArray[np.float64]) -> Shown:
    shown: Shown = (np.clip(shares, 0, 1) * WHITE + 0.5).astype(np.uint8)
    return shown
