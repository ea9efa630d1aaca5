"""A picture of one or more frames as a client wished for it: what the decoders' processes do for `rendered`.

Reference  PS3.18 §8.3.5, PS3.4 §N.2
"""

from __future__ import annotations

import base64
import functools
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from archive.pixels.errors import unreadable
from archive.pixels.parsing import ParsedObject
from archive.pixels.rendering.advanced_blending import ADVANCED_BLENDING, advanced_blending_of
from archive.pixels.rendering.blending import blending_of
from archive.pixels.rendering.colour import colour_of, has_supplement, is_colour, pseudo_colour, supplemented
from archive.pixels.rendering.edges import enhanced
from archive.pixels.rendering.encoding import encoded
from archive.pixels.rendering.graphics import annotated, covered, with_lines
from archive.pixels.rendering.grey import GreyScale, grey_scale_of
from archive.pixels.rendering.masks import Film
from archive.pixels.rendering.overlays import overlay_plane
from archive.pixels.rendering.presentation import Presentation, presentation_of, surroundings_of
from archive.pixels.rendering.profiles import colours_of
from archive.pixels.rendering.shutters import shuttered
from archive.pixels.rendering.viewports import placed
from archive.pixels.rendering.volumes import Layer, Superimposed
from archive.pixels.rendering.wishes import MOST_FRAMES, Rendering
from archive.pixels.walking import Data
from archive.pixels.windowing import VoiFunction, Window

MOST_BYTES = 1 << 29  # of all pictures of a film
Shown = NDArray[np.uint8]


def drawn(
    parsed: ParsedObject, data: Data, wish: Rendering, *, over: Sequence[Superimposed] | None = None
) -> bytes:
    """The encoded picture; only a GIF holds more than the first of the frames wished for.

    Where it says what lies `over` it, the wish's presentation is a state that blends.

    Raises  PixelsUnreadable, NotFound.
    """
    state = _state(wish.presentation)
    pictures = (
        _picture(parsed, data, frame, wish, state)
        if over is None
        else _blended(Layer(parsed, data, frame), over, wish, state or Dataset())
        for frame in _frames(parsed, wish)
    )
    return _encoded(pictures, wish, profile=colours_of(parsed.header, wish, state).embedded)


def film_drawn(moments: Sequence[tuple[Layer, Sequence[Superimposed]]], wish: Rendering) -> bytes:
    """Frames with what lies over each, by the state that blends them: the pictures of a GIF.

    Raises  as `drawn`.
    """
    state = _state(wish.presentation) or Dataset()
    pictures = (_blended(below, over, wish, state) for below, over in moments)
    return _encoded(pictures, wish, profile=colours_of(moments[0][0].header, wish, state).embedded)


def _encoded(pictures: Iterable[Shown], wish: Rendering, *, profile: bytes | None) -> bytes:
    made: list[Shown] = []
    left = MOST_BYTES
    for picture in pictures:
        made.append(_finished(picture, wish))
        left -= made[-1].nbytes
        if left < 0:
            raise unreadable("PIXELS_TOO_LARGE")
    return encoded(made, wish.format, quality=wish.quality, profile=profile)


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
    header, samples = parsed.header, parsed.samples(data, frame)
    grey = grey_scale_of(header, frame)
    presentation = None
    if state is not None:
        uid = str(header.get("SOPInstanceUID", ""))
        presentation = presentation_of(state, image_uid=uid, frame=frame, grey=grey)
        samples, grey = _subtracted(parsed, data, frame, presentation) or (samples, presentation.grey)
        if presentation.filtering and not is_colour(header):
            samples = enhanced(samples, presentation.filtering)
    if wish.window is not None:
        grey = grey.with_window(Window(*wish.window), VoiFunction(wish.function))
    palette = presentation.palette if presentation is not None else None
    colours = colours_of(header, wish, state)
    shown = colours.shown(_coloured(header, samples, frame, grey, palette))
    if presentation is None:
        return placed(shown, size=wish.size, region=wish.region, ratio=_ratio(header))
    words = parsed.words(data, frame) if presentation.overlays else None
    return _presented(shown, header, presentation, wish, frame=frame, words=words)


