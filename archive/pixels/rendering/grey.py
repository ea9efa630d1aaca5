"""From stored values to grey: modality, VOI and presentation transformation, in the order of the standard.

    stored -> modality (rescale or table) -> VOI (window or table) -> presentation (shape or table) -> 0..255

Where the image names no VOI, its smallest value becomes black and its largest white.
Reference  PS3.4 §N.2 (grayscale transformation sequence), PS3.3 §C.11.1, §C.11.2, §C.11.4
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.functional_groups import frame_value
from archive.pixels.rendering.tables import Table, Values, table_of
from archive.pixels.windowing import WHITE, VoiFunction, Window, is_valid, share_of

Grey = NDArray[np.uint8]
Through = Callable[[Values], Grey]
_SEGMENTATIONS = frozenset(["1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"])
_MOST_ENTRIES = 1 << 17


def as_grey(shares: Values) -> Grey:
    """Shares of white, from 0 to 255."""
    return (shares * WHITE + 0.5).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class GreyScale:
    """The three transformations. Tables go before a rescale and before a window.

    `stored_range` are the least and the largest value the bits of a sample can hold. Where there is no VOI, what was
    measured reaches from black to white; where `is_full_range`, what could have been.
    """

    slope: float = 1.0
    intercept: float = 0.0
    modality: Table | None = None
    window: Window | None = None
    function: VoiFunction = VoiFunction.LINEAR
    voi: Table | None = None
    presentation: Table | None = None
    is_inverted: bool = False
    padding: int | None = None
    stored_range: tuple[float, float] | None = None
    is_full_range: bool = False

    def with_window(self, window: Window, function: VoiFunction) -> GreyScale:
        return replace(self, window=window, function=function, voi=None)

    def with_full_range(self) -> GreyScale:
        """Without a VOI: all values the modality transformation can give, as states mean it (PS3.3 §C.11.6.1)."""
        return replace(self, window=None, voi=None, is_full_range=True)

    def of_differences(self, taken: float = 1.0) -> GreyScale:
        """For what is left of modality values when a share of others is `taken` away from them: signed, of any
        between the two that lie farthest apart (PS3.4 §N.2.1.2)."""
        least, most = self._possible_range()
        return replace(
            self,
            slope=1.0,
            intercept=0.0,
            modality=None,
            padding=None,
            stored_range=(least - taken * most, most - taken * least) if most > least else None,
        )

    def of_modality_values(self) -> GreyScale:
        """For what was measured instead of what is stored: the modality transformation has been done."""
        ends = self.stored_range
        if self.modality is not None:
            ends = 0.0, float(self.modality.largest)
        elif ends is not None:
            first, second = (end * self.slope + self.intercept for end in ends)
            ends = min(first, second), max(first, second)
        return replace(self, slope=1.0, intercept=0.0, modality=None, padding=None, stored_range=ends)

    def shown(self, samples: NDArray[Any], *, through: Through = as_grey) -> Grey:
        """What `through` makes of the shares of white: display values, or colours.

        Whole numbers of few values are looked up, so the arithmetic is done once for each.
        """
        if samples.dtype.kind not in "iu" or samples.size == 0:
            lowest, highest = self._modality_range(samples) if self._is_open else (0.0, 0.0)
            return through(self._shares(samples, lowest, highest))
        least, most = int(samples.min()), int(samples.max())
        lowest, highest = self._modality_range(samples, ends=(least, most)) if self._is_open else (0.0, 0.0)
        if most - least >= min(_MOST_ENTRIES, samples.size):
            return through(self._shares(samples, lowest, highest))
        values = np.arange(least, most + 1, dtype=np.int64)
        return _looked_up(samples, values, through(self._shares(values, lowest, highest)))

    def shares(self, samples: NDArray[Any]) -> Values:
        """Shares of white, from 0 to 1, of samples that may be fractions."""
        lowest, highest = self._modality_range(samples) if self._is_open else (0.0, 0.0)
        return self._shares(samples, lowest, highest)

    @property
    def _is_open(self) -> bool:
        return self.window is None and self.voi is None

    def modality_values(self, stored: NDArray[Any]) -> Values:
        """What the modality measured, by the table or the rescale."""
        if self.modality is not None:
            return self.modality.of_values(stored)
        return stored.astype(np.float64) * self.slope + self.intercept

    def _possible_range(self) -> tuple[float, float]:
        """The least and the largest modality value there can be; the same where the image does not say."""
        if self.modality is not None:
            return 0.0, float(self.modality.largest)
        ends = [end * self.slope + self.intercept for end in self.stored_range or (0.0, 0.0)]
        return min(ends), max(ends)

    def _modality_range(
        self, samples: NDArray[Any], *, ends: tuple[float, float] | None = None
    ) -> tuple[float, float]:
        """The least and largest modality value that was measured, or that could have been.

        `ends` are the least and largest of the samples, where they are known.
        """
        if self.is_full_range and self.stored_range is not None:
            if self.modality is not None:
                return 0.0, float(self.modality.largest)
            ends = self.stored_range
        elif self.padding is not None or self.modality is not None:
            ends = None
        if ends is not None:
            values = self.modality_values(np.array(ends))
            return float(values.min()), float(values.max())
        kept = samples if self.padding is None else samples[samples != self.padding]
        kept = kept if kept.size else samples
        if kept.dtype.kind == "f":
            kept = kept[np.isfinite(kept)]
        if kept.size == 0:
            return 0.0, 0.0
        values = self.modality_values(
            np.unique(kept) if self.modality else np.array([kept.min(), kept.max()])
        )
        return float(values.min()), float(values.max())

    def _shares(self, stored: NDArray[Any], lowest: float, highest: float) -> Values:
        values = self.modality_values(stored)
        if self.voi is not None:
            share: Values = self.voi.of_values(values) / self.voi.largest
        elif self.window is not None:
            share = share_of(values, window=self.window, function=self.function)
        else:
            share = (values - lowest) / ((highest - lowest) or 1.0)
        share = np.clip(np.nan_to_num(share), 0, 1)
        if self.presentation is not None:
            share = self.presentation.of_shares(share)
        return 1 - share if self.is_inverted else share


def _looked_up(samples: NDArray[Any], values: NDArray[np.int64], shown: Grey) -> Grey:
    """What is shown of each sample, `shown` being that of the values from the least to the largest.

    Samples of 16 bits, signed or not, are their own index into a table of all there can be.
    """
    if samples.dtype.itemsize == 2:
        every = np.zeros((1 << 16, *shown.shape[1:]), np.uint8)
        every[values & 0xFFFF] = shown
        return every.take(samples.astype(samples.dtype.newbyteorder("="), copy=False).view(np.uint16), axis=0)
    index = samples if values[0] == 0 else samples.astype(np.int64) - values[0]
    looked_up: Grey = shown[index]
    return looked_up


def grey_scale_of(header: Dataset, frame: int) -> GreyScale:
    """The transformations the image itself names for one frame. Of VOI, a table goes before windows."""
    is_signed = bool(header.get("PixelRepresentation"))
    group = "PixelValueTransformationSequence"
    function = voi_function(frame_value(header, frame, "FrameVOILUTSequence", "VOILUTFunction"))
    modality, voi = header.get("ModalityLUTSequence"), header.get("VOILUTSequence")
    padding = header.get("PixelPaddingValue")
    return GreyScale(
        slope=number(frame_value(header, frame, group, "RescaleSlope"), 1.0) or 1.0,
        intercept=number(frame_value(header, frame, group, "RescaleIntercept"), 0.0),
        modality=table_of(modality[0], is_signed=is_signed) if modality else None,
        window=header_window(
            frame_value(header, frame, "FrameVOILUTSequence", "WindowCenter"),
            frame_value(header, frame, "FrameVOILUTSequence", "WindowWidth"),
            function,
        ),
        function=function,
        voi=table_of(voi[0], is_signed=is_signed) if voi else None,
        is_inverted=_is_inverted(header),
        padding=padding if isinstance(padding, int) and not _is_segmentation(header) else None,
        stored_range=_stored_range(header, is_signed=is_signed),
    )


def _stored_range(header: Dataset, *, is_signed: bool) -> tuple[int, int] | None:
    bits = header.get("BitsStored")
    if not isinstance(bits, int) or not 0 < bits <= 32:
        return None
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)


def _is_segmentation(header: Dataset) -> bool:
    """In a map of labels what is padding is shown as what lies outside of every segment."""
    return str(header.get("SOPClassUID", "")) in _SEGMENTATIONS


def header_window(center: Any, width: Any, function: VoiFunction) -> Window | None:
    """The first window named; None if there is none, or one the standard does not allow."""
    first, second = number(center, None), number(width, None)
    if first is None or second is None:
        return None
    window = Window(first, second)
    return window if is_valid(window, function) else None


def voi_function(value: Any) -> VoiFunction:
    try:
        return VoiFunction(str(value or "LINEAR").strip().upper())
    except ValueError:
        return VoiFunction.LINEAR


def number(value: Any, default: Any) -> Any:
    """The first of one or many numbers; `default` where there is none to be read."""
    first = value[0] if hasattr(value, "__getitem__") and not isinstance(value, str) and len(value) else value
    try:
        read = float(first)
    except (TypeError, ValueError):
        return default
    return read if np.isfinite(read) else default


def _is_inverted(header: Dataset) -> bool:
    shape = header.get("PresentationLUTShape")
    return bool(shape == "INVERSE" if shape else header.get("PhotometricInterpretation") == "MONOCHROME1")
