"""What the platform hands a template and what it takes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute.volumes import SourceInstance

Progress = Callable[[int, str], None]


@dataclass(frozen=True)
class TemplateInput:
    """One series to work on. `parameters` are complete: defaults are filled in.

    `progress(percent, step)` tells people how far the job is; it raises when the job was cancelled.
    """

    instances: Sequence[SourceInstance]
    parameters: dict[str, Any]
    device: str
    threads: int
    progress: Progress


@dataclass(frozen=True)
class ResultImage:
    """One grey picture in modality units, and how it is to be shown.

    Shapes      pixels (rows, columns), int16.
    Convention  `right` and `down` are LPS unit vectors along a row and a column.
    """

    pixels: NDArray[np.int16]
    spacing_mm: float
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    windows: tuple[tuple[str, float, float], ...]
    description: str
    comment: str = ""


@dataclass(frozen=True)
class TemplateOutput:
    """The pictures, the header of one source slice, and the instances they came from."""

    images: tuple[ResultImage, ...]
    source_header: Any
    source_uids: tuple[tuple[str, str], ...]
    series_description: str
    notes: dict[str, Any] = field(default_factory=dict)
