"""Finding text in a picture: boxes around whatever looks like writing, legible or not.

The detector is rapidocr (requirements-ocr.txt), whose models travel in its package. It is asked where text is, never
what it says: blanking a box too many is better than leaving a name it could not read.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.errors import InvalidInput

Picture = NDArray[np.uint8]
MARGIN_PX = 3
_THREADS = 2
_loading = threading.Lock()
_detector: Any = None


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels from `left` to before `right`, and from `top` to before `bottom`."""

    left: int
    top: int
    right: int
    bottom: int


def is_available() -> bool:
    """Whether the text detector is installed."""
    return importlib.util.find_spec("rapidocr") is not None


def text_boxes(picture: Picture) -> list[Box]:
    """Boxes around all text of a picture of 8 bits, grey (rows, columns) or colour (rows, columns, 3).

    Raises  InvalidInput OCR_MISSING if the detector is not installed.
    """
    rows, columns = picture.shape[:2]
    colour = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
    with _loading:  # one detection at a time: it uses all its threads, and memory stays bounded
        found = _engine()(np.ascontiguousarray(colour), use_det=True, use_cls=False, use_rec=False)
    if found is None or found.boxes is None:
        return []
    return [_box(np.asarray(corners), rows, columns) for corners in found.boxes]


def _box(corners: NDArray[np.float32], rows: int, columns: int) -> Box:
    left, top = np.floor(corners.min(axis=0)).astype(int) - MARGIN_PX
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + MARGIN_PX + 1
    return Box(max(int(left), 0), max(int(top), 0), min(int(right), columns), min(int(bottom), rows))


def _engine() -> Any:
    global _detector  # noqa: PLW0603 - loading the models takes a second; one a process
    if _detector is None:
        if not is_available():
            raise InvalidInput(
                "Cleaning pixel data needs the text detector of requirements-ocr.txt", code="OCR_MISSING"
            )
        logging.getLogger("RapidOCR").setLevel(logging.WARNING)
        package = importlib.import_module("rapidocr")
        _detector = package.RapidOCR(
            params={
                "Global.log_level": "warning",
                "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
    return _detector
