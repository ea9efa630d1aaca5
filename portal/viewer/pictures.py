"""From a decoded frame to the bytes a browser shows."""

from __future__ import annotations

import io
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from archive.pixels.frames import Frame
from archive.pixels.windowing import WHITE, Window, apply_window, window_of_values

Format = Literal["JPEG", "PNG"]
CONTENT_TYPES: dict[Format, str] = {"JPEG": "image/jpeg", "PNG": "image/png"}
JPEG_QUALITY = 90


def window_to_show(frame: Frame) -> Window | None:
    """The header's window, else one from the values; None for colour and for a VOI LUT of its own."""
    if frame.is_colour or frame.voi_shown is not None:
        return None
    return frame.window or window_of_values(frame.measured_values())


def shown_pixels(frame: Frame, *, window: Window | None = None) -> NDArray[np.uint8]:
    """Display values: grey (rows, columns) by the window asked for or the frame's own, or RGB."""
    if frame.is_colour:
        return frame.samples
    window = window or window_to_show(frame)
    if window is None:
        grey = frame.voi_shown if frame.voi_shown is not None else frame.samples.astype(np.uint8)
    else:
        grey = apply_window(frame.modality_values(), window=window, function=_function(frame, window))
    return WHITE - grey if frame.is_inverted else grey


def picture(
    frame: Frame, *, window: Window | None = None, size: int | None = None, image_format: Format = "JPEG"
) -> bytes:
    """The frame as JPEG or PNG with square pixels, at most `size` pixels along its longer side."""
    image = Image.fromarray(shown_pixels(frame, window=window))
    width, height = square_pixel_size(frame)
    if size and max(width, height) > size:
        scale = size / max(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    if (width, height) != image.size:
        image = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return encode(image, image_format)


def square_pixel_size(frame: Frame) -> tuple[int, int]:
    """Width and height with square pixels: the finer spacing is kept, the coarser axis stretched."""
    rows, columns = frame.samples.shape[:2]
    finest = min(frame.row_spacing, frame.column_spacing)
    return round(columns * frame.column_spacing / finest), round(rows * frame.row_spacing / finest)


def placeholder(size: int = 512, image_format: Format = "JPEG") -> bytes:
    """A picture that cannot be mistaken for an image of a patient: a crossed-out frame on black."""
    size = min(max(size, 64), 1024)
    image = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(image)
    edge, line = size // 3, max(2, size // 96)
    box = (edge, edge, size - edge, size - edge)
    draw.rectangle(box, outline=120, width=line)
    draw.line(box, fill=120, width=line)
    draw.line((box[0], box[3], box[2], box[1]), fill=120, width=line)
    return encode(image, image_format)


def encode(image: Image.Image, image_format: Format) -> bytes:
    """Encoded bytes; grey stays one channel, which halves the time."""
    out = io.BytesIO()
    options: dict[str, Any] = {"quality": JPEG_QUALITY} if image_format == "JPEG" else {"compress_level": 1}
    image.save(out, format=image_format, **options)
    return out.getvalue()


def _function(frame: Frame, window: Window) -> Any:
    """The header's VOI function belongs to the header's window; any other window is LINEAR."""
    return frame.function if window == frame.window else type(frame.function).LINEAR
