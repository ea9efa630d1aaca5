"""An answer of one part, without a multipart frame around it.

Reference  PS3.18 §8.6.1.1 (single part payload)
"""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from integrations.dicomweb.multipart import Part
from integrations.dicomweb.sending import pieces


def single_part(part: Part) -> HttpResponseBase:
    """The part's bytes, its header fields those of the answer."""
    response: HttpResponseBase
    if isinstance(part.body, bytes):
        response = HttpResponse(part.body, content_type=str(part.content_type))
    else:
        response = StreamingHttpResponse(pieces(part.body), content_type=str(part.content_type))
    if part.known_length is not None:
        response["Content-Length"] = str(part.known_length)
    if part.location:
        response["Content-Location"] = part.location
    return response
