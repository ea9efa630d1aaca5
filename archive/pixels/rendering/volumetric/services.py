"""Views of volumes for clients, drawn in the pool."""

from __future__ import annotations

import io
from collections.abc import Sequence

from pydicom import Dataset, dcmread

from archive.pixels.errors import DECODING_FAILURES, PixelsUnreadable, unreadable
from archive.pixels.pool import LONGEST_FILM_S, film_pool
from archive.pixels.rendering.volumetric.handing import InputImages
from archive.pixels.rendering.volumetric.pictures import check_annotations
from archive.pixels.rendering.volumetric.refusals import SENTENCES, refused
from archive.pixels.rendering.volumetric.states import VolumetricView, volumetric_view_of
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.sources import PixelSource


def volumetric_state(part10: bytes) -> tuple[Dataset, VolumetricView]:
    """The state, and what it says, checked. Raises PixelsUnreadable with the reason if it cannot be followed."""
    try:
        state = dcmread(io.BytesIO(part10), force=True)
        view = volumetric_view_of(state)
        check_annotations(state)
    except PixelsUnreadable:
        raise
    except DECODING_FAILURES as error:
        raise unreadable("PRESENTATION_UNSUITED") from error
    return state, view


def volumes_viewed(sources: Sequence[PixelSource], images: Sequence[InputImages], wish: Rendering) -> bytes:
    """The picture of the state that is the wish's presentation, of frames of these objects, at least one.

    Raises  PixelsUnreadable if there is none to be had; NotFound for an object that is not there; Unavailable.
    """
    first, *others = sources
    arguments = {"wish": wish.to_plain(), "images": [one.to_plain() for one in images]}
    try:
        return film_pool().run("view_volumes", arguments, first, others=others, timeout_s=LONGEST_FILM_S).body
    except PixelsUnreadable as error:
        if error.code in SENTENCES:
            raise refused(error.code) from error
        raise
