"""Pictures for clients: plain ones drawn in the caller's thread, all others in the pool."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from pydicom import dcmread

from archive.pixels.errors import DECODING_FAILURES, unreadable
from archive.pixels.pool import LONGEST_FILM_S, TIME_LIMIT_S, film_pool, pixel_pool
from archive.pixels.rendering.deformable import registration_from_plain
from archive.pixels.rendering.placing import FramePlace, FramesOver, Moment, places_from_plain
from archive.pixels.rendering.plain import plain_picture
from archive.pixels.rendering.references import Frames, referenced_frames
from archive.pixels.rendering.registrations import Registration
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.sources import PixelSource

CONTENT_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif"}


def rendered(source: PixelSource, wish: Rendering) -> bytes:
    """The picture, encoded.

    Raises  PixelsUnreadable if there is none to be had: NOT_AN_IMAGE, PRESENTATION_UNSUITED and the decoder's codes;
            NotFound for a frame or object that is not there; Unavailable if the pool is full.
    """
    plain = plain_picture(source, wish)
    if plain is not None:
        return plain
    is_film = wish.format == "GIF"
    pool, limit_s = (film_pool(), LONGEST_FILM_S) if is_film else (pixel_pool(), TIME_LIMIT_S)
    return pool.run("render", {"wish": wish.to_plain()}, source, timeout_s=limit_s).body


def blended(
    source: PixelSource, over: Sequence[FramesOver], others: Sequence[PixelSource], wish: Rendering
) -> bytes:
    """The picture with frames of the others over it, by the state that is the wish's presentation.

    Raises  as `rendered`.
    """
    arguments = {"wish": wish.to_plain(), "over": [one.to_plain() for one in over]}
    return pixel_pool().run("blend", arguments, source, others=others).body


def film_blended(film: Sequence[Moment], sources: Sequence[PixelSource], wish: Rendering) -> bytes:
    """The pictures of a film one after the other, each blended. Raises  as `rendered`."""
    arguments = {"wish": wish.to_plain(), "moments": [one.to_plain() for one in film]}
    first, *others = sources
    return film_pool().run("blend_film", arguments, first, others=others, timeout_s=LONGEST_FILM_S).body


def frame_places(source: PixelSource) -> list[FramePlace]:
    """Where the frames of an object lie. Raises as `rendered`."""
    return places_from_plain(pixel_pool().run("places", {}, source).facts)


def deformable_registration(source: PixelSource, *, uid: str) -> Registration:
    """What the deformable registration with this SOP Instance UID says, but for its vectors.

    Raises  PixelsUnreadable REGISTRATION_MATRIX, REGISTRATION_GRID if it cannot be followed; else as `rendered`.
    """
    facts = film_pool().run("registration", {}, source, timeout_s=LONGEST_FILM_S).facts
    return registration_from_plain(facts, uid=uid)


def as_presentation(part10: bytes) -> str:
    """A presentation state as `Rendering.presentation` carries it."""
    return base64.b64encode(part10).decode("ascii")


def referenced_by(part10: bytes) -> dict[str, Frames]:
    """The SOP Instance UIDs of the images a presentation state is for, in its order, with the frames it names.

    Raises  PixelsUnreadable PRESENTATION_UNSUITED if what it names is neither.
    """
    try:
        return referenced_frames(dcmread(io.BytesIO(part10), force=True))
    except DECODING_FAILURES as error:
        raise unreadable("PRESENTATION_UNSUITED") from error
