"""Pictures as JPEG, PNG and GIF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from archive.pixels.rendering.wishes import Format

FRAME_MS = 100
Shown = NDArray[np.uint8]


def encoded(
    pictures: Sequence[Shown],
    image_format: Format,
    *,
    quality: int,
    profile: bytes | None,
    frame_ms: float = FRAME_MS,
) -> bytes:
    """The first picture; of GIF, all of them one after the other. Grey stays one channel, which halves the time."""
    first = pictures[0]
    if image_format == "JPEG" and profile is None:
        colours: dict[str, Any] = {"subsampling": "444"} if first.ndim == 3 else {}
        return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(first), level=quality, **colours))
    out = io.BytesIO()
    image = Image.fromarray(first)
    options: dict[str, Any] = {"icc_profile": profile} if profile else {}
    if image_format == "JPEG":
        options |= {"quality": quality}
    elif image_format == "PNG":
        options |= {"compress_level": 1}
    else:
        rest = [Image.fromarray(picture) for picture in pictures[1:]]
        options = {"save_all": True, "append_images": rest, "duration": frame_ms, "loop": 0} if rest else {}
    image.save(out, format=image_format, **options)
    return out.getvalue()
