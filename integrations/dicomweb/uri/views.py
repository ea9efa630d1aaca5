"""One instance by the URI service: as a DICOM object, or as what a browser shows.

Reference  PS3.18 §9 (URI service), §9.3 (the selected media type tells the transaction)
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.http import HttpRequest, HttpResponseBase

from accounts.models import Person
from archive.pixels.errors import PixelsUnreadable
from archive.pixels.rendering.documents import Document
from archive.pixels.rendering.services import as_presentation, referenced_by
from archive.storage.objects import Place
from common.errors import InvalidInput, NotFound, ServiceError
from integrations.dicomweb.blending.states import BLENDING_STATES
from integrations.dicomweb.charsets import check_charset
from integrations.dicomweb.door import dicomweb_view
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import DICOM, MediaType, negotiated
from integrations.dicomweb.multipart import Part
from integrations.dicomweb.pictures import (
    PICTURES,
    PRESENTATION_STATES,
    Picture,
    alone,
    annotation_lines,
    document,
    drawn,
    presented,
    refuse_other_states,
)
from integrations.dicomweb.rendering import warned
from integrations.dicomweb.retrieve.objects import objects
from integrations.dicomweb.retrieve.presence import present
from integrations.dicomweb.retrieve.single_part import single_part
from integrations.dicomweb.retrieve.subjects import Subject, subjects
from integrations.dicomweb.retrieve.syntaxes import instance_syntax
from integrations.dicomweb.retrieve.trail import note_retrieval
from integrations.dicomweb.retrieve.whole import whole_object
from integrations.dicomweb.uri.anonymous import anonymous_part
from integrations.dicomweb.uri.parameters import (
    OF_OBJECTS,
    OF_PICTURES,
    ObjectWish,
    PictureWish,
    Target,
    given,
    object_wish_of,
    picture_wish,
    refuse_beside_state,
    refuse_mixed,
    target,
)

ACCEPT = ("contentType", "accept")  # the table's name, and that of the syntax (§9.1.2.2.1)


@dicomweb_view("GET")
def wado(request: HttpRequest, actor: Person) -> HttpResponseBase:
    """The instance in the media type the client likes best of those it can be had in; a JPEG if it says nothing."""
    query = given(request)
    wanted = target(query)
    check_charset(request)
    wish, object_wish = picture_wish(query, study=wanted.study), object_wish_of(query)
    (found,) = subjects(actor, study=wanted.study, series=wanted.series, instance=wanted.instance)
    there = present([found])
    subject = there.subjects[0]
    if subject.sop_class_uid in PRESENTATION_STATES:
        refuse_beside_state(query)
    picture = None if wish.presentation is None else _by_state(actor, wish.presentation, subject)
    _note(actor, picture or Picture(subject))
    shown = document(subject)
    refusal: ServiceError | None = None
    is_of_object = bool(OF_OBJECTS & set(query))
    for media in negotiated(request, _offers(shown), parameters=ACCEPT):
        if is_of_object and media.type != DICOM.type:
            continue
        try:
            if media.type == DICOM.type:
                if refusal is None:
                    refuse_mixed(query, OF_PICTURES, media_type=media.type)
                return single_part(_object(subject, there.places, media, object_wish))
            if shown is not None:
                return alone(shown.data, media.type)
            return _picture(request, actor, picture or _itself(actor, subject), media, wish)
        except (NotAcceptable, PixelsUnreadable) as error:
            refusal = refusal or error
    raise refusal or NotAcceptable("The instance cannot be had so")


def _offers(shown: Document | None) -> Sequence[MediaType]:
    """What the instance may be had as, what is given unasked first (§9.3)."""
    return [MediaType(shown.media_type), DICOM] if shown else [*PICTURES, DICOM]


def _object(subject: Subject, places: Mapping[str, Place], media: MediaType, wish: ObjectWish) -> Part:
    asked = wish.transfer_syntax or media.transfer_syntax
    if wish.is_anonymous:
        return anonymous_part(subject, asked)
    syntax = instance_syntax(subject.transfer_syntax_uid, asked)
    if syntax is None:
        raise NotAcceptable("The instance cannot be had in an acceptable transfer syntax")
    (made,) = objects([(subject, syntax)], places)
    if isinstance(made, PixelsUnreadable):
        raise made
    return made.part


def _picture(
    request: HttpRequest, actor: Person, picture: Picture, media: MediaType, wish: PictureWish
) -> HttpResponseBase:
    """Raises  InvalidInput for a frame the image does not have (§9.5.2.1); as `drawn`."""
    _note(actor, picture)
    if wish.frame:
        picture = replace(picture, frames=(wish.frame,))
    lines = annotation_lines(picture.subject.study_instance_uid, wish.parameters)
    try:
        shown = drawn(picture, media.type, wish.parameters, lines)
    except NotFound as error:
        if error.code != "NO_SUCH_FRAME":
            raise
        raise InvalidInput(error.message, code=error.code) from error
    return warned(request, alone(shown, media.type), wish.parameters)


def _note(actor: Person, picture: Picture) -> None:
    for one in {one.study_instance_uid: one for one in picture.shown}.values():
        note_retrieval(
            actor,
            study=one.study_instance_uid,
            site_code=one.site_code,
            transaction="wado-uri",
            instances=1,
        )


def _itself(actor: Person, subject: Subject) -> Picture:
    """The instance; of a presentation state, the first image that it is for.

    Raises  NotAcceptable for a state of a class that is not followed, or without an image.
    """
    refuse_other_states(subject.sop_class_uid)
    is_state = subject.sop_class_uid in PRESENTATION_STATES
    return presented(actor, subject)[0] if is_state else Picture(subject)


def _by_state(actor: Person, named: Target, image: Subject) -> Picture:
    """The image, by the presentation state that is named; by a blending state, its first frame that others lie over.

    Raises  InvalidInput if there is no such state that the actor may see; NotAcceptable if it is not for this image.
    """
    state = _state(actor, named)
    if state.sop_class_uid in BLENDING_STATES:
        for picture in presented(actor, state, only=image.sop_instance_uid):
            return replace(picture, subject=image)
    else:
        part10 = whole_object(state)
        frames = referenced_by(part10).get(image.sop_instance_uid)
        if frames is not None:
            return Picture(image, frames, as_presentation(part10))
    raise NotAcceptable("The presentation state is not for this image", code="PRESENTATION_UNSUITED")


def _state(actor: Person, named: Target) -> Subject:
    """Raises  InvalidInput if there is none that the actor may see (§9.5.2.3); NotAcceptable if it is not followed."""
    with contextlib.suppress(NotFound):
        (found,) = subjects(actor, study=named.study, series=named.series, instance=named.instance)
        refuse_other_states(found.sop_class_uid)
        if found.sop_class_uid in PRESENTATION_STATES:
            return found
    raise InvalidInput(
        "presentationUID does not correspond to an existing presentation instance of presentationSeriesUID",
        code="PARAMETER_INVALID",
        fields={"presentationUID": "does not correspond to an existing presentation instance"},
    )
