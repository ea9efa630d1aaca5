"""Pictures of instances and documents in them, drawn for whoever has no DICOM viewer.

Reference  PS3.18 §8.7.4 (rendered media types), §8.3.5 (rendering)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from django.http import HttpResponse

from accounts.actors import Actor
from archive.pixels.parallel import in_order
from archive.pixels.rendering.documents import Document, document_of
from archive.pixels.rendering.presentation import CLASSES
from archive.pixels.rendering.services import as_presentation, blended, film_blended, referenced_by, rendered
from archive.pixels.rendering.volumetric.classes import VOLUMETRIC_STATES
from archive.pixels.rendering.volumetric.services import volumes_viewed
from archive.pixels.rendering.wishes import Format, Rendering
from archive.pixels.sources import source_of
from archive.studies.models import Series
from common.errors import ServiceError
from integrations.dicomweb.blending.handing import film_of, frames_over, sources_over
from integrations.dicomweb.blending.states import BLENDING_STATES, blended_by
from integrations.dicomweb.blending.volumes import Covered
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import GIF, JPEG, PNG
from integrations.dicomweb.rendering import Parameters
from integrations.dicomweb.retrieve.subjects import Subject, subjects
from integrations.dicomweb.retrieve.whole import whole_object
from integrations.dicomweb.volumes.views import Viewed, viewed_by

PRESENTATION_STATES = CLASSES | BLENDING_STATES | VOLUMETRIC_STATES
_ALL_STATES = "1.2.840.10008.5.1.4.1.1.11."
FORMATS: dict[str, Format] = {JPEG.type: "JPEG", PNG.type: "PNG", GIF.type: "GIF"}
PICTURES = (JPEG, PNG, GIF)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture to be drawn: of which instance, which frames, by which presentation state, and what lies over it.

    Of several frames it is the first; a film is all of them. `over` is None where nothing is blended, and `film` are
    the frames blended one after the other where it is a film of a series in time. `view` is None where nothing is
    seen of a volume; what is, is a picture of its state.
    """

    subject: Subject
    frames: tuple[int, ...] = ()
    state: str | None = None
    over: Covered | None = None
    film: tuple[Covered, ...] = ()
    view: Viewed | None = None

    @property
    def shown(self) -> list[Subject]:
        """The instances that can be seen in it."""
        if self.view is not None:
            return self.view.subjects
        blended = self.film or (() if self.over is None else (self.over,))
        return [self.subject, *(one for each in blended for one in (each.below.subject, *each.subjects_over))]


def presented(actor: Actor, state: Subject, *, only: str | None = None) -> list[Picture]:
    """The images a presentation state is for, as far as they are there, each with the frames it is for.

    Of one that blends it is a picture a frame, perhaps of `only` one image; of one of volumes, its one view.

    Raises  NotAcceptable or PixelsUnreadable if there are none, or if the state says nothing that can be shown of them.
    """
    part10 = whole_object(state)
    carried = as_presentation(part10)
    if state.sop_class_uid in VOLUMETRIC_STATES:
        return [Picture(state, state=carried, view=viewed_by(actor, part10, study=state.study_instance_uid))]
    if state.sop_class_uid in BLENDING_STATES:
        found = blended_by(actor, part10, study=state.study_instance_uid, only=only)
        return [Picture(one.below.subject, one.below.numbers, carried, one) for one in found]
    wanted = referenced_by(part10)
    held = {one.sop_instance_uid: one for one in subjects(actor, study=state.study_instance_uid)}
    pictures = [Picture(held[uid], frames, carried) for uid, frames in wanted.items() if uid in held]
    if not pictures:
        raise NotAcceptable("The images of the presentation state are not here", code="IMAGES_MISSING")
    return pictures


