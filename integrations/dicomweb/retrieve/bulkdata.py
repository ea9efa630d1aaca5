"""Bulk data: one value, or all values and all pixel data of an instance, a series or a study.

Reference  PS3.18 §10.4.1.1.5 (Bulkdata resources), §10.4.1.1.6 (Pixel Data resources), §10.4.3.3.5 (payload)
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.http import HttpRequest, HttpResponseBase

from accounts.models import Person
from archive.pixels.encapsulation import layout_of
from archive.pixels.sources import source_of
from archive.studies.metadata.elements import PIXEL_DATA
from common.errors import InvalidInput
from integrations.dicomweb.door import dicomweb_view, warn
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import OCTET_STREAM, MediaType, negotiate, related
from integrations.dicomweb.multipart import Part, multipart_stream
from integrations.dicomweb.ranges import is_range_asked
from integrations.dicomweb.retrieve.bulk_values import PATH, bulk_paths, bulk_value
from integrations.dicomweb.retrieve.frames import choose, frame_parts
from integrations.dicomweb.retrieve.presence import present
from integrations.dicomweb.retrieve.single_part import single_part
from integrations.dicomweb.retrieve.subjects import Subject, subjects
from integrations.dicomweb.retrieve.syntaxes import is_native
from integrations.dicomweb.retrieve.trail import note_retrieval

BASE = "/dicomweb"
_PARTIAL = 206
_PIXELS = f"{PIXEL_DATA:08X}"


@dicomweb_view("GET")
def bulkdata(
    request: HttpRequest, actor: Person, *, study: str, series: str, instance: str, path: str
) -> HttpResponseBase:
    """One value, of which a range may be asked; encapsulated pixel data as a part a frame."""
    if not PATH.fullmatch(path):
        raise InvalidInput("Bulk data is named by tags and numbers of items", code="BULK_PATH_MALFORMED")
    subject = subjects(actor, study=study, series=series, instance=instance)[0]
    note_retrieval(actor, study=study, site_code=subject.site_code, transaction="bulkdata", instances=1)
    if _is_encapsulated(subject, path):
        return _frames(request, subject)
    value, kind = bulk_value(subject, path)
    media = negotiate(request, _offers(kind, is_alone=is_range_asked(request)))
    part = Part(MediaType(media.part_type), value, location=_location(subject, path))
    if media.is_multipart:
        return multipart_stream([part], root=part.content_type)
    return single_part(part, request, etag=_entity_tag(subject, path))


@dicomweb_view("GET")
def all_bulkdata(
    request: HttpRequest, actor: Person, *, study: str, series: str = "", instance: str = ""
) -> HttpResponseBase:
    """Every value that the metadata of the resource refers to."""
    found = subjects(actor, study=study, series=series, instance=instance)
    note_retrieval(
        actor, study=study, site_code=found[0].site_code, transaction="bulkdata", instances=len(found)
    )
    return bulk_answer(request, found)


@dicomweb_view("GET")
def pixeldata(
    request: HttpRequest, actor: Person, *, study: str, series: str = "", instance: str = ""
) -> HttpResponseBase:
    """The pixel data of every instance of the resource that has any."""
    found = subjects(actor, study=study, series=series, instance=instance)
    note_retrieval(
        actor, study=study, site_code=found[0].site_code, transaction="pixeldata", instances=len(found)
    )
    return bulk_answer(request, found, only=_PIXELS)


def bulk_answer(request: HttpRequest, found: Sequence[Subject], *, only: str = "") -> HttpResponseBase:
    """The bulk data of these instances, or only that of one path: a part a value, or a part a frame.

    206 with a Warning where instances are lost, or their pixels cannot be had in an acceptable transfer syntax.
    Raises  NotAcceptable if there is nothing to be had so.
    """
    there = present(found)
    planned = [(one, _planned(request, one, is_of_pixels=bool(only))) for one in there.subjects]
    wanted = [(one, plan) for one, plan in planned if plan is not None]
    made = (part for one, plan in wanted for part in _parts(one, *plan, only))
    first = next(made, None)
    if first is None:
        raise NotAcceptable("There is no bulk data in it that can be had in an acceptable media type")
    response = multipart_stream(itertools.chain([first], made), root=MediaType(first.content_type.type))
    missing = len(found) - len(wanted)
    if missing:
        response.status_code = _PARTIAL
        warn(
            request,
            response,
            f"{missing} instances are lost or cannot be had in an acceptable transfer syntax",
        )
    return response


def _offers(kind: MediaType, *, is_alone: bool) -> Sequence[MediaType]:
    """A document is given as what it is or as bytes, bytes as bytes; a range of them without a frame around it."""
    if kind != OCTET_STREAM:
        return [kind, related(kind), related(OCTET_STREAM), OCTET_STREAM]
    return [OCTET_STREAM, related(OCTET_STREAM)] if is_alone else [related(OCTET_STREAM), OCTET_STREAM]


def _planned(request: HttpRequest, subject: Subject, *, is_of_pixels: bool) -> tuple[MediaType, str] | None:
    """Media type and transfer syntax of the instance's pixels; None if none will do."""
    try:
        if is_of_pixels or not is_native(subject.transfer_syntax_uid):
            return choose(request, subject, is_single=False)
        return negotiate(request, [related(OCTET_STREAM)]), ""
    except NotAcceptable:
        return None


def _parts(subject: Subject, media: MediaType, syntax: str, only: str) -> Iterator[Part]:
    for path in bulk_paths(subject):
        if only and path != only:
            continue
        is_plain = is_native(subject.transfer_syntax_uid) and media.part_type == OCTET_STREAM.type
        if path == _PIXELS and not is_plain:
            yield from _frame_parts(subject, _count(subject), media, syntax)
        else:
            value, _kind = bulk_value(subject, path)
            yield Part(OCTET_STREAM, value, location=_location(subject, path))


def _frames(request: HttpRequest, subject: Subject) -> HttpResponseBase:
    """Encapsulated pixel data frame by frame."""
    count = _count(subject)
    media, syntax = choose(request, subject, is_single=count == 1)
    made = _frame_parts(subject, count, media, syntax)
    if media.is_multipart:
        return multipart_stream(made, root=MediaType(media.part_type))
    return single_part(next(made), request)


def _frame_parts(subject: Subject, count: int, media: MediaType, syntax: str) -> Iterator[Part]:
    for part in frame_parts(subject, range(1, count + 1), syntax, kind=MediaType(media.part_type)):
        yield replace(part, location=_location(subject, _PIXELS)) if count == 1 else part


def _count(subject: Subject) -> int:
    with source_of(subject).opened() as data:
        return layout_of(data).number_of_frames


def _is_encapsulated(subject: Subject, path: str) -> bool:
    return path.upper() == _PIXELS and not is_native(subject.transfer_syntax_uid)


def _location(subject: Subject, path: str) -> str:
    return f"{BASE}/{subject.path}/bulkdata/{path}"


def _entity_tag(subject: Subject, path: str) -> str:
    """Names the value: it stays what it is unless the study is filed anew."""
    corrected = subject.identity.corrected_at.isoformat() if subject.identity else ""
    named = f"{subject.pk}:{subject.size_bytes}:{corrected}:{path.upper()}"
    return f'"{hashlib.sha256(named.encode()).hexdigest()[:32]}"'
