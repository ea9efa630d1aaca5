"""Signing an act: by the password where one signed in by it, else by having signed in anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import login
from django.contrib.auth.backends import BaseBackend, RemoteUserBackend
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory

from accounts.models import AuditEvent, Person
from accounts.signing import is_fresh, sign, signs_by_password
from common.errors import InvalidInput
from tests.conftest import Clock
from tests.personas import PASSWORD, Cast


class Directory(BaseBackend):
    """A hospital's directory, which knows passwords that we do not."""

    def authenticate(self, request: Any, username: str = "", password: str = "", **_: Any) -> Person | None:
        assert request is not None
        return Person.objects.filter(username=username).first() if password == "of-the-directory" else None


class Card(RemoteUserBackend):
    """Signed in by whatever stands before us: a card, or the page of a directory."""


def session_of(person: Person, rf: RequestFactory, backend: str) -> HttpRequest:
    request = rf.post("/")
    request.session = SessionStore()
    login(request, person, backend=backend)
    request.user = person
    return request


def refusal(person: Person, password: str, request: HttpRequest) -> str:
    with pytest.raises(InvalidInput) as refused:
        sign(person, password, request=request, object_uid="task-1")
    assert refused.value.code == "SIGNATURE_REFUSED"
    return refused.value.fields["password"]


def test_who_signed_in_by_a_password_signs_by_it(cast: Cast, rf: RequestFactory, clock: Clock) -> None:
    request = session_of(cast.rosa, rf, "django.contrib.auth.backends.ModelBackend")

    assert signs_by_password(request)
    assert refusal(cast.rosa, "", request) == "Sign with your password."
    assert refusal(cast.rosa, "wrong", request).startswith("This is not your password")
    assert AuditEvent.objects.get(action="signature.refused").object_uid == "task-1"
    assert sign(cast.rosa, PASSWORD, request=request, object_uid="task-1").signed_at == clock.now


def test_a_directorys_password_signs_though_no_password_is_kept_here(
    cast: Cast, rf: RequestFactory, settings: Any
) -> None:
    backend = f"{__name__}.Directory"
    settings.AUTHENTICATION_BACKENDS = [backend]
    cast.rosa.set_unusable_password()
    cast.rosa.save()
    request = session_of(cast.rosa, rf, backend)

    assert signs_by_password(request)
    assert refusal(cast.rosa, "wrong", request).startswith("This is not your password")
    assert sign(cast.rosa, "of-the-directory", request=request, object_uid="task-1").person_id == cast.rosa.pk


def test_who_has_no_password_signs_within_minutes_of_signing_in(
    cast: Cast, rf: RequestFactory, clock: Clock
) -> None:
    request = session_of(cast.rosa, rf, f"{__name__}.Card")

    assert not signs_by_password(request)
    clock.advance(timedelta(minutes=5))
    assert sign(cast.rosa, "", request=request, object_uid="task-1").signed_at == clock.now
    clock.advance(timedelta(seconds=1))
    assert not is_fresh(request)
    assert refusal(cast.rosa, PASSWORD, request) == (
        "You sign in without a password here. Sign in again, and sign within 5 minutes."
    )
