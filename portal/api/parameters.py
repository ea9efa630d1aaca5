"""Query parameters and bodies, read with a clear refusal for what cannot be meant."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from common.errors import InvalidInput
from common.uids import is_uid_lenient
from workflows.keeping import why_not_kept
from workflows.scripting.inside.values import NotPlain


def check_parameters(request: Request) -> None:
    """Refuse, by its name, a parameter that no store of ours could be asked for."""
    for name, values in request.query_params.lists():
        if any("\0" in value for value in values):
            raise _not_accepted(name, why_not_kept(NotPlain("text")))


def text_in(request: Request, name: str) -> str:
    """The parameter as it came, without surrounding space; "" where absent."""
    return str(request.query_params.get(name, "")).strip()


def uuid_in(request: Request, name: str) -> uuid.UUID | None:
    """The parameter as a UUID; None where absent."""
    text = text_in(request, name)
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise _not_accepted(name, _("This is not a UUID.")) from None


def uid_in(request: Request, name: str) -> str:
    """The parameter as a DICOM UID; "" where absent."""
    text = text_in(request, name)
    if text and not is_uid_lenient(text):
        raise _not_accepted(name, _("This is not a DICOM UID."))
    return text


def date_in(request: Request, name: str) -> dt.date | None:
    """The parameter as a date, YYYY-MM-DD; None where absent."""
    text = text_in(request, name)
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise _not_accepted(name, _("This is not a date like 2026-03-31."))
    return day


def object_in(request: Request, *, refusal_code: str) -> dict[str, Any]:
    """The body, which must be a JSON object, name by name as it came."""
    if not isinstance(request.data, dict):
        raise InvalidInput("A JSON object is required.", code=refusal_code)
    return {str(name): value for name, value in request.data.items()}


def query(name: str, description: str) -> OpenApiParameter:
    """The parameter as the schema shows it."""
    return OpenApiParameter(name, str, description=description)


def _not_accepted(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, code="PARAMETER_INVALID", fields={name: sentence})
