"""The same over a real socket: uvicorn serving `config.asgi`, a session cookie, a WebSocket client."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from accounts.models import Person
from events.services import Event
from notifications.subscribers import on_task_offered
from tests.notifications.conftest import MakeTask
from tests.personas import Cast
from workflows.models import UserTask

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack, pytest.mark.xdist_group("stack")]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(transactional_db: None) -> Iterator[int]:
    """uvicorn on the test's own database; its port."""
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--fd", str(listener.fileno()), "config.asgi:application"],
            cwd=ROOT, env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
            pass_fds=[listener.fileno()], stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        heard = []
        for line in process.stderr:
            heard.append(line)
            if "Uvicorn running on" in line:
                break
        else:
            pytest.fail("".join(heard))
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield listener.getsockname()[1]
        process.terminate()
        process.wait(timeout=30)
        drain.join(timeout=10)


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
