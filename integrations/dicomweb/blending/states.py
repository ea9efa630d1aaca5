"""The presentation states that blend, and what each of them lays over what."""

from __future__ import annotations

import io
from collections.abc import Sequence

from pydicom import dcmread

from accounts.actors import Actor
from archive.pixels.errors import DECODING_FAILURES, unreadable
from archive.pixels.rendering.advanced_blending import (
    ADVANCED_BLENDING,
    AdvancedBlending,
    advanced_blending_of,
)
from archive.pixels.rendering.blending import BLENDING, Blending, blending_of
from integrations.dicomweb.blending import advanced, softcopy
from integrations.dicomweb.blending.volumes import Covered

BLENDING_STATES = frozenset([BLENDING, ADVANCED_BLENDING])


def blended_by(actor: Actor, part10: bytes, *, study: str, only: str | None = None) -> Sequence[Covered]:
    """The frames a state of `study` shows, with what lies over them; perhaps `only` those of one image.

    Raises  NotAcceptable with the reason if there is none; PixelsUnreadable if the state cannot be followed.
    """
    blending = _said(part10)
    if isinstance(blending, AdvancedBlending):
        return advanced.covered_by(actor, blending, study=study, only=only)
    return softcopy.covered_by(actor, blending, study=study, only=only)


def _said(part10: bytes) -> AdvancedBlending | Blending:
    """What a state says. Raises PixelsUnreadable, also if a value of it is none."""
    try:
        state = dcmread(io.BytesIO(part10), force=True)
        return (advanced_blending_of if state.SOPClassUID == ADVANCED_BLENDING else blending_of)(state)
    except DECODING_FAILURES as error:
        raise unreadable("PRESENTATION_UNSUITED") from error