def _subtracted(
    parsed: ParsedObject, data: Data, frame: int, presentation: Presentation
) -> tuple[NDArray[Any], GreyScale] | None:
    """What is left of the frame, and what shows it; None where nothing is taken away from it."""
    if presentation.subtraction is None or is_colour(parsed.header):
        return None
    film = Film(parsed.header, parsed.layout.number_of_frames, lambda one: parsed.samples(data, one))
    return presentation.subtraction.differences(film, frame)


def _blended(below: Layer, over: Sequence[Superimposed], wish: Rendering, state: Dataset) -> Shown:
    """The state's area, turning and annotations are those of the image below."""
    shown = colours_of(below.header, wish, state).shown(_blend(below, over, state))
    presentation = surroundings_of(state, image_uid=below.uid, frame=below.frame, grey=below.grey)
    return _presented(shown, below.header, presentation, wish, frame=below.frame, words=None)


def _blend(below: Layer, over: Sequence[Superimposed], state: Dataset) -> Shown:
    if state.get("SOPClassUID") == ADVANCED_BLENDING:
        return advanced_blending_of(state).picture(below, over)
    blending = blending_of(state)
    if len(over) != 1:
        raise unreadable("PRESENTATION_UNSUITED")
    return blending.picture(below, over[0])


def _coloured(
    header: Dataset, samples: NDArray[Any], frame: int, grey: GreyScale, palette: Dataset | None
) -> Shown:
    if is_colour(header):
        return colour_of(header, samples)
    if palette is not None:
        return grey.shown(samples, through=lambda shares: pseudo_colour(palette, shares))
    shown = grey.shown(samples)
    return supplemented(header, samples, shown) if has_supplement(header, frame) else shown


def _presented(
    shown: Shown,
    header: Dataset,
    presentation: Presentation,
    wish: Rendering,
    *,
    frame: int,
    words: NDArray[Any] | None,
) -> Shown:
    """Shutters and overlays lie on the image; its part is cut out, turned and scaled; words and lines come last.

    Where the client cuts out a part of its own, they are cut with it. What the state magnifies keeps its size: the
    viewport of the client is the upper left of it (PS3.18 §9.5.2.3).
    """
    state, view, image = presentation.state, presentation.view, (shown.shape[0], shown.shape[1])
    for shutter in presentation.shutters:
        shown = shuttered(shown, shutter, state)
    for group, ink in presentation.overlays:
        holder = state if (group, 0x3000) in state else header
        plane = overlay_plane(holder, group, frame=frame, shape=image, words=words)
        shown = shown if plane is None else covered(shown, plane, ink)
    shown = view.part(shown)
    magnified = view.size(shown)
    fitted = wish.size if wish.region is None else None
    shown = placed(shown, size=magnified or fitted, region=None, ratio=view.shown_ratio)
    if presentation.annotations:
        size = shown.shape[1], shown.shape[0]
        shown = annotated(
            shown,
            presentation.annotations,
            lambda values, units: view.points(values, units, image=image, size=size),
        )
    if wish.region is not None:
        fitted = None if magnified else wish.size
        shown = placed(shown, size=fitted, region=wish.region, ratio=view.shown_ratio)
    return shown if magnified is None or wish.size is None else shown[: wish.size[1], : wish.size[0]]


def _finished(shown: Shown, wish: Rendering) -> Shown:
    return with_lines(shown, wish.annotations) if wish.annotations else shown


@functools.lru_cache(2)
def _state(encoded_state: str | None) -> Dataset | None:
    """The state, kept as long as its next image may be asked for: one for a series names a thousand of them."""
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
