"""Who asks: the session of a signed-in person, with Django's CSRF check on every change, or a program's token."""

from __future__ import annotations

from typing import cast

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import Person
from accounts.tokens import actor_of_token


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


class PersonToken(BaseAuthentication):
    """A program that shows an access token, and acts as the person who made it (RFC 6750 §2.1)."""

    def authenticate(self, request: Request) -> tuple[Person, None] | None:
        scheme, _space, shown = str(request.META.get("HTTP_AUTHORIZATION", "")).strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        person = actor_of_token(shown.strip())
        if person is None:
            raise AuthenticationFailed(_("This access token opens nothing."))
        return person, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="consilium"'


class PersonTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = PersonToken
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


# Who may ask where programs are expected: whoever shows a token, and people who have signed in.
FOR_PROGRAMS = (PersonToken, PersonSession)
