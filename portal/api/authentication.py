"""Who asks: the session of a signed-in person, with Django's CSRF check on every change."""

from __future__ import annotations

from typing import cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from accounts.models import Person


class PersonSession(SessionAuthentication):
    """Session authentication that answers 401, not 403, to somebody who has not signed in."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class PersonSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = PersonSession
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def person_of(request: Request) -> Person:
    """The signed-in person of a request that permissions have let through."""
    return cast(Person, request.user)
