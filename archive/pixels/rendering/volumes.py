"""Frames that lie one behind the other, resampled onto the pixels of a picture: linearly in all three directions.

A frame is decoded when its turn comes and let go again, so a picture across a volume holds one frame of it at a time.
What is resampled is what was measured, and padding is nothing.

Reference  PS3.3 §C.11.14.1.1, §C.7.5.1.1.2 (padding)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.parsing import ParsedObject
from archive.pixels.rendering.colour import colour_of, is_colour
from archive.pixels.rendering.deformations import Field
from archive.pixels.rendering.grey import GreyScale, grey_scale_of
from archive.pixels.rendering.planes import Numbers, Pixels, Places, Plane, plane_of
from archive.pixels.rendering.resampling import Mask, Resampled, resampled
from archive.pixels.rendering.stacks import Stack
from archive.pixels.walking import Data
from archive.pixels.windowing import WHITE


@dataclass(frozen=True, slots=True)
class Layer:
    """A frame of an object, not yet decoded."""

    parsed: ParsedObject
    data: Data
    frame: int

    @property
    def header(self) -> Dataset:
        return self.parsed.header

    @property
    def uid(self) -> str:
        return str(self.header.get("SOPInstanceUID", ""))

    @property
    def is_colour(self) -> bool:
        return is_colour(self.header)

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.header.get("Rows") or 0), int(self.header.get("Columns") or 0)

    @property
    def grey(self) -> GreyScale:
        """The transformations the image names itself."""
        return grey_scale_of(self.header, self.frame)

    @property
    def plane(self) -> Plane:
        """Raises PixelsUnreadable if the image does not say where it lies."""
        plane = plane_of(self.header, self.frame)
        if plane is None:
            raise unreadable("PRESENTATION_UNSUITED")
        return plane

    def measured(self, grey: GreyScale) -> Measured:
        """Decoded: modality values by the transformation of `grey`, or shares of red, green and blue."""
        samples = self.parsed.samples(self.data, self.frame)
        if self.is_colour:
            return Measured(colour_of(self.header, samples) / np.float64(WHITE), np.ones(self.shape, bool))
        is_there = np.ones(samples.shape, bool) if grey.padding is None else samples != grey.padding
        return Measured(grey.modality_values(samples), is_there)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured at pixels, and where anything was.

    Shapes  is_there (rows, columns); values alike, or with three shares of colours behind.
    """

    values: NDArray[np.floating[Any]]
    is_there: Mask


@dataclass(frozen=True, slots=True)
class Superimposed:
    """The frames that are laid over a picture, in the order of their depth, and how they lie to it.

    `matrix` leads from the patient's coordinates of the picture to theirs, or to the registered ones, from which the
    `field` leads to theirs; None if they share a frame of reference. `number` tells one such volume from another
    (Blending Input Number).
    """

    layers: Sequence[Layer]
    spacing_mm: float
    matrix: Numbers | None = None
    number: int = 0
    field: Field | None = None


@dataclass(frozen=True, slots=True)
class Laid(Measured):
    """What lies over a picture, on its pixels. `nearest` is the layer each pixel is nearest to."""

    nearest: NDArray[np.int32]


GreyOf = Callable[[Layer], GreyScale]


def laid_on(below: Layer, over: Superimposed, *, grey_of: GreyOf) -> Laid:
    """The superimposed frames on the pixels of the one below.

    Raises  PixelsUnreadable: PRESENTATION_UNSUITED if they are not told to lie in the same coordinates.
    """
    planes = [layer.plane for layer in over.layers]
    frames = {plane.frame_of_reference for plane in planes}
    is_told = over.matrix is not None or over.field is not None
    if not is_told and frames != {below.plane.frame_of_reference}:
        raise unreadable("PRESENTATION_UNSUITED")
    grid, (rows, columns) = below.plane.grid.moved(over.matrix), below.shape
    places = grid if over.field is None else over.field.deformed(grid, rows=rows, columns=columns)
    return _laid(over, planes, places, below.shape, grey_of)


def _laid(
    over: Superimposed, planes: Sequence[Plane], places: Places, shape: tuple[int, int], grey_of: GreyOf
) -> Laid:
    stack = Stack(planes, spacing_mm=over.spacing_mm)
    depth = np.broadcast_to(stack.depth(places, rows=shape[0], columns=shape[1]), shape)
    total = _Total(shape, is_colour=over.layers[0].is_colour)
    for at, (layer, plane) in enumerate(zip(over.layers, planes, strict=True)):
        rows, columns = np.nonzero(stack.is_near(at, depth))
        share = stack.share(at, depth[rows, columns])
        counts = share > 0
        if not counts.any():
            continue
        here = rows[counts], columns[counts]
        measured = layer.measured(grey_of(layer))
        found = resampled(measured.values, *plane.indices(places, here), padding=~measured.is_there)
        total.add(at, found, share[counts], here)
    return Laid(total.values, total.is_met & ~total.is_lacking, total.nearest)


class _Total:
    """What frames are added up to, each with its share of some pixels."""

    def __init__(self, shape: tuple[int, int], *, is_colour: bool) -> None:
        self.values = np.zeros((*shape, 3) if is_colour else shape)
        self.is_met, self.is_lacking = np.zeros(shape, bool), np.zeros(shape, bool)
        self.nearest, self._most = np.zeros(shape, np.int32), np.zeros(shape)

    def add(self, at: int, found: Resampled, share: Numbers, here: Pixels) -> None:
        self.values[here] += found.samples * (share if found.samples.ndim == 1 else share[:, None])
        self.is_met[here] = True
        self.is_lacking[here] |= ~found.is_there
        is_nearest = share > self._most[here]
        self.nearest[here] = np.where(is_nearest, at, self.nearest[here])
        self._most[here] = np.where(is_nearest, share, self._most[here])


def shares_of(laid: Laid, layers: Sequence[Layer], *, grey_of: GreyOf) -> Numbers:
    """Shares of white by the VOI of the nearest layer, where there is anything."""
    shares = np.zeros(laid.values.shape)
    for at in np.unique(laid.nearest[laid.is_there]):
        here = laid.is_there & (laid.nearest == at)
        shares[here] = grey_of(layers[at]).of_modality_values().shares(laid.values[here])
    return shares
