"""Several sets of images blended step by step: what an advanced blending presentation state says, and pixels.

    grey input    stored -> modality -> threshold -> VOI -> palette, or grey in all three colours
    step          FOREGROUND  first * opacity + second * (1 - opacity)
                  EQUAL       the mean
    shown         the result of the step that no other one takes

What is padding in one input takes no part in a step: the others are shown alone. All inputs lie on the pixels of one
of them. The module names no modality transformation, so that is the image's own; a state that names one nevertheless,
as some do, is followed. Thresholds are for what was measured, also between two pixels.
Reference  PS3.3 §A.33.7, §C.11.33, §C.11.34, PS3.4 §N.2.6 (advanced blending transformations)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.rendering.colour import Colour, colour_shares
from archive.pixels.rendering.grey import GreyScale, number
from archive.pixels.rendering.presentation import grey_by
from archive.pixels.rendering.references import Named, images_named
from archive.pixels.rendering.resampling import Mask
from archive.pixels.rendering.tables import Values
from archive.pixels.rendering.thresholds import Threshold, thresholds_of
from archive.pixels.rendering.volumes import GreyOf, Laid, Layer, Superimposed, laid_on, shares_of
from archive.pixels.windowing import WHITE

ADVANCED_BLENDING = "1.2.840.10008.5.1.4.1.1.11.8"
MOST_INPUTS = 16
MOST_PIXELS = 1 << 25  # of all inputs and results together


@dataclass(frozen=True, slots=True)
class Blended:
    """Shares of red, green and blue, and where there is anything. What is padding is black."""

    shares: Values
    is_there: Mask


@dataclass(frozen=True, slots=True)
class Input:
    """A set of images of one series, and how they are shown. Without images it is the whole series."""

    number: int
    item: Dataset
    images: Mapping[str, Named]
    thresholds: Sequence[Threshold]

    @property
    def palette(self) -> Dataset | None:
        palettes = self.item.get("PaletteColorLookupTableSequence") or ()
        return palettes[0] if palettes else None

    @property
    def is_geometry(self) -> bool:
        """Whether the pixels of the picture are those of this input (Geometry for Display)."""
        return bool(self.item.get("GeometryForDisplay") == "TRUE")

    @property
    def is_time_series(self) -> bool:
        return bool(self.item.get("TimeSeriesBlending") == "TRUE")

    def coloured(self, laid: Laid, layers: Sequence[Layer], *, grey_of: GreyOf) -> Blended:
        """The input in its colours. `grey_of` says how each of the layers `laid` comes from is shown."""
        if laid.values.ndim == 3:
            return Blended(laid.values * laid.is_there[..., None], laid.is_there)
        is_there = laid.is_there
        if self.thresholds:
            is_there = is_there & np.any([each.holds(laid.values) for each in self.thresholds], axis=0)
        shares = shares_of(replace(laid, is_there=is_there), layers, grey_of=grey_of)
        palette = self.palette
        colours = (
            np.repeat(shares[..., None], 3, axis=2) if palette is None else colour_shares(palette, shares)
        )
        return Blended(colours * is_there[..., None], is_there)

    def grey(self, layer: Layer) -> GreyScale:
        """How a frame of the input is shown. Raises PixelsUnreadable if it is none of it."""
        if self.images and layer.uid not in self.images:
            raise unreadable("PRESENTATION_UNSUITED")
        own = layer.grey
        grey = grey_by(self.item, image_uid=layer.uid, frame=layer.frame, grey=own)
        if "RescaleSlope" not in self.item and "ModalityLUTSequence" not in self.item:
            grey = replace(grey, modality=own.modality, slope=own.slope, intercept=own.intercept)
        return grey if self.palette is not None else replace(grey, is_inverted=own.is_inverted)


@dataclass(frozen=True, slots=True)
class Step:
    """One blending; `opacity` is that of the first of two inputs, and None where all are equal."""

    inputs: tuple[int, ...]
    opacity: float | None

    def of(self, given: Sequence[Blended]) -> Blended:
        if self.opacity is None:
            return _equal(given)
        return _foreground(*given, opacity=self.opacity)


@dataclass(frozen=True, slots=True)
class AdvancedBlending:
    """An advanced blending state: its inputs, and its steps by the numbers of their results; None is shown."""

    state: Dataset
    inputs: Mapping[int, Input]
    steps: Mapping[int | None, Step]

    @property
    def geometry(self) -> Input:
        """The input whose pixels are those of the picture; where the state leaves the choice, the first."""
        return next(
            (one for one in self.inputs.values() if one.is_geometry), next(iter(self.inputs.values()))
        )

    def picture(self, below: Layer, over: Sequence[Superimposed]) -> Colour:
        """RGB of 8 bits of a frame of the geometry's input.

        Raises  PixelsUnreadable: PRESENTATION_UNSUITED if an image is none of its input; PIXELS_TOO_LARGE.
        """
        if below.shape[0] * below.shape[1] * (len(self.inputs) + len(self.steps)) > MOST_PIXELS:
            raise unreadable("PIXELS_TOO_LARGE")
        nothing = Blended(np.zeros((*below.shape, 3)), np.zeros(below.shape, bool))
        known = dict.fromkeys(self.inputs, nothing)
        known[self.geometry.number] = self._of_geometry(below)
        for one in over:
            if one.number not in self.inputs or one.number == self.geometry.number:
                raise unreadable("PRESENTATION_UNSUITED")
            given = self.inputs[one.number]
            laid = laid_on(below, one, grey_of=given.grey)
            known[one.number] = given.coloured(laid, one.layers, grey_of=given.grey)
        shown = self._result(self.steps[None], known)
        picture: Colour = (shown.shares * WHITE + 0.5).astype(np.uint8)
        return picture

    def _of_geometry(self, below: Layer) -> Blended:
        given = self.geometry
        measured = below.measured(given.grey(below))
        laid = Laid(measured.values, measured.is_there, np.zeros(below.shape, np.int32))
        return given.coloured(laid, [below], grey_of=given.grey)

    def _result(self, step: Step, known: dict[int, Blended]) -> Blended:
        for one in step.inputs:
            if one not in known:
                known[one] = self._result(self.steps[one], known)
        return step.of([known[one] for one in step.inputs])


def advanced_blending_of(state: Dataset) -> AdvancedBlending:
    """Raises PixelsUnreadable PRESENTATION_UNSUITED if the state is of another class, or its steps make no picture."""
    given = [_input(one) for one in state.get("AdvancedBlendingSequence") or ()]
    inputs = {one.number: one for one in given}
    steps = [_step(one) for one in state.get("BlendingDisplaySequence") or ()]
    blending = AdvancedBlending(state, inputs, dict(steps))
    is_whole = 0 not in inputs and 0 < len(inputs) == len(given) <= MOST_INPUTS
    if state.get("SOPClassUID") != ADVANCED_BLENDING or not is_whole or len(blending.steps) != len(steps):
        raise unreadable("PRESENTATION_UNSUITED")
    if inputs.keys() & blending.steps.keys() or len(steps) > MOST_INPUTS or not _ends(blending):
        raise unreadable("PRESENTATION_UNSUITED")
    return blending


def _input(item: Dataset) -> Input:
    return Input(_number(item), item, images_named(item), thresholds_of(item))


def _step(item: Dataset) -> tuple[int | None, Step]:
    """The number of the result, and the step. Raises PixelsUnreadable if it is none."""
    inputs = tuple(_number(one) for one in item.get("BlendingDisplayInputSequence") or ())
    mode, opacity = item.get("BlendingMode"), number(item.get("RelativeOpacity"), None)
    is_foreground = mode == "FOREGROUND" and len(inputs) == 2 and opacity is not None and 0 <= opacity <= 1
    if not is_foreground and not (mode == "EQUAL" and inputs):
        raise unreadable("PRESENTATION_UNSUITED")
    result = None if item.get("BlendingInputNumber") is None else _number(item)
    return result, Step(inputs, float(opacity) if is_foreground else None)


def _number(item: Dataset) -> int:
    """The number of an input or result; 0, which is none, where it is not told."""
    return int(number(item.get("BlendingInputNumber"), 0))


def _ends(blending: AdvancedBlending) -> bool:
    """Whether a step is shown and every step takes inputs or results that do not depend on it."""
    known, left = set(blending.inputs), dict(blending.steps)
    while left:
        done = [result for result, step in left.items() if known.issuperset(step.inputs)]
        if not done:
            return False
        for result in done:
            del left[result]
        known |= {result for result in done if result is not None}
    return None in blending.steps


def _equal(given: Sequence[Blended]) -> Blended:
    count = np.sum([one.is_there for one in given], axis=0)
    total: Values = np.sum([one.shares for one in given], axis=0)
    return Blended(total / np.maximum(count, 1)[..., None], count > 0)


def _foreground(first: Blended, second: Blended, *, opacity: float) -> Blended:
    weight: NDArray[Any] = np.where(second.is_there, opacity, 1.0) * first.is_there
    other = np.where(first.is_there, 1 - opacity, 1.0) * second.is_there
    shares: Values = first.shares * weight[..., None] + second.shares * other[..., None]
    return Blended(shares, first.is_there | second.is_there)
