"""Values that metadata only refers to, found in a stored object by the tags that lead to them.

Reference  PS3.18 §F.2.6 (BulkDataURI), PS3.3 §C.24.2 (encapsulated documents)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from archive.storage.objects import LocalSlice, Place, locate
from archive.studies.metadata.elements import Encoded, Incomplete, Spot, items, spots
from archive.studies.metadata.encoding import SeriesEncoder, little_endian
from archive.studies.metadata.objects import open_files, read_with
from common.errors import InvalidInput, NotFound
from integrations.dicomweb.media_types import OCTET_STREAM, MediaType, parse_media_type
from integrations.dicomweb.retrieve.subjects import Subject

PATH = re.compile(r"[0-9A-Fa-f]{8}(/[1-9]\d{0,5}/[0-9A-Fa-f]{8}){0,16}")
_DOCUMENT, _DOCUMENT_LENGTH, _MIME_TYPE = 0x00420011, 0x00420015, 0x00420012
_OF_DOCUMENTS = frozenset([_DOCUMENT_LENGTH, _MIME_TYPE])
Found = tuple[bytes | tuple[int, int], MediaType]


def bulk_value(subject: Subject, path: str) -> tuple[bytes | LocalSlice, MediaType]:
    """The bytes of the value, little endian, and what they are; a large one as a part of its file.

    Raises  NotFound if there is no such value; Unavailable.
    """
    place = _place(subject)
    with open_files() as files:
        value, kind = read_with(place, files, lambda found: _value(found, path), identity=subject.identity)
    if isinstance(value, bytes):
        return value, kind
    begin, end = value
    if place.local is None:
        return place.read()[begin:end], kind
    return LocalSlice(place.local.path, place.local.offset + begin, end - begin), kind


def bulk_paths(subject: Subject) -> list[str]:
    """The paths of all values of an instance that its metadata refers to, in its order."""

    def told(found: Encoded) -> list[str]:
        model = json.loads(SeriesEncoder("").instance(found, subject.sop_instance_uid))
        return [uri.partition("/bulkdata/")[2] for uri in _references(model)]

    with open_files() as files:
        return read_with(_place(subject), files, told, identity=subject.identity)


def _place(subject: Subject) -> Place:
    place = locate([subject.storage_key]).get(subject.storage_key)
    if place is None:
        raise NotFound("The object is not in the store", code="OBJECT_MISSING")
    return place


def _references(model: dict[str, Any]) -> Iterator[str]:
    for element in model.values():
        if "BulkDataURI" in element:
            yield element["BulkDataURI"]
        elif element["vr"] == "SQ":
            for item in element.get("Value", ()):
                yield from _references(item)


def _value(encoded: Encoded, path: str) -> Found:
    steps = path.split("/")
    found = spots(encoded)
    for tag, number in zip(steps[:-1:2], steps[1::2], strict=True):
        found = iter(_item(encoded, _named(found, tag), int(number)))
    if int(steps[-1], 16) == _DOCUMENT:
        return _document(encoded, list(found))
    spot = _named(found, steps[-1])
    if spot.vr == "SQ" or spot.is_undefined:
        raise _nothing()
    if spot.end <= len(encoded.data):
        return little_endian(spot.vr, encoded.data[spot.begin : spot.end], order=encoded.order), OCTET_STREAM
    if encoded.order != "<" or encoded.is_whole or encoded.is_inflated:
        raise Incomplete
    return (spot.begin, spot.end), OCTET_STREAM


def _document(encoded: Encoded, found: list[Spot]) -> Found:
    """An encapsulated document without its padding, of the media type it says it is."""
    spot = _named(iter(found), f"{_DOCUMENT:08X}")
    if spot.end > len(encoded.data):
        raise Incomplete
    value = encoded.data[spot.begin : spot.end]
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


def _named(found: Iterator[Spot], tag: str) -> Spot:
    spot = next((one for one in found if one.tag == int(tag, 16)), None)
    if spot is None:
        raise _nothing()
    return spot


def _nothing() -> NotFound:
    return NotFound("The instance has no such bulk data", code="BULK_DATA_UNKNOWN")
