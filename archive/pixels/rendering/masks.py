"""Digital subtraction: what a presentation state takes away from a frame of a film, frames of the same film.

    stored -> logarithm -> mean of contrast frames - mean of mask frames, shifted -> VOI -> presentation

X-ray values are subtracted as logarithms: by the transformation of the state, or where it has none and the image says
that its values are linear to the intensity, by one that keeps their range.

Reference  PS3.4 §N.2.1.2 and §N.2.5.1 (mask transformation), PS3.3 §C.11.13 (presentation state mask), §C.8.19.7.1
           (mask visibility)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.functional_groups import frame_value
from archive.pixels.rendering.grey import GreyScale
from archive.pixels.rendering.mask_frames import MaskFrames, mask_frames_of
from archive.pixels.rendering.mask_shifts import Shift, shift_of, shifted
from archive.pixels.rendering.tables import Values

# Enumerated: what REV_TID and NONE are elsewhere, these states may not ask for (PS3.3 §C.11.13).
OPERATIONS = frozenset(["AVG_SUB", "TID"])
SamplesOf = Callable[[int], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Film:
    """An image of several frames, of which the samples can be had by number, counted from 1."""

    header: Dataset
    frames: int
    samples: SamplesOf


@dataclass(frozen=True, slots=True)
class Subtraction:
    """What is taken away from one frame. Of the mask, the share `visibility` is left to be seen.

    `scale_of` tells the modality transformation of each frame, which may be different for mask and contrast.
    """

    frames: MaskFrames
    scale_of: Callable[[int], GreyScale]
    shifts: tuple[Shift, ...] = ()
    visibility: float = 0.0

    def differences(self, film: Film, frame: int) -> tuple[Values, GreyScale] | None:
        """The frame's differences and what shows them; None for a frame from which nothing is taken away.

        Raises  PixelsUnreadable PRESENTATION_UNSUITED if the mask is no frame of the film.
        """
        mask = self.frames.mask_of(frame, film.frames)
        if not mask:
            return None
        contrast = self.frames.contrast_of(frame, film.frames)
        taken = 1 - self.visibility
        left = self._mean(film, contrast) - taken * shifted(self._mean(film, mask), self.shifts)
        return left, self.scale_of(frame).of_differences(taken)

    def _mean(self, film: Film, frames: Sequence[int]) -> Values:
        values = (
            _Logarithm.of(film.header, one, self.scale_of(one)).values(film.samples(one)) for one in frames
        )
        total: Values = sum(values, start=np.zeros(()))
        return total / len(frames)


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


def subtraction_of(
    state: Dataset, scale_of: Callable[[int], GreyScale], frames: tuple[int, ...] = ()
) -> Subtraction | None:
    """What a grayscale or pseudo-colour state takes away; None if it shows frames as they are.

    `frames` are those of the image that the state is for: they are its applicable range (PS3.3 §C.11.13).
    Raises  PixelsUnreadable: MASK_OPERATION, PRESENTATION_UNSUITED.
    """
    items = state.get("MaskSubtractionSequence")
    if not items or state.get("RecommendedViewingMode") == "NAT":
        return None
    of_frames = mask_frames_of(items[0], allowed=OPERATIONS, frames=frames)
    return Subtraction(of_frames, scale_of, shifts=(shift_of(items[0]),))
