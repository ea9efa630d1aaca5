"""Pictures of instances for whoever has no DICOM viewer: the Rendered and Thumbnail resources.

Reference  PS3.18 §10.4.1.1.3 (Rendered resources), §10.4.1.1.4 (Thumbnail resources), §8.7.4 (media types), §8.3.5
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase

from accounts.actors import Actor
from accounts.models import Person
from archive.pixels.errors import PixelsUnreadable, unreadable
from archive.pixels.rendering.services import rendered
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.sources import source_of
from archive.studies.models import Instance
from archive.studies.selectors import visible_studies
from common.errors import NotFound
from integrations.dicomweb.charsets import check_charset
from integrations.dicomweb.credentials import person_asking
from integrations.dicomweb.door import answering, dicomweb_view
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import (
    GIF,
    MediaType,
    accept_texts,
    negotiate,
    negotiated_among,
    related,
)
from integrations.dicomweb.multipart import Part, multipart_stream
from integrations.dicomweb.pictures import (
    FORMATS,
    PICTURES,
    PRESENTATION_STATES,
    Picture,
    alone,
    annotation_lines,
    document,
    drawn,
    drawn_in_order,
    films,
    presented,
    refuse_other_states,
)
from integrations.dicomweb.rendering import (
    Parameters,
    parameters_of,
    refuse_beside_state,
    refuse_profile,
    thumbnail_size,
    warned,
)
from integrations.dicomweb.retrieve.frames import frame_numbers
from integrations.dicomweb.retrieve.subjects import Subject, instance_asked, subjects
from integrations.dicomweb.retrieve.trail import note_retrieval

BASE = "/dicomweb"
THUMBNAIL_SIZE = 128
_THUMBNAIL_KEPT_S = 7 * 24 * 3600


@answering("GET")
def rendered_resource(
    request: HttpRequest, *, study: str, series: str = "", instance: str = "", frames: str = ""
) -> HttpResponseBase:
    """A picture an instance, or a frame of the list; a document as what it is.

    One picture comes by itself, several as multipart; a GIF shows all frames of an instance. A presentation state is
    rendered as the images it is for. 406 for what cannot be rendered; in a study or series it is left out.
    """
    actor, found = _asked(request, study=study, series=series, instance=instance)
    numbers = frame_numbers(frames) if frames else []
    parameters = parameters_of(request)
    if instance and found[0].sop_class_uid in PRESENTATION_STATES:
        refuse_beside_state(parameters)
    check_charset(request)
    note_retrieval(
        actor, study=study, site_code=found[0].site_code, transaction="rendered", instances=len(found)
    )
    if instance and not numbers:
        shown = document(found[0])
        if shown is not None:
            kind = negotiate(request, [MediaType(shown.media_type)])
            return alone(shown.data, kind.type)
    pictures = _pictures(actor, found, numbers, is_one=bool(instance))
    _note_other_studies(actor, pictures, study)
    as_films = films(pictures)
    is_film = bool(numbers) or len(as_films) == 1
    media = _chosen(accept_texts(request), is_one=len(pictures) == 1, is_film=is_film)
    if GIF.type in {media.type, media.part_type}:
        pictures = as_films
    refuse_profile(parameters, media.part_type if media.is_multipart else media.type)
    lines = annotation_lines(study, parameters)
    if not media.is_multipart:
        whole = replace(pictures[0], frames=tuple(numbers)) if numbers else pictures[0]
        return warned(request, alone(drawn(whole, media.type, parameters, lines), media.type), parameters)
    made = _parts(pictures, media.part_type, parameters, lines, may_lack=not instance)
    return warned(request, multipart_stream(made, root=MediaType(media.part_type)), parameters)


@dicomweb_view("GET")
def thumbnail(
    request: HttpRequest, actor: Person, *, study: str, series: str = "", instance: str = "", frames: str = ""
) -> HttpResponseBase:
    """One small picture that stands for the resource: of a study or series, its middle image.

    404 if there is no picture of it.
    """
    media = negotiate(request, PICTURES[:2])
    size = thumbnail_size(request, THUMBNAIL_SIZE)
    numbers = tuple(frame_numbers(frames)[:1]) if frames else ()
    subject = _representative(actor, study=study, series=series, instance=instance)
    note_retrieval(actor, study=study, site_code=subject.site_code, transaction="thumbnail", instances=1)
    key = f"dicomweb-thumbnail:{subject.pk}:{subject.size_bytes}:{numbers}:{size}:{media.type}"
    data = cache.get(key.replace(" ", ""))
    if data is None:
        wish = Rendering(format=FORMATS[media.type], frames=numbers, size=size)
        try:
            data = rendered(source_of(subject), wish)
        except PixelsUnreadable as error:
            raise NotFound(error.message, code=error.code) from error
        cache.set(key.replace(" ", ""), data, timeout=_THUMBNAIL_KEPT_S)
    return alone(data, media.type)


def _asked(
    request: HttpRequest, *, study: str, series: str, instance: str
) -> tuple[Person, Sequence[Subject]]:
    """Who asks, and the instances of the resource."""
    if instance:
        actor, subject = instance_asked(request, study=study, series=series, instance=instance)
        return actor, [subject]
    actor = person_asking(request)
    return actor, subjects(actor, study=study, series=series)


@functools.lru_cache(512)
def _chosen(accept: tuple[str, ...], *, is_one: bool, is_film: bool) -> MediaType:
    """What the client likes best: of one picture by itself or as a part, of several as parts or as a film.

    Raises  NotAcceptable
    """
    parts = [related(picture) for picture in PICTURES]
    offers = [*PICTURES, *parts] if is_one else [*parts, *((GIF,) if is_film else ())]
    return next(negotiated_among(accept, offers))


def _pictures(
    actor: Actor, found: Sequence[Subject], numbers: Sequence[int], *, is_one: bool
) -> list[Picture]:
    if is_one and found[0].sop_class_uid in PRESENTATION_STATES:
        if numbers:
            raise unreadable("NO_SUCH_FRAME")
        return presented(actor, found[0])
    if is_one:
        refuse_other_states(found[0].sop_class_uid)
    if numbers:
        return [Picture(found[0], (number,)) for number in numbers]
    return [Picture(one) for one in found]


def _note_other_studies(actor: Person, pictures: Sequence[Picture], study: str) -> None:
    """A blending state may show images of studies it is no part of."""
    every = {one.pk: one for picture in pictures for one in picture.shown}
    shown = Counter((one.study_instance_uid, one.site_code) for one in every.values())
    for (other, site_code), count in shown.items():
        if other != study:
            note_retrieval(actor, study=other, site_code=site_code, transaction="rendered", instances=count)


def _parts(
    pictures: Sequence[Picture], kind: str, parameters: Parameters, lines: tuple[str, ...], *, may_lack: bool
) -> Iterator[Part]:
    made = 0
    for picture, outcome in drawn_in_order(pictures, kind, parameters, lines):
        try:
            data = outcome.result()
        except (PixelsUnreadable, NotFound):
            if may_lack:
                continue
            raise
        made += 1
        frames = f"/frames/{picture.frames[0]}" if picture.frames else ""
        yield Part(MediaType(kind), data, location=f"{BASE}/{picture.subject.path}{frames}/rendered")
    if not made:
        raise NotAcceptable("There is no picture in it", code="NOT_AN_IMAGE")


def _representative(actor: Actor, *, study: str, series: str, instance: str) -> Subject:
    """The instance whose picture stands for the resource. Raises NotFound."""
    if instance:
        return subjects(actor, study=study, series=series, instance=instance)[0]
    images = Instance.objects.filter(
        rows__gt=0,
        series__withdrawn_at=None,
        series__study__in=visible_studies(actor).filter(study_instance_uid=study),
    )
    if series:
        images = images.filter(series__series_instance_uid=series)
    order = ("series__is_derived", "series__series_number", "series_id", "instance_number", "pk")
    listed = list(images.order_by(*order).values_list("series_id", "sop_instance_uid"))
    if not listed:
        subjects(actor, study=study, series=series)
        raise NotFound("There is no picture of it", code="NOT_AN_IMAGE")
    first = [uid for series_pk, uid in listed if series_pk == listed[0][0]]
    return subjects(actor, study=study, series=series, instance=first[len(first) // 2])[0]
