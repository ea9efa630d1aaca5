"""What signing in, signing out and being refused leave in the audit trail."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate, login, logout
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import RequestFactory

from accounts.models import AuditEvent
from tests.personas import PASSWORD, Cast


@pytest.fixture
def request_at_door(rf: RequestFactory) -> HttpRequest:
    request = rf.post("/sign-in/")
    request.session = SessionStore()
    return request


def lines() -> list[tuple[str, str, str, str]]:
    return list(AuditEvent.objects.order_by("id").values_list("action", "actor", "object_uid", "outcome"))


def test_signing_in_and_out_is_recorded(cast: Cast, request_at_door: HttpRequest) -> None:
    person = authenticate(request_at_door, username="rosa", password=PASSWORD)
    assert person == cast.rosa
    login(request_at_door, person, backend="django.contrib.auth.backends.ModelBackend")
    request_at_door.user = person
    logout(request_at_door)

    uid = str(cast.rosa.uid)
    assert lines() == [
        ("person.signed_in", "rosa", uid, "success"),
        ("person.signed_out", "rosa", uid, "success"),
    ]


def test_a_wrong_password_is_recorded_against_the_account(cast: Cast, request_at_door: HttpRequest) -> None:
    assert authenticate(request_at_door, username="rosa", password="not-hers") is None

    assert lines() == [("person.sign_in_failed", "sign-in", str(cast.rosa.uid), "refused")]


def test_a_password_typed_as_the_name_is_not_kept(cast: Cast, request_at_door: HttpRequest) -> None:
    authenticate(request_at_door, username="my-secret-phrase", password="")

    assert lines() == [("person.sign_in_failed", "sign-in", "", "refused")]
    assert "my-secret-phrase" not in str(AuditEvent.objects.values())


def test_a_lock_out_is_recorded(cast: Cast, request_at_door: HttpRequest, settings: object) -> None:
    settings.AXES_FAILURE_LIMIT = 2  # type: ignore[attr-defined]
    for _ in range(2):
        authenticate(request_at_door, username="rosa", password="not-hers")

    assert ("person.locked_out", "sign-in", str(cast.rosa.uid), "refused") in lines()
    assert authenticate(request_at_door, username="rosa", password=PASSWORD) is None
