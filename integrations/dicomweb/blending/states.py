"""The presentation states that blend, and what each of them lays over what."""

from __future__ import annotations

import io
from collections.abc import Sequence

from pydicom import dcmread

from accounts.actors import Actor
from archive.pixels.rendering.advanced_blending import ADVANCED_BLENDING, advanced_blending_of
from archive.pixels.rendering.blending import BLENDING, blending_of
from integrations.dicomweb.blending import advanced, softcopy
from integrations.dicomweb.blending.volumes import Covered

BLENDING_STATES = frozenset([BLENDING, ADVANCED_BLENDING])


def blended_by(actor: Actor, part10: bytes, *, study: str, only: str | None = None) -> Sequence[Covered]:
    """The frames a state of `study` shows, with what lies over them; perhaps `only` those of one image.

    Raises  NotAcceptable with the reason if there is none; PixelsUnreadable if the state cannot be followed.
    """
    state = dcmread(io.BytesIO(part10), force=True)
    if state.get("SOPClassUID") == ADVANCED_BLENDING:
        return advanced.covered_by(actor, advanced_blending_of(state), study=study, only=only)
    return softcopy.covered_by(actor, blending_of(state), study=study, only=only)
