"""Digital subtraction: what a presentation state takes away from a frame of a film, frames of the same film.

    stored -> modality -> mean of contrast frames - mean of mask frames, shifted -> VOI -> presentation

X-ray values are subtracted as logarithms: by the state's modality transformation, or where it has none and the image
says that its values are linear to the intensity, by one that keeps their range.

Reference  PS3.4 §N.2.1.2 (mask transformation), PS3.3 §C.11.13 (presentation state mask), §C.7.6.10 (mask)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.errors import unreadable
from archive.pixels.functional_groups import frame_value
from archive.pixels.rendering.grey import GreyScale, number
from archive.pixels.rendering.resampling import resampled
from archive.pixels.rendering.tables import Values

MOST_AVERAGED = 64
SamplesOf = Callable[[int], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Film:
    """An image of several frames, of which the samples can be had by number, counted from 1."""

    header: Dataset
    frames: int
    samples: SamplesOf


@dataclass(frozen=True, slots=True)
class Subtraction:
    """One item of a mask module: either the frames that are the `mask`, or how many frames `back` it lies.

    Units  `shift` in pixels, by which the mask moves towards lower rows and towards the left (0028,6114).
    """

    mask: tuple[int, ...] = ()
    back: int | None = None
    averaged: int = 1
    shift: tuple[float, float] = (0.0, 0.0)
    ranges: tuple[tuple[int, int], ...] = ()

    def differences(self, film: Film, frame: int, grey: GreyScale) -> tuple[Values, GreyScale] | None:
        """The frame's differences and what shows them; None for a frame from which nothing is taken away.

        Raises  PixelsUnreadable PRESENTATION_UNSUITED if the mask is no frame of the film.
        """
        mask = self._mask_of(frame, film.frames)
        if not mask:
            return None
        if not all(1 <= one <= film.frames for one in mask):
            raise unreadable("PRESENTATION_UNSUITED")
        scale = _Logarithm.of(film.header, frame, grey)
        contrast = range(frame, min(frame + self.averaged, film.frames + 1))
        taken = self._shifted(_mean(film, mask, scale))
        return _mean(film, contrast, scale) - taken, grey.of_differences()

    def _mask_of(self, frame: int, frames: int) -> tuple[int, ...]:
        if self.ranges and not any(first <= frame <= last for first, last in self.ranges):
            return ()
        if self.back is None:
            return self.mask
        is_there = 1 <= frame - self.back <= frames
        return (frame - self.back,) if is_there else ()

    def _shifted(self, mask: Values) -> Values:
        """At the borders, where the mask that was moved has no pixels, its nearest ones count."""
        down, left = self.shift
        if not (down or left):
            return mask
        rows, columns = mask.shape
        row = np.repeat(np.arange(rows)[:, None] - down, columns, axis=1)
        column = np.repeat(np.arange(columns)[None, :] + left, rows, axis=0)
        return resampled(mask, row, column, padding=None).samples


@dataclass(frozen=True, slots=True)
class _Logarithm:
    """From stored to modality values, and from those to their logarithm where they are linear to the intensity."""

    grey: GreyScale
    largest: float | None

    @classmethod
    def of(cls, header: Dataset, frame: int, grey: GreyScale) -> _Logarithm:
        relation = frame_value(
            header, frame, "FramePixelDataPropertiesSequence", "PixelIntensityRelationship"
        )
        is_as_stored = grey.modality is None and (grey.slope, grey.intercept) == (1.0, 0.0)
        if relation != "LIN" or not is_as_stored or grey.stored_range is None:
            return cls(grey, None)
        return cls(grey, grey.stored_range[1])

    def values(self, samples: NDArray[Any]) -> Values:
        found = self.grey.modality_values(samples)
        if self.largest is None:
            return found
        logarithms: Values = np.log1p(np.maximum(found, 0)) * (self.largest / np.log1p(self.largest))
        return logarithms


def subtraction_of(state: Dataset) -> Subtraction | None:
    """What the state takes away; None if it shows frames as they are.

    Raises  PixelsUnreadable PRESENTATION_UNSUITED for what a presentation state cannot ask for (PS3.3 §C.11.13).
    """
    items = state.get("MaskSubtractionSequence")
    if not items or state.get("RecommendedViewingMode") == "NAT":
        return None
    item = items[0]
    operation = str(item.get("MaskOperation"))
    mask = tuple(_numbers(item.get("MaskFrameNumbers"))) if operation == "AVG_SUB" else ()
    averaged = int(number(item.get("ContrastFrameAveraging"), 1))
    is_known = operation == "TID" or (operation == "AVG_SUB" and 0 < len(mask) <= MOST_AVERAGED)
    if not is_known or not 1 <= averaged <= MOST_AVERAGED:
        raise unreadable("PRESENTATION_UNSUITED")
    shift = item.get("MaskSubPixelShift") or (0.0, 0.0)
    ends = _numbers(item.get("ApplicableFrameRange"))
    return Subtraction(
        mask=mask,
        back=int(number(item.get("TIDOffset"), 1)) if operation == "TID" else None,
        averaged=averaged,
        shift=(float(shift[0]), float(shift[1])),
        ranges=tuple(zip(ends[::2], ends[1::2], strict=False)),
    )


def _mean(film: Film, frames: Sequence[int], scale: _Logarithm) -> Values:
    total: Values = sum((scale.values(film.samples(one)) for one in frames), start=np.zeros(()))
    return total / len(frames)


def _numbers(value: Any) -> list[int]:
    """One number or many."""
    if value is None:
        return []
    return [int(value)] if isinstance(value, int) else [int(one) for one in value]
