"""Finding text in a picture: boxes around whatever looks like writing, legible or not.

The detector is rapidocr (requirements-ocr.txt), whose models travel in its package. What it reads is used only to tell
a large letter from the outline of an organ: a line of text is blanked even if nobody could read it.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.errors import InvalidInput

Picture = NDArray[np.uint8]
MARGIN_PX = 3
_THREADS = 2
_LINE_AT_MOST = 0.1
_LINE_AT_MOST_PX = 36
_READABLE = 0.6
_ANY_SCORE = 1e-6  # 0 would mean the library's own limit
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


def check_available() -> None:
    """Raises InvalidInput OCR_MISSING if the text detector is not installed."""
    if not is_available():
        raise InvalidInput(
            "Cleaning pixel data needs the text detector of requirements-ocr.txt", code="OCR_MISSING"
        )


def text_boxes(picture: Picture) -> list[Box]:
    """Boxes around all text of a picture of 8 bits, grey (rows, columns) or colour (rows, columns, 3).

    Raises  InvalidInput OCR_MISSING if the detector is not installed.
    """
    rows, columns = picture.shape[:2]
    colour = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
    with _loading:  # one detection at a time: it uses all its threads, and memory stays bounded
        found = _engine()(
            np.ascontiguousarray(colour), use_det=True, use_cls=False, use_rec=True, text_score=_ANY_SCORE
        )
    if found is None or found.boxes is None:
        return []
    boxes = [_box(np.asarray(corners), rows, columns) for corners in found.boxes]
    said = zip(boxes, found.txts or (), found.scores or (), strict=False)
    return [box for box, text, score in said if _is_writing(box, rows, text=text, score=score)]


def _is_writing(box: Box, rows: int, *, text: str, score: float) -> bool:
    """Whether a box is to be blanked: any of a line's height, a larger one only if it can be read.

    The outline of a scan sector or a bright organ is now and then taken for a large letter.
    """
    if box.bottom - box.top <= max(_LINE_AT_MOST * rows, _LINE_AT_MOST_PX):
        return True
    return score >= _READABLE and sum(character.isalnum() for character in text) >= 2


def _box(corners: NDArray[np.float32], rows: int, columns: int) -> Box:
    left, top = np.floor(corners.min(axis=0)).astype(int) - MARGIN_PX
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + MARGIN_PX + 1
    return Box(max(int(left), 0), max(int(top), 0), min(int(right), columns), min(int(bottom), rows))


def _engine() -> Any:
    global _detector  # noqa: PLW0603 - loading the models takes a second; one a process
    if _detector is None:
        check_available()
        package = importlib.import_module("rapidocr")
        _detector = package.RapidOCR(
            params={
                "Global.log_level": "error",
                "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
    return _detector
