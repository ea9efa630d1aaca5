"""What a decoder's process does for de-identification: it knows pixels and no identity.

Tasks are like those of `archive.pixels.work`: they return facts that JSON can carry, and bytes.
"""

from __future__ import annotations

import io

from pydicom import dcmread

from archive.deidentification.pixels import Pixels, cleaned_frames, decoded_frames
from archive.pixels.walking import Data
from archive.pixels.work import Made, Task


def clean_text(data: Data, *, key: str) -> Made:  # noqa: ARG001 - tasks are called alike
    """The frames without burnt-in text; no bytes where there was none."""
    frames = cleaned_frames(dcmread(io.BytesIO(data)))
    return ({}, b"") if frames is None else _told(frames)


def decode_object(data: Data, *, key: str) -> Made:  # noqa: ARG001
    """All frames of the object."""
    return _told(decoded_frames(dcmread(io.BytesIO(data))))


def _told(frames: Pixels) -> Made:
    return {"kind": frames.dtype.str, "shape": frames.shape}, frames.tobytes()


CLEANING: dict[str, Task] = {"clean_text": clean_text, "decode_object": decode_object}
