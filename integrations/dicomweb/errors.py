"""Refusals that only HTTP knows, and the status and body of every refusal.

Reference  PS3.18 §8.5 (status codes), RFC 9110 §15
"""

from __future__ import annotations

import json

from django.http import HttpResponse

from archive.pixels.errors import PixelsUnreadable
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted, ServiceError, Unavailable

RETRY_AFTER_S = 5


class NotSignedIn(ServiceError):
    """Nobody is known to be asking."""

    default_code = "NOT_SIGNED_IN"


class MethodRefused(ServiceError):
    """The resource knows no such method."""

    default_code = "METHOD_NOT_ALLOWED"


class NotAcceptable(ServiceError):
    """What is there cannot be given in any media type or transfer syntax the client accepts."""

    default_code = "NOT_ACCEPTABLE"


class Gone(ServiceError):
    """What was asked for did exist, and has been removed for good."""

    default_code = "GONE"


class TooLarge(ServiceError):
    """More was sent than is taken in one request."""

    default_code = "PAYLOAD_TOO_LARGE"


class MediaTypeRefused(ServiceError):
    """What was sent is of a media type that is not taken here."""

    default_code = "UNSUPPORTED_MEDIA_TYPE"


class TooSlow(ServiceError):
    """What is being sent does not come, or would take for ever."""

    default_code = "REQUEST_TIMEOUT"


class RangeRefused(ServiceError):
    """The bytes that were asked for are none of the representation's."""

    default_code = "RANGE_NOT_SATISFIABLE"


STATUS: dict[type[ServiceError], int] = {  # of families within families, the narrower first
    PixelsUnreadable: 406,  # the request is sound, but the object cannot be had so
    InvalidInput: 400,
    NotSignedIn: 401,
    NotPermitted: 403,
    NotFound: 404,
    MethodRefused: 405,
    NotAcceptable: 406,
    TooSlow: 408,
    Conflict: 409,
    Gone: 410,
    TooLarge: 413,
    MediaTypeRefused: 415,
    RangeRefused: 416,
    Unavailable: 503,
}


def status_of(error: ServiceError) -> int:
    """The HTTP status of a refusal; subclasses answer as their family does."""
    return next((status for family, status in STATUS.items() if isinstance(error, family)), 500)


def refusal(error: ServiceError) -> HttpResponse:
    """The refusal as a status report (PS3.18 §8.6.3), with what the status wants beside it."""
    report: dict[str, object] = {"code": error.code, "message": error.message}
    if isinstance(error, InvalidInput) and error.fields:
        report["fields"] = error.fields
    status = status_of(error)
    response = HttpResponse(json.dumps(report), content_type="application/json", status=status)
    if status == 503:
        response["Retry-After"] = str(RETRY_AFTER_S)
    return response
