"""The view of a volumetric presentation state: which images of its inputs it reaches, and its picture.

A view is one picture, of the state itself and of no image. All images of a volume have to be there, and of one patient.

Reference  PS3.4 §FF.2, PS3.3 §C.11.23
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.actors import Actor
from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.volumetric.handing import InputImages
from archive.pixels.rendering.volumetric.inputs import Input
from archive.pixels.rendering.volumetric.lattices import MOST_VOXELS, Lattice, lattice_of
from archive.pixels.rendering.volumetric.refusals import refused
from archive.pixels.rendering.volumetric.services import volumetric_state
from archive.pixels.rendering.volumetric.volumes import moved
from archive.pixels.sources import PixelSource, source_of
from integrations.dicomweb.blending.frames import Frame, check_patient
from integrations.dicomweb.blending.handing import MOST_CARRIED
from integrations.dicomweb.retrieve.subjects import Subject
from integrations.dicomweb.volumes.referenced import frames_named, held_in, studies_of
from integrations.dicomweb.volumes.registering import matrix_to_images, registrations_named


@dataclass(frozen=True, slots=True)
class Seen:
    """The frames of one input that a view reaches: those of the volume from the `first` on."""

    number: int
    lattice: Lattice
    first: int
    frames: Sequence[Frame]
    matrix: Numbers | None

    def to_images(self, at: Mapping[int, int]) -> InputImages:
        """`at` says where each object is among those handed over, by its key."""
        places = tuple((at[frame.subject.pk], frame.number) for frame in self.frames)
        return InputImages(self.number, self.lattice, self.first, places, self.matrix)


@dataclass(frozen=True, slots=True)
class Viewed:
    """What a view reaches of its inputs, at least one image."""

    inputs: Sequence[Seen]

    @property
    def subjects(self) -> list[Subject]:
        """The images it comes from, each once."""
        found = {frame.subject.pk: frame.subject for one in self.inputs for frame in one.frames}
        return list(found.values())

    def images(self) -> list[InputImages]:
        """Those of each input, by their places in `sources`."""
        at = {subject.pk: number for number, subject in enumerate(self.subjects)}
        return [one.to_images(at) for one in self.inputs]

    def sources(self) -> list[PixelSource]:
        """Their objects. Raises as `source_of`; PixelsUnreadable VOLUME_TOO_LARGE if they cannot be sent along."""
        sources, carried = [], 0
        for subject in self.subjects:
            sources.append(source_of(subject))
            carried += len(sources[-1].data)
            if carried > MOST_CARRIED:
                raise refused("VOLUME_TOO_LARGE")
        return sources


def viewed_by(actor: Actor, part10: bytes, *, study: str) -> Viewed:
    """What a state of this study shows.

    Raises  PixelsUnreadable and NotAcceptable with the reason if there is no view.
    """
    state, view = volumetric_state(part10)
    held = held_in(actor, studies_of(state, study))
    volumes = [
        _seen(actor, held, one, frame_of_reference=str(state.get("FrameOfReferenceUID") or ""))
        for one in view.inputs
    ]
    check_patient({study, *(frame.subject.study_instance_uid for one in volumes for frame in one.frames)})
    corners = view.view.corners()
    reached = [one for one in (_reached(whole, corners) for whole in volumes) if one is not None]
    if not reached:
        raise refused("VOLUME_OUT_OF_VIEW")
    return Viewed(reached)


def _seen(actor: Actor, held: Mapping[str, Subject], one: Input, *, frame_of_reference: str) -> Seen:
    """The whole of an input. Raises as `viewed_by`."""
    frames = frames_named(actor, held, one.images)
    placed = [(frame, frame.plane) for frame in frames if frame.plane is not None]
    if len(placed) < len(frames) or not frame_of_reference:
        raise refused("VOLUME_UNPLACED")
    first = frames[0]
    if any((frame.rows, frame.columns) != (first.rows, first.columns) for frame in frames):
        raise refused("VOLUME_UNLIKE")
    registrations = registrations_named(held, one.registrations)
    matrix = matrix_to_images(placed, frame_of_reference, registrations)
    lattice, order = lattice_of([plane for _frame, plane in placed], rows=first.rows, columns=first.columns)
    return Seen(one.number, lattice, 0, [frames[at] for at in order], matrix)


def _reached(whole: Seen, corners: Numbers) -> Seen | None:
    """Nothing but what lies between the corners of the view. Raises PixelsUnreadable VOLUME_TOO_LARGE."""
    reached = whole.lattice.reached(moved(corners, whole.matrix))
    if not reached:
        return None
    if len(reached) * whole.lattice.rows * whole.lattice.columns > MOST_VOXELS:
        raise refused("VOLUME_TOO_LARGE")
    frames = whole.frames[reached.start : reached.stop]
    return Seen(whole.number, whole.lattice, reached.start, frames, whole.matrix)
