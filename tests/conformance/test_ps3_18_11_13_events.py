"""PS3.18 §8.10.4 Open Notification Connection, §8.10.5 Send Event Report and §11.13, over a real socket."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from accounts.tokens import issue_token
from tests.asgi_server import asgi_server
from tests.conformance.workitems import KEY, UID, change_state, claim, create, update, value

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stack]
CHANNEL = "/ws/dicomweb/subscribers"
SERVICE_RESTART = 1012  # the close code IANA registered for it (RFC 6455 §11.7)


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[int]:
    """One server for all tests here; its port."""
    with asgi_server() as port:
        yield port


def subscribe(program: Client, uid: str = UID, ae: str = "WATCHER") -> None:
    path = f"/dicomweb/workitems/{uid}/subscribers/{ae}"
    assert program.post(path, data=b"", content_type="application/json").status_code == 201


def open_channel(port: int, program: Client | None, ae: str = "WATCHER") -> ClientConnection:
    headers = {} if program is None else {"Authorization": str(program.defaults["HTTP_AUTHORIZATION"])}
    return connect(f"ws://127.0.0.1:{port}{CHANNEL}/{ae}", additional_headers=headers, open_timeout=20)


def heard(channel: ClientConnection) -> tuple[str, int, str | None]:
    report = json.loads(channel.recv(timeout=20))
    state = value(report, "ProcedureStepState") if "00741000" in report else None
    return report["00001000"]["Value"][0], report["00001002"]["Value"][0], state


def test_8_10_5_reports_come_over_the_channel_in_the_order_of_the_changes(server, theo):
    create(theo)
    subscribe(theo)

    with open_channel(server, theo) as channel:
        assert heard(channel) == (UID, 1, "SCHEDULED")

        claim(theo)
        update(theo, KEY, ProcedureStepProgressInformationSequence=[{"ProcedureStepProgress": "50"}])
        change_state(theo, "CANCELED")

        assert [heard(channel) for _ in range(3)] == [
            (UID, 1, "IN PROGRESS"),
            (UID, 3, None),
            (UID, 1, "CANCELED"),
        ]


def test_8_10_4_2_what_happens_while_the_connection_is_lost_is_told_when_it_is_opened_again(server, theo):
    create(theo)
    subscribe(theo)
    with open_channel(server, theo) as channel:
        assert heard(channel) == (UID, 1, "SCHEDULED")

    claim(theo)

    with open_channel(server, theo) as channel:
        assert heard(channel) == (UID, 1, "IN PROGRESS")


def test_cc_2_4_3_a_restart_is_told_to_who_subscribed_before_it_and_then_what_happened_meanwhile(theo):
    create(theo)
    with contextlib.ExitStack() as service:
        port = service.enter_context(asgi_server())
        subscribe(theo)
        with open_channel(port, theo) as channel:
            assert heard(channel) == (UID, 1, "SCHEDULED")

            service.close()

            with pytest.raises(ConnectionClosed) as closed:
                channel.recv(timeout=20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == SERVICE_RESTART

    claim(theo)
    with asgi_server() as port:
        with open_channel(port, theo) as channel:
            report = json.loads(channel.recv(timeout=20))
            assert (report["00001002"]["Value"], value(report, "SCPStatus")) == ([4], "RESTARTED")
            assert value(report, "SubscriptionListStatus") == "WARM START"
            assert value(report, "UnifiedProcedureStepListStatus") == "WARM START"
            assert heard(channel) == (UID, 1, "IN PROGRESS")
        with open_channel(port, theo) as channel:
            change_state(theo, "CANCELED")
            assert heard(channel) == (UID, 1, "CANCELED")


@pytest.mark.parametrize(("who", "code"), [("otto", 4404), ("stranger", 4401)])
def test_8_11_a_channel_is_opened_for_ones_own_subscriber_only(server, theo, otto, cast, who, code):
    create(theo)
    subscribe(theo)
    stranger = Client(headers={"Authorization": "Bearer cst_none"})
    program = otto if who == "otto" else stranger

    with open_channel(server, program) as channel, pytest.raises(ConnectionClosed) as closed:
        channel.recv(timeout=20)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


def test_8_11_a_session_opens_a_channel_from_our_own_pages_only(server, theo, cast):
    create(theo)
    subscribe(theo)
    browser = Client()
    browser.force_login(cast.theo, backend="django.contrib.auth.backends.ModelBackend")
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    url = f"ws://127.0.0.1:{server}{CHANNEL}/WATCHER"

    with connect(
        url, additional_headers={"Cookie": cookie}, origin=Origin(f"http://127.0.0.1:{server}")
    ) as channel:
        assert heard(channel) == (UID, 1, "SCHEDULED")

        browser.logout()
        claim(theo)
        with pytest.raises(ConnectionClosed):
            channel.recv(timeout=20)
    with pytest.raises(InvalidStatus):
        connect(url, additional_headers={"Cookie": cookie}, origin=Origin("https://evil.example"))


def test_a_channel_of_a_token_that_was_taken_back_is_refused(server, cast):
    _token, secret = issue_token(cast.theo, label="t", lasts=dt.timedelta(days=1))
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    create(program)
    subscribe(program)
    _token.revoked_at = _token.created_at
    _token.save()

    with open_channel(server, program) as channel, pytest.raises(ConnectionClosed):
        channel.recv(timeout=20)
