"""One frame of an instance as numbers: decoded, in colour or in modality values, with what showing it needs.

Reference  PS3.3 §C.7.6.3 (image pixel), §C.11.1 (modality LUT), §C.11.2 (VOI LUT)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi

from archive.pixels.functional_groups import frame_value
from archive.pixels.parsing import ParsedObject
from archive.pixels.rendering.colour import colour_of, is_colour
from archive.pixels.walking import Data
from archive.pixels.windowing import VoiFunction, Window, is_valid


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame.

    Shapes  samples (rows, columns) as stored for grey, (rows, columns, 3) of 8 bits for colour.
    Units   slope and intercept lead from stored to modality values; row_spacing and column_spacing in mm
            where the header says, else relative to one another.
    """

    samples: NDArray[Any]
    slope: float = 1.0
    intercept: float = 0.0
    is_inverted: bool = False
    window: Window | None = None
    function: VoiFunction = VoiFunction.LINEAR
    voi_shown: NDArray[np.uint8] | None = None
    padding: int | None = None
    row_spacing: float = 1.0
    column_spacing: float = 1.0
    is_calibrated: bool = False

    @property
    def is_colour(self) -> bool:
        return self.samples.ndim == 3

    @property
    def size_bytes(self) -> int:
        return self.samples.nbytes + (self.voi_shown.nbytes if self.voi_shown is not None else 0)

    def modality_values(self) -> NDArray[np.floating]:
        """What the modality measured: stored values through the rescale (PS3.3 §C.11.1.1.2)."""
        exact = np.dtype(np.float32 if self.samples.dtype.itemsize <= 2 else np.float64)
        values: NDArray[np.floating] = self.samples.astype(exact)
        values *= self.slope
        values += self.intercept
        return values

    def measured_values(self) -> NDArray[np.floating]:
        """The modality values without padding pixels (PS3.3 §C.7.5.1.1.2), for statistics."""
        values = self.modality_values()
        if self.padding is None:
            return values
        kept = values[self.samples != self.padding]
        return kept if kept.size else values


def decode_frame(parsed: ParsedObject, data: Data, *, frame: int = 1) -> Frame:
    """Decode one frame, counted from 1.

    Raises  PixelsUnreadable for anything that yields no picture; NotFound for a frame that is not there.
    """
    header, samples = parsed.header, parsed.samples(data, frame)
    return _colour(header, samples) if is_colour(header) else _grey(header, samples, frame)


def pixel_spacing(dataset: Dataset, *, frame: int = 1) -> tuple[float, float, bool]:
    """Distance of rows and of columns, and whether it is in mm or only a ratio (PS3.3 §10.7)."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        pair = _two_positive(frame_value(dataset, frame, "PixelMeasuresSequence", keyword))
        if pair:
            return (*pair, True)
    pair = _two_positive(dataset.get("PixelAspectRatio"))
    return (*(pair or (1.0, 1.0)), False)


def _colour(dataset: Dataset, samples: NDArray[Any]) -> Frame:
    row_spacing, column_spacing, is_calibrated = pixel_spacing(dataset)
    return Frame(
        colour_of(dataset, samples),
        row_spacing=row_spacing,
        column_spacing=column_spacing,
        is_calibrated=is_calibrated,
    )


def _grey(dataset: Dataset, samples: NDArray[Any], frame: int) -> Frame:
    row_spacing, column_spacing, is_calibrated = pixel_spacing(dataset, frame=frame)
    slope = _number(frame_value(dataset, frame, "PixelValueTransformationSequence", "RescaleSlope"), 1.0)
    intercept = _number(
        frame_value(dataset, frame, "PixelValueTransformationSequence", "RescaleIntercept"), 0.0
    )
    padding = dataset.get("PixelPaddingValue")
    if dataset.get("ModalityLUTSequence"):
        samples, slope, intercept, padding = apply_modality_lut(samples, dataset), 1.0, 0.0, None
    function = _voi_function(frame_value(dataset, frame, "FrameVOILUTSequence", "VOILUTFunction"))
    window = _header_window(dataset, frame, function)
    return Frame(
        samples,
        slope=slope or 1.0,
        intercept=intercept,
        is_inverted=dataset.PhotometricInterpretation == "MONOCHROME1",
        window=window,
        function=function,
        voi_shown=None if window else _through_voi_lut(dataset, samples),
        padding=padding if isinstance(padding, int) else None,
        row_spacing=row_spacing,
        column_spacing=column_spacing,
        is_calibrated=is_calibrated,
    )


def _header_window(dataset: Dataset, frame: int, function: VoiFunction) -> Window | None:
    center, width = (
        _number(frame_value(dataset, frame, "FrameVOILUTSequence", keyword), None)
        for keyword in ("WindowCenter", "WindowWidth")
    )
    if center is None or width is None:
        return None
    window = Window(center, width)
    return window if is_valid(window, function) else None


def _through_voi_lut(dataset: Dataset, samples: NDArray[Any]) -> NDArray[np.uint8] | None:
    """The picture by the header's VOI LUT, where it has one and no window (PS3.3 §C.11.2.1.1)."""
    tables = dataset.get("VOILUTSequence")
    if not tables or samples.dtype.kind not in "iu":
        return None
    bits = int(tables[0].LUTDescriptor[2])
    shown = apply_voi(samples, dataset, 0).astype(np.float32) / (2**bits - 1)
    return np.asarray(np.clip(shown, 0, 1) * 255 + 0.5, dtype=np.uint8)


def _voi_function(value: Any) -> VoiFunction:
    try:
        return VoiFunction(str(value or "LINEAR").strip().upper())
    except ValueError:
        return VoiFunction.LINEAR


def _number(value: Any, default: Any) -> Any:
    """The first of one or many decimal strings; `default` where there is none to be read."""
    first = value[0] if isinstance(value, (list, tuple)) or hasattr(value, "__getitem__") else value
    try:
        number = float(first)
    except (TypeError, ValueError):
        return default
    return number if np.isfinite(number) else default


def _two_positive(value: Any) -> tuple[float, float] | None:
    try:
        first, second = (float(part) for part in value)
    except (TypeError, ValueError):
        return None
    return (first, second) if min(first, second) > 0 and np.isfinite([first, second]).all() else None
