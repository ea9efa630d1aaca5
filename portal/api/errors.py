"""Refusals in HTTP's words, all in one shape: `{"code", "message", "fields"?}`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from common.errors import Conflict, InvalidInput, NotFound, NotPermitted, ServiceError, Unavailable

STATUS: dict[type[ServiceError], int] = {
    InvalidInput: 400,
    NotPermitted: 403,
    NotFound: 404,
    Conflict: 409,
    Unavailable: 503,
}


@extend_schema_serializer(component_name="Refusal")
class RefusalSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    fields_ = serializers.DictField(child=serializers.CharField(), required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["fields"] = fields.pop("fields_")
        return fields


def status_of(error: ServiceError) -> int:
    """The HTTP status of a refusal; subclasses answer as their family does."""
    return next((status for family, status in STATUS.items() if isinstance(error, family)), 500)


def body_of(error: ServiceError) -> dict[str, Any]:
    """The refusal as JSON."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, InvalidInput) and error.fields:
        body["fields"] = error.fields
    return body


@csrf_exempt
def nothing_here(_request: HttpRequest) -> JsonResponse:
    """For addresses that nothing answers at: whoever asks in JSON is told so in JSON."""
    return JsonResponse({"code": "NOT_FOUND", "message": _("There is no such address.")}, status=404)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer refusals, ours and the framework's, in our shape; a defect is left to Django's handler."""
    if isinstance(error, ServiceError):
        set_rollback()
        return Response(body_of(error), status=status_of(error))
    if isinstance(error, RequestDataTooBig):
        return _too_large()
    response = exception_handler(error, context)
    if response is not None:
        response.data = _framework_body(error, response)
    return response


def _too_large() -> Response:
    """RFC 9110 §15.5.14."""
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    message = _("A request has %(most)d bytes at most.") % {"most": most}
    return Response({"code": "TOO_LARGE", "message": message}, status=413)


def _framework_body(error: Exception, response: Response) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        return {
            "code": "INVALID_INPUT",
            "message": _("Please correct the marked fields."),
            "fields": _fields(error.detail),
        }
    if isinstance(error, Http404):
        return {"code": "NOT_FOUND", "message": _("There is nothing here that you may see.")}
    if isinstance(error, PermissionDenied):
        return {"code": "NOT_PERMITTED", "message": _("You may not do this.")}
    code = str(getattr(error, "default_code", "refused")).upper()
    return {"code": code, "message": str(response.data.get("detail", ""))}


def _fields(detail: Any) -> dict[str, str]:
    if not isinstance(detail, dict):
        return {"": " ".join(str(item) for item in detail)}
    return {
        name: " ".join(str(item) for item in messages) if isinstance(messages, list) else str(messages)
        for name, messages in detail.items()
    }
