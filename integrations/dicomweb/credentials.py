"""Who asks: a person with a session, or one whose access token the request carries.

Reference  PS3.18 §8.11 (security), RFC 6750 (Bearer), RFC 7617 (Basic)
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from accounts.models import Person
from accounts.sessions import RowsOfSession, person_of_session
from accounts.tokens import actor_of_token
from common.errors import NotPermitted
from common.lean import Row
from integrations.dicomweb.errors import NotSignedIn

_SAFE = frozenset(["GET", "HEAD", "OPTIONS"])
_REALM = 'realm="Consilium"'


def person_asking(request: HttpRequest) -> Person:
    """The person a request is made for.

    Raises  NotSignedIn if it names nobody; NotPermitted if a page of another site may have sent it.
    """
    if _authorization(request):
        person = _by_token(request)
        if person is None:
            raise NotSignedIn("The access token is unknown, expired or revoked", code="TOKEN_REFUSED")
        return person
    person = person_of_session(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    if person is None:
        raise NotSignedIn("Sign in, or send an access token")
    if request.method not in _SAFE:
        _check_origin(request)
    return person


def is_by_session(request: HttpRequest) -> bool:
    """Whether it is a session that speaks for the person."""
    return not _authorization(request)


def rows_asked(request: HttpRequest, rows: RowsOfSession, **slots: Any) -> tuple[Person, list[Row]]:
    """The person whose session asks, and by the same statement what it is asked about. Raises as `person_asking`."""
    found = rows.ask(request.COOKIES.get(settings.SESSION_COOKIE_NAME), **slots)
    if found is None:
        raise NotSignedIn("Sign in, or send an access token")
    if request.method not in _SAFE:
        _check_origin(request)
    return found


def challenges(request: HttpRequest) -> str:
    """What 401 names as ways in. A browser that is offered Basic would put up a dialog of its own."""
    bearer = f"Bearer {_REALM}"
    return bearer if "Sec-Fetch-Mode" in request.headers else f'{bearer}, Basic {_REALM}, charset="UTF-8"'


def _authorization(request: HttpRequest) -> str:
    return str(request.META.get("HTTP_AUTHORIZATION", ""))


def _by_token(request: HttpRequest) -> Person | None:
    """The person whose token the Authorization header carries; None if it is good for nobody."""
    scheme, _space, shown = _authorization(request).strip().partition(" ")
    if scheme.lower() == "bearer":
        return actor_of_token(shown.strip())
    if scheme.lower() != "basic":
        return None
    try:
        username, _colon, token = b64decode(shown.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return actor_of_token(token, username=username)


class _OriginCheck(CsrfViewMiddleware):
    """Django's check, telling the reason instead of answering with a page."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:  # noqa: ARG002 - as the parent's
        raise NotPermitted("The request does not carry the session's CSRF token", code="CSRF_FAILED")


def _check_origin(request: HttpRequest) -> None:
    check = _OriginCheck(_nothing)
    check.process_request(request)
    check.process_view(request, _nothing, (), {})


def _nothing(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()
