"""Signing in as a program does: JSON in, a session cookie and a CSRF token out."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from rest_framework.test import APIClient

from accounts.models import AuditEvent
from tests.personas import PASSWORD


@pytest.fixture
def client(cast) -> APIClient:
    return APIClient(enforce_csrf_checks=True)


def sign_in(client: APIClient, password: str = PASSWORD):
    return client.post("/api/session/", {"username": "rosa", "password": password}, format="json")


def test_signing_in_gives_a_session_and_the_token_that_changes_need(client):
    answer = sign_in(client)

    assert answer.status_code == 200
    assert answer.json()["person"]["username"] == "rosa"
    assert answer.json()["person"]["memberships"] == [{"site": "provincial", "role": "radiologist"}]
    assert client.get("/api/me/").json()["username"] == "rosa"
    assert client.delete("/api/session/").status_code == 403
    token = answer.json()["csrf_token"]
    assert client.delete("/api/session/", headers={"X-CSRFToken": token}).status_code == 204
    assert client.get("/api/me/").status_code == 401


def test_wrong_password_is_refused_without_saying_what_was_wrong(client):
    answer = sign_in(client, "not-it-at-all")

    assert answer.status_code == 403
    assert answer.json() == {
        "code": "SIGN_IN_REFUSED",
        "message": "The username or password is not right.",
    }
    assert AccessAttempt.objects.count() == 1
    assert AuditEvent.objects.filter(action="person.sign_in_failed").count() == 1


def test_a_form_of_another_site_cannot_sign_a_person_in(client):
    answer = client.post("/api/session/", {"username": "rosa", "password": PASSWORD}, format="multipart")

    assert answer.status_code == 415


def test_missing_fields_are_named(client):
    answer = client.post("/api/session/", {"username": "rosa"}, format="json")

    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_INPUT"
    assert list(answer.json()["fields"]) == ["password"]


def test_nothing_but_signing_in_is_open_to_a_stranger(client):
    for resource in (
        "orders", "patients", "studies", "series", "cases", "tasks", "jobs", "reports", "messages", "audit",
        "me", "session", "schema", "docs",
    ):  # fmt: skip
        assert client.get(f"/api/{resource}/").status_code == 401, resource
