"""Decoded frames for who shows them itself: decoded in the pool, carried here as samples and plain values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.pixels.frames import Frame
from archive.pixels.pool import Answer, pixel_pool
from archive.pixels.sources import PixelSource
from archive.pixels.windowing import VoiFunction, Window


def decoded_frame(source: PixelSource, frame: int) -> Frame:
    """One frame, counted from 1.

    Raises  PixelsUnreadable if there is no picture to be had; NotFound for a frame or an object that is not there;
            Unavailable if the pool is full.
    """
    return _frame(pixel_pool().run("decode_frame", {"frame": frame}, source))


def _frame(answer: Answer) -> Frame:
    facts = dict(answer.facts)
    kind, shape, has_voi = facts.pop("kind"), tuple(facts.pop("shape")), facts.pop("has_voi")
    window, function = facts.pop("window"), VoiFunction(facts.pop("function"))
    samples: NDArray[Any] = np.frombuffer(answer.body, kind, count=int(np.prod(shape))).reshape(shape)
    frame = Frame(samples, window=Window(*window) if window else None, function=function, **facts)
    if not has_voi:
        return frame
    shown = np.frombuffer(answer.body, np.uint8, offset=samples.nbytes).reshape(shape)
    return replace(frame, voi_shown=shown)
