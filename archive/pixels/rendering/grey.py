"""From stored values to grey: modality, VOI and presentation transformation, in the order of the standard.

    stored -> modality (rescale or table) -> VOI (window or table) -> presentation (shape or table) -> 0..255

Where the image names no VOI, its smallest value becomes black and its largest white.
Reference  PS3.4 §N.2 (grayscale transformation sequence), PS3.3 §C.11.1, §C.11.2, §C.11.4
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from archive.pixels.functional_groups import frame_value
from archive.pixels.rendering.tables import Table, Values, table_of
from archive.pixels.windowing import WHITE, VoiFunction, Window, is_valid, share_of

Grey = NDArray[np.uint8]
_SEGMENTATIONS = frozenset(["1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"])
_MOST_ENTRIES = 1 << 17


@dataclass(frozen=True, slots=True)
class GreyScale:
    """The three transformations. Tables go before a rescale and before a window."""

    slope: float = 1.0
    intercept: float = 0.0
    modality: Table | None = None
    window: Window | None = None
    function: VoiFunction = VoiFunction.LINEAR
    voi: Table | None = None
    presentation: Table | None = None
    is_inverted: bool = False
    padding: int | None = None

    def with_window(self, window: Window, function: VoiFunction) -> GreyScale:
        return replace(self, window=window, function=function, voi=None)

    def shown(self, samples: NDArray[Any]) -> Grey:
        """Display values. Whole numbers of few values are looked up, so the arithmetic is done once for each."""
        lowest, highest = self._modality_range(samples) if self._is_open else (0.0, 0.0)
        if samples.dtype.kind not in "iu" or samples.size == 0:
            return self._grey(samples, lowest, highest)
        least, most = int(samples.min()), int(samples.max())
        if most - least >= min(_MOST_ENTRIES, samples.size):
            return self._grey(samples, lowest, highest)
        table = self._grey(np.arange(least, most + 1, dtype=np.int64), lowest, highest)
        index = samples if least == 0 else samples.astype(np.int32) - least
        looked_up: Grey = table[index]
        return looked_up

    @property
    def _is_open(self) -> bool:
        return self.window is None and self.voi is None

    def _modality(self, stored: NDArray[Any]) -> Values:
        if self.modality is not None:
            return self.modality.of_values(stored)
        return stored.astype(np.float64) * self.slope + self.intercept

    def _modality_range(self, samples: NDArray[Any]) -> tuple[float, float]:
        """The least and largest modality value that was measured."""
        kept = samples if self.padding is None else samples[samples != self.padding]
        kept = kept if kept.size else samples
        if kept.dtype.kind == "f":
            kept = kept[np.isfinite(kept)]
        if kept.size == 0:
            return 0.0, 0.0
        values = self._modality(np.unique(kept) if self.modality else np.array([kept.min(), kept.max()]))
        return float(values.min()), float(values.max())

    def _grey(self, stored: NDArray[Any], lowest: float, highest: float) -> Grey:
        values = self._modality(stored)
        if self.voi is not None:
            share: Values = self.voi.of_values(values) / self.voi.largest
        elif self.window is not None:
            share = share_of(values, window=self.window, function=self.function)
        else:
            share = (values - lowest) / ((highest - lowest) or 1.0)
        share = np.clip(np.nan_to_num(share), 0, 1)
        if self.presentation is not None:
            share = self.presentation.of_shares(share)
        if self.is_inverted:
            share = 1 - share
        return (share * WHITE + 0.5).astype(np.uint8)


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
    )


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
