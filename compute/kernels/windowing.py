"""Modality values to display values (PS3.3 §C.11.2)."""

from __future__ import annotations

import torch
from torch import Tensor


def apply_voi_window(pixels: Tensor, *, center: Tensor, width: Tensor) -> Tensor:
    """Map modality values to display values in [0, 1] by the LINEAR VOI function.

    Convention  LINEAR, the standard's default: mid-grey falls on center - 0.5, unlike LINEAR_EXACT.
    Shapes      pixels (B, C, D, H, W), floating; center and width (B,); result as pixels.
    Units       center and width in the units of pixels (HU for CT).
    Raises      ValueError if any width is below 1.
    Reference   PS3.3 §C.11.2.1.2.1
    """
    if (width < 1).any():
        raise ValueError("Window Width must be 1 or greater")
    center, width = (value.view(-1, 1, 1, 1, 1) for value in (center, width))
    lower = center - 0.5 - (width - 1) / 2
    span = (width - 1).clamp_min(torch.finfo(pixels.dtype).tiny)  # width 1 is a threshold, not 0 / 0
    return ((pixels - lower) / span).clamp_(0, 1)


def window_from_values(pixels: Tensor, *, lower: float = 0.01, upper: float = 0.995) -> tuple[float, float]:
    """A window for pixels without agreed units (MR): between two quantiles of what lies above the air.

    Air is what lies below the mean; in an image without any it is the darker half, which does no harm.
    Returns  center and width in the units of pixels; width at least 1.
    """
    flat = pixels.flatten()[:: max(1, pixels.numel() // 200_000)].to(torch.float32)
    body = flat[flat > flat.mean()]
    if body.numel() == 0:
        return float(flat.mean()), 1.0
    high = float(torch.quantile(body, upper))
    low = min(float(torch.quantile(flat, lower)), high)
    return (low + high) / 2 + 0.5, max(high - low + 1, 1.0)
