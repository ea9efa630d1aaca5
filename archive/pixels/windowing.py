"""From modality values to display values: the VOI functions (PS3.3 §C.11.2.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]
WHITE = 255


class VoiFunction(StrEnum):
    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, slots=True)
class Window:
    """Which modality values are shown, from black to white.

    Units  center and width in the units of the modality values (HU for CT).
    """

    center: float
    width: float


def is_valid(window: Window, function: VoiFunction = VoiFunction.LINEAR) -> bool:
    """Whether the standard allows this width: 1 or more for LINEAR, above 0 for the others."""
    numbers = np.isfinite([window.center, window.width]).all()
    return bool(numbers and (window.width >= 1 if function == VoiFunction.LINEAR else window.width > 0))


def apply_window(
    values: Values, *, window: Window, function: VoiFunction = VoiFunction.LINEAR
) -> NDArray[np.uint8]:
    """Map modality values to grey from 0 to 255.

    Convention  LINEAR puts mid-grey on center - 0.5 and spans width - 1; LINEAR_EXACT on center and width.
    Shapes      any; result as values.
    Raises      ValueError for a width the function does not allow.
    Reference   PS3.3 §C.11.2.1.2.1 to §C.11.2.1.3.2
    """
    shown: NDArray[np.uint8] = (share_of(values, window=window, function=function) * WHITE + 0.5).astype(
        np.uint8
    )
    return shown


def share_of(values: Values, *, window: Window, function: VoiFunction = VoiFunction.LINEAR) -> Values:
    """As `apply_window`, with shares of white in [0, 1]."""
    if not is_valid(window, function):
        raise ValueError("Window Width is not allowed for this VOI LUT Function")
    if function == VoiFunction.SIGMOID:
        with np.errstate(over="ignore"):
            return np.asarray(1 / (1 + np.exp(-4 * (values - window.center) / window.width)))
    return _linear_share(values, window, function)


def window_of_values(values: Values) -> Window:
    """The LINEAR window from the 1st to the 99th percentile, for images whose header names none.

    The lower percentile becomes black and the upper white exactly.
    """
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if finite.size == 0:
        return Window(0.5, 1.0)
    lower, upper = (float(value) for value in np.percentile(finite, (1, 99)))
    if upper <= lower:
        lower, upper = float(finite.min()), float(finite.max())
    return Window((lower + upper) / 2 + 0.5, upper - lower + 1)


def _linear_share(values: Values, window: Window, function: VoiFunction) -> Values:
    if function == VoiFunction.LINEAR:
        center, width = window.center - 0.5, window.width - 1
    else:
        center, width = window.center, window.width
    if width == 0:  # width 1 is a threshold: PS3.3 compares before it divides
        return (values > center).astype(np.float32)
    share = (values - (center - width / 2)) * (1 / width)
    return np.clip(np.nan_to_num(share), 0, 1, out=share)
