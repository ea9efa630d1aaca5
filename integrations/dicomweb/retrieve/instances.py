"""Whole objects: of a study, of a series, or one; as multipart, by themselves, or zipped.

Reference  PS3.18 §10.4.1.1.1-3 (Study, Series, Instance resources), §8.7.3, §8.7.4 (single part), §10.4.3
"""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from accounts.models import Person
from integrations.dicomweb.door import dicomweb_view, warn
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import (
    DICOM,
    MULTIPART_DICOM,
    MULTIPART_OCTET_STREAM,
    OCTET_STREAM,
    ZIP,
    MediaType,
    negotiated,
)
from integrations.dicomweb.multipart import multipart_stream
from integrations.dicomweb.retrieve.bulkdata import bulk_answer
from integrations.dicomweb.retrieve.objects import MadeAhead, made_ahead, objects
from integrations.dicomweb.retrieve.presence import present
from integrations.dicomweb.retrieve.single_part import single_part
from integrations.dicomweb.retrieve.subjects import Subject, subjects
from integrations.dicomweb.retrieve.syntaxes import instance_syntax
from integrations.dicomweb.retrieve.trail import note_retrieval
from integrations.dicomweb.retrieve.zipped import zip_stream
from integrations.dicomweb.sending import pieces

_PARTIAL = 206


@dicomweb_view("GET")
def retrieve(
    request: HttpRequest, actor: Person, *, study: str, series: str = "", instance: str = ""
) -> HttpResponseBase:
    """Every object the path names, in the media type and transfer syntax the client accepts.

    206 with a Warning if some of them are lost or cannot be had in it, 406 if none can.
    """
    found = subjects(actor, study=study, series=series, instance=instance)
    there = present(found)
    offers = [MULTIPART_DICOM, *([DICOM] if len(found) == 1 else []), ZIP, MULTIPART_OCTET_STREAM]
    media, chosen = _choose(request, offers, there.subjects)
    if media.part_type == OCTET_STREAM.type:
        note_retrieval(
            actor, study=study, site_code=found[0].site_code, transaction="bulkdata", instances=len(found)
        )
        return bulk_answer(request, found)
    made = made_ahead(objects(chosen, there.places), of=len(chosen))
    note_retrieval(
        actor, study=study, site_code=found[0].site_code, transaction="wado-rs", instances=len(chosen)
    )
    response = _response(request, media, made, study)
    _tell_missing(
        request, response, lost=there.lost, refused=len(there.subjects) - len(chosen) + made.refused
    )
    return response


Chosen = Sequence[tuple[Subject, str]]


def _choose(
    request: HttpRequest, offers: Sequence[MediaType], found: Sequence[Subject]
) -> tuple[MediaType, Chosen]:
    """The media type in which most can be given, the dearest among equals, and each with its transfer syntax.

    Raises  NotAcceptable
    """
    best: tuple[MediaType, Chosen] | None = None
    for media in negotiated(request, offers):
        if media.part_type == OCTET_STREAM.type:
            return media, []
        asked = media.transfer_syntax or ("*" if media.type == ZIP.type else "")
        pairs = [
            (one, syntax) for one in found if (syntax := instance_syntax(one.transfer_syntax_uid, asked))
        ]
        if len(pairs) == len(found):
            return media, pairs
        if pairs and (best is None or len(pairs) > len(best[1])):
            best = media, pairs
    if best is None:
        raise NotAcceptable("No instance can be had in an acceptable transfer syntax")
    return best


def _response(request: HttpRequest, media: MediaType, made: MadeAhead, study: str) -> HttpResponseBase:
    if media.type == ZIP.type:
        named = ((one.subject, b"".join(pieces(one.part.body))) for one in made.objects)
        response = StreamingHttpResponse(zip_stream(named), content_type=ZIP.type)
        response["Content-Disposition"] = f'attachment; filename="{study}.zip"'
        return response
    parts = (one.part for one in made.objects)
    if media.type == DICOM.type:
        return single_part(next(parts), request)
    return multipart_stream(list(parts) if made.is_complete else parts, root=DICOM)


def _tell_missing(request: HttpRequest, response: HttpResponseBase, *, lost: int, refused: int) -> None:
    if lost or refused:
        response.status_code = _PARTIAL
    if lost:
        warn(request, response, f"{lost} instances are not in the store")
    if refused:
        warn(request, response, f"{refused} instances cannot be had in an acceptable transfer syntax")
