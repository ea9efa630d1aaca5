"""Programs are answered without the work that pages need, and with what protects browsers all the same."""

from __future__ import annotations

import socket

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from config.program_path import ProgramPathMiddleware


@pytest.fixture
def browser(cast) -> Client:
    client = Client()
    client.force_login(cast.theo)
    return client


@pytest.mark.parametrize(
    "path", ["/dicomweb/studies", "/dicomweb/studies/1.2.3/metadata", "/dicomweb/nowhere"]
)
def test_answers_to_programs_protect_browsers_as_pages_do(browser: Client, path: str) -> None:
    page, answer = browser.get("/healthz"), browser.get(path)

    for name in (
        "Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy",
        "Cross-Origin-Opener-Policy",
    ):  # fmt: skip
        assert answer[name] == page[name], name
    if answer.status_code != 204:
        assert int(answer["Content-Length"]) == len(answer.content)


def test_an_answer_is_kept_for_nobody_else(browser: Client) -> None:
    vary = {name.strip() for name in browser.get("/dicomweb/studies")["Vary"].split(",")}

    assert vary >= {"Accept", "Authorization", "Cookie"}


def test_a_host_that_is_none_of_ours_is_refused(browser: Client) -> None:
    assert browser.get("/dicomweb/studies", headers={"Host": "elsewhere.example"}).status_code == 400


def test_a_search_asks_who_it_is_what_they_may_see_and_what_there_is(browser: Client) -> None:
    browser.get("/dicomweb/studies")

    with CaptureQueriesContext(connection) as captured:
        assert browser.get("/dicomweb/studies").status_code == 204
    assert len(captured) == 3


def test_who_signed_out_gets_nothing_more(browser: Client) -> None:
    key = browser.cookies["sessionid"].value
    assert browser.get("/dicomweb/studies").status_code == 204

    browser.logout()
    browser.cookies["sessionid"] = key

    assert browser.get("/dicomweb/studies").status_code == 401


def test_a_person_shut_out_gets_nothing_more(browser: Client, cast) -> None:
    assert browser.get("/dicomweb/studies").status_code == 204

    cast.theo.is_active = False
    cast.theo.save()

    assert browser.get("/dicomweb/studies").status_code == 401


@pytest.mark.django_db
def test_the_channel_holds_an_answer_until_it_is_whole(rf: RequestFactory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours, socket.socket() as theirs:
        theirs.connect(ours.getsockname())
        channel, _address = ours.accept()
        with channel:
            request = rf.get("/dicomweb/studies")
            request.META["gunicorn.socket"] = channel
            response = ProgramPathMiddleware(_page)(request)
            assert response.status_code == 401
            assert channel.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK)

            response.close()

            assert not channel.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK)


def _page(_request: HttpRequest) -> HttpResponse:
    raise AssertionError("a page was asked")
