"""An answer of one part, without a multipart frame around it.

Reference  PS3.18 §8.6.1.1 (single part payload), RFC 9110 §14 (ranges)
"""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from archive.storage.objects import LocalSlice
from integrations.dicomweb.errors import RangeRefused, refusal
from integrations.dicomweb.multipart import Part
from integrations.dicomweb.ranges import span_asked
from integrations.dicomweb.sending import pieces

_PARTIAL = 206


def single_part(part: Part, request: HttpRequest | None = None, *, etag: str = "") -> HttpResponseBase:
    """The part's bytes, its header fields those of the answer; with a request, the range of them it asks for.

    `etag` names these very bytes, where they will be the same whenever they are asked for.
    """
    body, length = part.body, part.known_length
    if request is None or length is None or not isinstance(body, bytes | LocalSlice):
        return _response(part, body, length)
    try:
        span = span_asked(request, length, etag=etag)
    except RangeRefused as error:
        response: HttpResponseBase = refusal(error)
        response["Content-Range"] = f"bytes */{length}"
        return response
    if span is None:
        response = _response(part, body, length)
    else:
        response = _response(part, span.of(body), span.length)
        response.status_code = _PARTIAL
        response["Content-Range"] = span.content_range
    response["Accept-Ranges"] = "bytes"
    if etag:
        response["ETag"] = etag
    return response


def _response(part: Part, body: bytes | LocalSlice | Iterable[bytes], length: int | None) -> HttpResponseBase:
    response: HttpResponseBase
    if isinstance(body, bytes):
        response = HttpResponse(body, content_type=str(part.content_type))
    else:
        response = StreamingHttpResponse(pieces(body), content_type=str(part.content_type))
    if length is not None:
        response["Content-Length"] = str(length)
    if part.location:
        response["Content-Location"] = part.location
    return response