def films(pictures: Sequence[Picture]) -> list[Picture]:
    """Those of one place in a series in time together as a film, in the order of the first ones; others as they are."""
    found: dict[object, list[Picture]] = {}
    for number, picture in enumerate(pictures):
        film = None if picture.over is None else picture.over.film
        found.setdefault(("film", film) if film is not None else number, []).append(picture)
    return [
        group[0]
        if len(group) == 1
        else replace(group[0], film=tuple(one.over for one in group if one.over is not None))
        for group in found.values()
    ]


def refuse_other_states(sop_class_uid: str) -> None:
    """Raises NotAcceptable for a presentation state of a class that is not followed."""
    if sop_class_uid.startswith(_ALL_STATES) and sop_class_uid not in PRESENTATION_STATES:
        raise NotAcceptable("Presentation states of this class are not rendered", code="PRESENTATION_CLASS")


def drawn(picture: Picture, kind: str, parameters: Parameters, lines: tuple[str, ...] = ()) -> bytes:
    """The picture in this media type. Raises  PixelsUnreadable if there is none; NotFound, Unavailable."""
    return _drawing(picture, kind, parameters, lines)()


def drawn_in_order(
    pictures: Iterable[Picture], kind: str, parameters: Parameters, lines: tuple[str, ...] = ()
) -> Iterator[tuple[Picture, Future[bytes]]]:
    """What came of each picture, several drawn at a time. The outcomes raise as `drawn`."""
    waiting: deque[Picture] = deque()

    def tasks() -> Iterator[Callable[[], bytes]]:
        for picture in pictures:
            waiting.append(picture)
            yield _drawing(picture, kind, parameters, lines)

    for outcome in in_order(tasks()):
        yield waiting.popleft(), outcome


def _drawing(
    picture: Picture, kind: str, parameters: Parameters, lines: tuple[str, ...]
) -> Callable[[], bytes]:
    """What draws the picture, once its object has been found; a lost object is told of when it is called."""
    wish = Rendering(
        format=FORMATS[kind],
        frames=picture.frames,
        window=parameters.window,
        function=parameters.function,
        size=parameters.size,
        region=parameters.region,
        quality=parameters.quality,
        annotations=lines,
        with_profile=parameters.with_profile,
        in_srgb=parameters.in_srgb,
        presentation=picture.state,
    )
    try:
        if picture.view is not None:
            return partial(volumes_viewed, picture.view.sources(), picture.view.images(), wish)
        if picture.film:
            return partial(film_blended, *film_of(picture.film), wish)
        source = source_of(picture.subject)
        if picture.over is None:
            return partial(rendered, source, wish)
        return partial(blended, source, frames_over(picture.over), sources_over(picture.over), wish)
    except ServiceError as error:
        return partial(_raise, error)


def _raise(error: ServiceError) -> bytes:
    raise error


def document(subject: Subject) -> Document | None:
    """What an encapsulated document or a report shows; None for anything else."""
    return document_of(subject.sop_class_uid, lambda: whole_object(subject))


def alone(data: bytes, kind: str) -> HttpResponse:
    """An answer of one picture or document."""
    response = HttpResponse(data, content_type=kind)
    response["Content-Length"] = str(len(data))
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    if kind.startswith("text/"):
        response["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    return response


def annotation_lines(study: str, parameters: Parameters) -> tuple[str, ...]:
    """Words for the corner, of the index: whose study it is, and what was made."""
    if not parameters.annotations:
        return ()
    series = Series.objects.filter(study__study_instance_uid=study).select_related("study__patient").first()
    if series is None:
        return ()
    of_study, patient = series.study, series.study.patient
    lines = []
    if "patient" in parameters.annotations:
        born = patient.birth_date.isoformat() if patient.birth_date else ""
        lines += [
            patient.person_name.split("=")[0].replace("^", " ").strip(),
            f"{born} {patient.sex}".strip(),
        ]
    if "technique" in parameters.annotations:
        day = of_study.study_date.isoformat() if of_study.study_date else ""
        lines += [f"{series.modality} {day}".strip(), of_study.study_description]
    return tuple(line for line in lines if line)
