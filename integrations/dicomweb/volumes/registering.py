"""How the images of a volume lie in the coordinates of the state: in its frame of reference, or by a registration.

Reference  PS3.3 §C.11.23.3 (Volumetric Presentation State Reference Coordinate System), §C.20.2 (spatial registration)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from archive.pixels.rendering.planes import Numbers, Plane
from archive.pixels.rendering.registrations import Registration, coordinates_of
from archive.pixels.rendering.volumetric.refusals import refused
from integrations.dicomweb.blending.frames import Frame
from integrations.dicomweb.blending.refusals import refused as refused_registration
from integrations.dicomweb.blending.registering import spatial_registration
from integrations.dicomweb.retrieve.subjects import Subject


def matrix_to_images(
    frames: Sequence[tuple[Frame, Plane]], frame_of_reference: str, registrations: Sequence[Registration]
) -> Numbers | None:
    """From the state's coordinates to those of the images; None if they are the same.

    Raises  PixelsUnreadable VOLUME_FRAME_OF_REFERENCE if the images lie elsewhere, or not all in one way.
    """
    found = [
        coordinates_of(frame.subject.sop_instance_uid, frame.number, plane.frame_of_reference, registrations)
        for frame, plane in frames
    ]
    first = found[0]
    is_one = len({plane.frame_of_reference for _frame, plane in frames}) == 1
    if not is_one or first.frame_of_reference != frame_of_reference:
        raise refused("VOLUME_FRAME_OF_REFERENCE")
    if not all(one.is_same(first) for one in found):
        raise refused("VOLUME_FRAME_OF_REFERENCE")
    if first.matrix is None:
        return None
    return np.linalg.inv(first.matrix).astype(np.float64)


def registrations_named(held: Mapping[str, Subject], uids: Sequence[str]) -> list[Registration]:
    """Raises NotAcceptable if one is not there, is of another class, or cannot be followed."""
    found = [held[uid] for uid in uids if uid in held]
    if len(found) < len(uids):
        raise refused_registration("BLENDING_REGISTRATION_MISSING")
    return [spatial_registration(one) for one in found]
