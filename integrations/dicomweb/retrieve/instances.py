"""Whole objects: of a study, of a series, or one; as multipart, by themselves, or zipped.

Reference  PS3.18 §10.4.1.1.1-3 (Study, Series, Instance resources), §8.7.3, §8.7.4 (single part), §10.4.3
"""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from accounts.models import Person
from archive.pixels.sources import PixelSource, source_at
from archive.pixels.transcoding import transcode_instance
from archive.storage.objects import Place, locate, read_object
from archive.studies.outgoing import coerced
from common.errors import NotFound
from integrations.dicomweb.door import dicomweb_view, warn
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import DICOM, MULTIPART_DICOM, ZIP, MediaType, negotiated
from integrations.dicomweb.multipart import Part, multipart_stream
from integrations.dicomweb.retrieve.single_part import single_part
from integrations.dicomweb.retrieve.subjects import Subject, subjects
from integrations.dicomweb.retrieve.syntaxes import instance_syntax
from integrations.dicomweb.retrieve.trail import note_retrieval
from integrations.dicomweb.retrieve.zipped import zip_stream
from integrations.dicomweb.sending import pieces

BASE = "/dicomweb"
_PARTIAL = 206


@dicomweb_view("GET")
def retrieve(
    request: HttpRequest, actor: Person, *, study: str, series: str = "", instance: str = ""
) -> HttpResponseBase:
    """Every object the path names, in the media type and transfer syntax the client accepts.

    206 with a Warning if some of them cannot be had in it, 406 if none can.
    """
    found = subjects(actor, study=study, series=series, instance=instance)
    offers = [MULTIPART_DICOM, DICOM, ZIP] if len(found) == 1 else [MULTIPART_DICOM, ZIP]
    media, chosen = _choose(request, offers, found)
    note_retrieval(
        actor, study=study, site_code=found[0].site_code, transaction="wado-rs", instances=len(chosen)
    )
    response = _response(media, chosen, study)
    if len(chosen) < len(found):
        response.status_code = _PARTIAL
        warn(response, f"{len(found) - len(chosen)} instances cannot be had in an acceptable transfer syntax")
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


def _response(media: MediaType, chosen: Chosen, study: str) -> HttpResponseBase:
    places = locate([one.storage_key for one, _syntax in chosen])
    if media.type == ZIP.type:
        named = ((one, b"".join(pieces(_part(one, syntax, places).body))) for one, syntax in chosen)
        response = StreamingHttpResponse(zip_stream(named), content_type=ZIP.type)
        response["Content-Disposition"] = f'attachment; filename="{study}.zip"'
        return response
    if media.type == DICOM.type:
        return single_part(_part(*chosen[0], places))
    is_as_stored = all(one.identity is None and one.transfer_syntax_uid == syntax for one, syntax in chosen)
    made = (_part(one, syntax, places) for one, syntax in chosen)
    return multipart_stream(list(made) if is_as_stored else made, root=DICOM)


def _part(subject: Subject, syntax: str, places: dict[str, Place]) -> Part:
    """One object: a part of a file where it leaves as it is stored, else its bytes.

    Raises  NotFound if its bytes are gone; Unavailable if they cannot be had now; PixelsUnreadable.
    """
    place = places.get(subject.storage_key)
    kind = DICOM.with_parameters(transfer_syntax=syntax)
    location = f"{BASE}/{subject.path}"
    if subject.identity is None and syntax == subject.transfer_syntax_uid:
        if place is None:
            raise NotFound("The object is not in the store", code="OBJECT_MISSING")
        return Part(kind, place.local or place.read(), location=location)
    return Part(kind, _made(subject, syntax), location=location)


def _made(subject: Subject, syntax: str) -> bytes:
    if subject.identity is None:
        return transcode_instance(source_at(subject.storage_key), syntax)
    data = coerced(read_object(subject.storage_key), subject.identity)
    if syntax == subject.transfer_syntax_uid:
        return data
    return transcode_instance(PixelSource(data=data), syntax)
