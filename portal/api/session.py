"""Signing in and out for programs that act as a person, and who I am."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Person
from common.errors import NotPermitted
from portal.api.authentication import person_of
from portal.api.errors import RefusalSerializer
from portal.api.parsing import KeptJSON
from portal.api.people import MeSerializer


class CredentialsSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    password = serializers.CharField(trim_whitespace=False)


class SessionSerializer(serializers.Serializer[Any]):
    person = MeSerializer()
    csrf_token = serializers.CharField()


@method_decorator(sensitive_post_parameters(), name="dispatch")
class SessionView(APIView):
    """The session of the caller.

    Only JSON is read: no form of another site can sign a person in unnoticed.
    """

    parser_classes = (KeptJSON,)

    def get_permissions(self) -> Sequence[Any]:
        return [AllowAny()] if self.request.method == "POST" else super().get_permissions()

    @extend_schema(responses=SessionSerializer)
    @method_decorator(ensure_csrf_cookie)
    def get(self, request: Request) -> Response:
        """Who is signed in, and the token that changes need in `X-CSRFToken`."""
        return _session(request, person_of(request))

    @extend_schema(request=CredentialsSerializer, responses={200: SessionSerializer, 403: RefusalSerializer})
    def post(self, request: Request) -> Response:
        """Sign in with username and password; the answer sets the session cookie."""
        credentials = CredentialsSerializer(data=request.data)
        credentials.is_valid(raise_exception=True)
        person = authenticate(request=request._request, **credentials.validated_data)  # noqa: SLF001 - axes
        if not isinstance(person, Person):
            raise NotPermitted(_("The username or password is not right."), code="SIGN_IN_REFUSED")
        login(request._request, person)  # noqa: SLF001 - Django's own request carries the session
        return _session(request, person)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Sign out."""
        logout(request._request)  # noqa: SLF001 - Django's own request carries the session
        return Response(status=204)


class MeView(APIView):
    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """The signed-in person with their roles."""
        return Response(MeSerializer(person_of(request)).data)


def _session(request: Request, person: Person) -> Response:
    body = {"person": MeSerializer(person).data, "csrf_token": get_token(request._request)}  # noqa: SLF001
    return Response(body)
