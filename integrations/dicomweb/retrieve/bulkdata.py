"""Values that metadata only refers to, by the tags that lead to them.

Reference  PS3.18 §10.4.1.1.5 (Bulkdata resource), §F.2.6 (BulkDataURI), PS3.3 §C.24.2 (encapsulated documents)
"""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponseBase

from accounts.models import Person
from archive.pixels.encapsulation import layout_of
from archive.pixels.sources import source_at
from archive.storage.objects import read_object
from archive.studies.metadata.elements import PIXEL_DATA, Encoded, Spot, items, spots
from archive.studies.metadata.encoding import little_endian
from archive.studies.metadata.objects import whole
from archive.studies.outgoing import coerced
from common.errors import InvalidInput, NotFound
from integrations.dicomweb.door import dicomweb_view
from integrations.dicomweb.media_types import OCTET_STREAM, MediaType, negotiate, parse_media_type, related
from integrations.dicomweb.multipart import Part, multipart_stream
from integrations.dicomweb.retrieve.frames import choose, frame_parts
from integrations.dicomweb.retrieve.single_part import single_part
from integrations.dicomweb.retrieve.subjects import Subject, subjects
from integrations.dicomweb.retrieve.syntaxes import is_native
from integrations.dicomweb.retrieve.trail import note_retrieval

BASE = "/dicomweb"
_PATH = re.compile(r"[0-9A-Fa-f]{8}(/[1-9]\d{0,5}/[0-9A-Fa-f]{8}){0,16}")
_DOCUMENT, _DOCUMENT_LENGTH, _MIME_TYPE = 0x00420011, 0x00420015, 0x00420012
_OF_DOCUMENTS = frozenset([_DOCUMENT_LENGTH, _MIME_TYPE])


@dicomweb_view("GET")
def bulkdata(
    request: HttpRequest, actor: Person, *, study: str, series: str, instance: str, path: str
) -> HttpResponseBase:
    """One value; encapsulated pixel data as a part a frame."""
    if not _PATH.fullmatch(path):
        raise InvalidInput("Bulk data is named by tags and numbers of items", code="BULK_PATH_MALFORMED")
    subject = subjects(actor, study=study, series=series, instance=instance)[0]
    note_retrieval(actor, study=study, site_code=subject.site_code, transaction="bulkdata", instances=1)
    if path.upper() == f"{PIXEL_DATA:08X}" and not is_native(subject.transfer_syntax_uid):
        return _pixels(request, subject)
    value, kind = _value(subject, path)
    media = negotiate(request, [related(kind), kind] if kind == OCTET_STREAM else [kind, related(kind)])
    part = Part(kind, value, location=f"{BASE}/{subject.path}/bulkdata/{path}")
    return multipart_stream([part], root=kind) if media.is_multipart else single_part(part)


def _pixels(request: HttpRequest, subject: Subject) -> HttpResponseBase:
    """Encapsulated pixel data frame by frame."""
    with source_at(subject.storage_key).opened() as data:
        count = layout_of(data).number_of_frames
    media, syntax = choose(request, subject, is_single=count == 1)
    kind = MediaType(media.part_type)
    made = frame_parts(subject, range(1, count + 1), syntax, kind=kind)
    return multipart_stream(made, root=kind) if media.is_multipart else single_part(next(made))


def _value(subject: Subject, path: str) -> tuple[bytes, MediaType]:
    """The bytes of the value, little endian, and what they are. Raises NotFound if there is no such value."""
    encoded = whole(coerced(read_object(subject.storage_key), subject.identity))
    steps = path.split("/")
    found = list(spots(encoded))
    for tag, number in zip(steps[:-1:2], steps[1::2], strict=True):
        found = _item(encoded, _named(found, tag), int(number))
    spot = _named(found, steps[-1])
    if spot.vr == "SQ" or spot.is_undefined:
        raise _nothing()
    value = little_endian(spot.vr, encoded.data[spot.begin : spot.end], order=encoded.order)
    return _document(encoded, found, value) if spot.tag == _DOCUMENT else (value, OCTET_STREAM)


def _document(encoded: Encoded, found: list[Spot], value: bytes) -> tuple[bytes, MediaType]:
    """An encapsulated document without its padding, of the media type it says it is."""
    texts = {one.tag: encoded.data[one.begin : one.end] for one in found if one.tag in _OF_DOCUMENTS}
    length = int.from_bytes(texts.get(_DOCUMENT_LENGTH, b""), "little" if encoded.order == "<" else "big")
    try:
        kind = parse_media_type(texts.get(_MIME_TYPE, b"").decode("ascii").strip(" \0"))
    except (InvalidInput, UnicodeDecodeError):
        kind = OCTET_STREAM
    if kind.type.startswith("text/") and kind.type != "text/xml":
        kind = OCTET_STREAM  # a page somebody stored must not run as one of ours
    return value[:length] if 0 < length <= len(value) else value, kind


def _item(encoded: Encoded, sequence: Spot, number: int) -> list[Spot]:
    if sequence.vr == "SQ":
        for at, found in enumerate(items(encoded, sequence), start=1):
            if at == number:
                return found
    raise _nothing()


def _named(found: list[Spot], tag: str) -> Spot:
    spot = next((one for one in found if one.tag == int(tag, 16)), None)
    if spot is None:
        raise _nothing()
    return spot


def _nothing() -> NotFound:
    return NotFound("The instance has no such bulk data", code="BULK_DATA_UNKNOWN")
