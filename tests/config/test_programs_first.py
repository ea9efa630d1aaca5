"""The WSGI application answers programs as Django's handler would, with less around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import re_path

from config import program_path
from config.programs_first import ProgramsFirst

# A request closes connections that are not as it leaves them: it must not be within a test's transaction.
pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Asking:
    """Theo, who asks the application itself; his browser asks by way of Django's handler."""

    browser: Client
    application: ProgramsFirst

    def __call__(self, path: str, **environ: str) -> tuple[str, dict[str, str], bytes]:
        """Status, headers and body of the answer to a GET."""
        said: list[Any] = []
        cookie = f"sessionid={self.browser.cookies['sessionid'].value}"
        asked = {**RequestFactory().get(path, HTTP_COOKIE=cookie).environ, **environ}
        body = self.application(asked, lambda *head: said.extend(head))
        received = b"".join(body)
        body.close()
        return said[0], dict(said[1]), received


@pytest.fixture
def asked(cast) -> Asking:
    browser = Client()
    browser.force_login(cast.theo)
    return Asking(browser, ProgramsFirst())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/dicomweb/studies", "204 No Content"),
        ("/dicomweb/studies?limit=none", "400 Bad Request"),
        ("/dicomweb/openapi.json", "200 OK"),
        ("/dicomweb/nowhere", "404 Not Found"),
        ("/healthz", "200 OK"),
    ],
)
def test_an_answer_is_the_one_that_the_handler_gives(asked, path: str, status: str) -> None:
    through_django = asked.browser.get(path)

    said, headers, body = asked(path)

    assert said == status
    assert body == through_django.content
    assert headers == dict(through_django.headers)


def test_a_host_that_is_none_of_ours_is_refused(asked) -> None:
    status, _headers, _body = asked("/dicomweb/studies", HTTP_HOST="elsewhere.example")

    assert status == "400 Bad Request"


def test_a_defect_is_a_500_and_tells_nothing(asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_request: HttpRequest) -> HttpResponse:
        raise ZeroDivisionError("a patient's name")

    monkeypatch.setattr(program_path, "urlpatterns", [re_path(r"^studies$", broken)])

    status, headers, body = asked("/dicomweb/studies")

    assert status == "500 Internal Server Error"
    assert b"patient" not in body
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_connection_that_is_too_old_is_closed_before_it_is_used(
    asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[bool] = []
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: looked_at.append(True))

    asked("/dicomweb/studies")

    assert looked_at == [True]


def test_nobody_is_told_that_a_program_asks(asked) -> None:
    told: list[Any] = []

    def hear(**news: Any) -> None:
        told.append(news)

    request_started.connect(hear)
    request_finished.connect(hear)
    try:
        asked("/dicomweb/studies")
    finally:
        request_started.disconnect(hear)
        request_finished.disconnect(hear)

    assert told == []
