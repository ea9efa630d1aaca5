"""The same over a real socket: uvicorn serving `config.asgi`, a session cookie, a WebSocket client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from accounts.models import Person
from events.services import Event
from notifications.subscribers import on_task_offered
from tests.asgi_server import asgi_server
from tests.notifications.conftest import MakeTask
from tests.personas import Cast
from workflows.models import UserTask

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack]


@pytest.fixture
def server(transactional_db: None) -> Iterator[int]:
    """uvicorn on the test's own database; its port."""
    with asgi_server() as port:
        yield port


def signed_in(person: Person) -> Client:
    browser = Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def open_page(port: int, browser: Client | None, origin: str | None = None) -> ClientConnection:
    headers = {}
    if browser is not None:
        cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
        headers["Cookie"] = f"{settings.SESSION_COOKIE_NAME}={cookie}"
    return connect(
        f"ws://127.0.0.1:{port}/ws/live/",
        additional_headers=headers,
        origin=Origin(origin or f"http://127.0.0.1:{port}"),
        open_timeout=20,
    )


def test_a_change_reaches_the_open_page(
    cast: Cast, server: int, make_task: MakeTask, news_of: Callable[[str, UserTask], Event]
) -> None:
    task = make_task(assignee=cast.rosa)

    with open_page(server, signed_in(cast.rosa)) as screen:
        screen.send(json.dumps({"subscribe": ["inbox"]}))
        assert json.loads(screen.recv(timeout=20)) == {"type": "subscribed", "topics": ["inbox"]}

        on_task_offered(news_of("UserTaskOffered", task))

        assert json.loads(screen.recv(timeout=20)) == {"type": "changed", "topic": "inbox"}


def test_without_a_sign_in_the_page_is_told_why_it_is_closed(cast: Cast, server: int) -> None:
    with open_page(server, None) as screen, pytest.raises(ConnectionClosed) as closed:
        screen.recv(timeout=20)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_another_site_may_not_listen_in_a_persons_name(cast: Cast, server: int) -> None:
    with pytest.raises(Exception, match="403"):
        open_page(server, signed_in(cast.rosa), origin="https://evil.example")


def test_signing_out_closes_the_open_page(cast: Cast, server: int) -> None:
    browser = signed_in(cast.rosa)
    with open_page(server, browser) as screen:
        screen.send(json.dumps({"subscribe": ["inbox"]}))
        screen.recv(timeout=20)

        browser.logout()

        with pytest.raises(ConnectionClosed) as closed:
            screen.recv(timeout=20)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
