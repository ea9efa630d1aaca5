"""Our error family in HTTP's words."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler

from common.errors import Conflict, InvalidInput, NotFound, NotPermitted, ServiceError, Unavailable

STATUS: dict[type[ServiceError], int] = {
    InvalidInput: 400,
    NotPermitted: 403,
    NotFound: 404,
    Conflict: 409,
    Unavailable: 503,
}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer a service's refusal with its status, code, message and fields; leave the rest to DRF."""
    if not isinstance(error, ServiceError):
        return exception_handler(error, context)
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, InvalidInput) and error.fields:
        body["fields"] = error.fields
    return Response(body, status=STATUS.get(type(error), 500))
