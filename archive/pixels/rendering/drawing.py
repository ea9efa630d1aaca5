"""A picture of one or more frames as a client wished for it: what the decoders' processes do for `rendered`.

Reference  PS3.18 §8.3.5, PS3.4 §N.2
"""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import ImageCms
from pydicom import Dataset, dcmread

from archive.pixels.parsing import ParsedObject
from archive.pixels.rendering.colour import colour_of, is_colour
from archive.pixels.rendering.encoding import encoded
from archive.pixels.rendering.graphics import annotated, shuttered, with_lines, with_overlay
from archive.pixels.rendering.grey import grey_scale_of
from archive.pixels.rendering.presentation import Presentation, presentation_of
from archive.pixels.rendering.viewports import placed, turned
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.walking import Data
from archive.pixels.windowing import VoiFunction, Window

MOST_FRAMES = 300
Shown = NDArray[np.uint8]


def drawn(parsed: ParsedObject, data: Data, wish: Rendering) -> bytes:
    """The encoded picture; only a GIF holds more than the first of the frames wished for.

    Raises  PixelsUnreadable, NotFound.
    """
    state = _state(wish.presentation)
    pictures = [
        _finished(_picture(parsed, data, frame, wish, state), wish) for frame in _frames(parsed, wish)
    ]
    return encoded(pictures, wish.format, quality=wish.quality, profile=_profile(parsed.header, wish))


def _frames(parsed: ParsedObject, wish: Rendering) -> list[int]:
    """Counted from 1; of a film no more than can be shown."""
    count = parsed.layout.number_of_frames
    if wish.format == "GIF":
        return list(wish.frames or range(1, count + 1))[:MOST_FRAMES]
    if wish.frames:
        return list(wish.frames[:1])
    representative = parsed.header.get("RepresentativeFrameNumber")
    return [representative if isinstance(representative, int) and 1 <= representative <= count else 1]


def _picture(parsed: ParsedObject, data: Data, frame: int, wish: Rendering, state: Dataset | None) -> Shown:
    samples = parsed.samples(data, frame)
    header = parsed.header
    if is_colour(header):
        return placed(colour_of(header, samples), size=wish.size, region=wish.region, ratio=_ratio(header))
    grey = grey_scale_of(header, frame)
    presentation = None
    if state is not None:
        uid = str(header.get("SOPInstanceUID", ""))
        presentation = presentation_of(state, image_uid=uid, frame=frame, grey=grey)
        grey = presentation.grey
    if wish.window is not None:
        grey = grey.with_window(Window(*wish.window), VoiFunction(wish.function))
    shown = grey.shown(samples)
    if presentation is None:
        return placed(shown, size=wish.size, region=wish.region, ratio=_ratio(header))
    return _presented(shown, header, presentation, wish)


def _presented(shown: Shown, header: Dataset, presentation: Presentation, wish: Rendering) -> Shown:
    """Shutters and overlays lie on the image, so do annotations; then its part is cut out and turned."""
    if presentation.shutter is not None:
        shown = shuttered(shown, presentation.shutter)
    for group in presentation.overlay_groups:
        shown = with_overlay(shown, header, group)
    if presentation.annotations:
        shown = annotated(shown, presentation.annotations)
    shown = placed(shown, size=None, region=presentation.area)
    shown = turned(shown, rotation=presentation.rotation, is_flipped=presentation.is_flipped)
    ratio = presentation.ratio if presentation.rotation % 180 == 0 else 1 / presentation.ratio
    return placed(shown, size=wish.size, region=wish.region, ratio=ratio)


def _finished(shown: Shown, wish: Rendering) -> Shown:
    return with_lines(shown, wish.annotations) if wish.annotations else shown


def _state(encoded_state: str | None) -> Dataset | None:
    return None if encoded_state is None else dcmread(io.BytesIO(base64.b64decode(encoded_state)), force=True)


def _ratio(header: Dataset) -> float:
    """Height of a pixel by its width."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio"):
        try:
            height, width = (float(value) for value in header.get(keyword))
        except (TypeError, ValueError):
            continue
        if height > 0 and width > 0:
            return height / width
    return 1.0


def _profile(header: Dataset, wish: Rendering) -> bytes | None:
    """The image's ICC profile, or that of sRGB, for a client that wants one with its colours."""
    if not wish.with_profile or not is_colour(header):
        return None
    own = header.get("ICCProfile") or next(
        (path.get("ICCProfile") for path in header.get("OpticalPathSequence") or ()), None
    )
    return bytes(own) if own else ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
