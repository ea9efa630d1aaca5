"""The data set in the body of a request, in any media type the service takes.

Reference  PS3.18 §11.1.3 (media types), §11.4.1.3 (Content-Type, Content-Encoding), §8.6
"""

from __future__ import annotations

import io
import json
import zlib
from typing import Any

from django.http import HttpRequest

from archive.studies.metadata.native_xml_reading import model_of
from archive.workitems.checking import checked
from common.errors import InvalidInput
from integrations.dicomweb.errors import MediaTypeRefused, TooLarge
from integrations.dicomweb.media_types import DICOM_JSON, DICOM_XML, JSON, MediaType, parse_media_type
from integrations.dicomweb.multipart_reading import boundary_of, read_parts
from integrations.dicomweb.store.body import Body

LARGEST = 1 << 20
Model = dict[str, Any]


def data_set(request: HttpRequest, *, may_be_missing: bool = False) -> Model:
    """The one data set that was sent; empty where nothing was sent, if that may be.

    Raises  InvalidInput for a payload that is none; MediaTypeRefused; TooLarge.
    """
    body = _body(request)
    if may_be_missing and not body.strip():
        return {}
    sent = parse_media_type(request.headers.get("Content-Type") or "application/octet-stream")
    if sent.part_type not in {DICOM_JSON.type, JSON.type, DICOM_XML.type}:
        raise MediaTypeRefused(f"Workitems are taken as {DICOM_JSON} and {DICOM_XML}")
    if sent.is_multipart:
        sent, body = _only_part(sent, body)
    found = model_of(body) if sent.part_type == DICOM_XML.type else _json(body)
    return checked(found)


def _json(body: bytes) -> object:
    """One data set, by itself or in an array of one."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The payload is no JSON", code="PAYLOAD_MALFORMED") from error
    if isinstance(found, list):
        if len(found) != 1:
            raise InvalidInput("The payload holds other than one data set", code="PAYLOAD_MALFORMED")
        return found[0]
    return found


def _only_part(sent: MediaType, body: bytes) -> tuple[MediaType, bytes]:
    parts = [
        b"".join(bytes(piece) for piece in part.body)
        for part in read_parts(io.BytesIO(body), boundary_of(sent), largest_part=LARGEST, most_parts=8)
    ]
    if len(parts) != 1:
        raise InvalidInput("The payload holds other than one data set", code="PAYLOAD_MALFORMED")
    return MediaType(sent.part_type), parts[0]


def _body(request: HttpRequest) -> bytes:
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
        raise TooLarge("The payload is larger than any workitem")
    body = b""
    with Body(request) as source:
        while len(body) <= LARGEST and (piece := source.read(LARGEST + 1 - len(body))):
            body += piece
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in {"gzip", "deflate"}:
        body = _inflated(body, 31 if encoding == "gzip" else 15)
    elif encoding != "identity":
        raise MediaTypeRefused("The payload is encoded in a way that is not taken here")
    if len(body) > LARGEST:
        raise TooLarge("The payload is larger than any workitem")
    return body


def _inflated(body: bytes, window: int) -> bytes:
    """At most one byte more than is taken, whatever a bomb would make of it."""
    reader = zlib.decompressobj(window)
    try:
        plain = reader.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise InvalidInput("The payload is not of its content encoding", code="PAYLOAD_MALFORMED") from error
    if len(plain) <= LARGEST and not reader.eof:
        raise InvalidInput("The payload is not of its content encoding", code="PAYLOAD_MALFORMED")
    return plain
