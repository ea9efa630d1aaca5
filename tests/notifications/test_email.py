"""E-mail, to a mail server of our own on a loopback socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from notifications import services
from notifications.models import DeliveryAttempt, Notification
from notifications.services import attempt_due_deliveries, notify
from notifications.transports import base
from notifications.transports.email import EmailTransport
from tests.conftest import Clock
from tests.personas import Cast

HREF = "/cases/0b6c7b1e-5f0e-4f7e-9f43-2a8b3f2b8d10/"


class MailServer(threading.Thread):
    """Takes in mail (RFC 5321), or refuses every recipient."""

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.refuses = refuses
        self.mails: list[str] = []

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rw", encoding="utf-8", newline="\r\n") as line:
                self.converse(line)

    def converse(self, line: object) -> None:
        def say(text: str) -> None:
            line.write(text + "\r\n")  # type: ignore[attr-defined]
            line.flush()  # type: ignore[attr-defined]

        say("220 ready")
        for words in line:  # type: ignore[attr-defined]
            verb = words.strip().upper()
            if verb.startswith("RCPT") and self.refuses:
                say("550 no such person")
            elif verb == "DATA":
                say("354 go on")
                self.mails.append("".join(iter(line.readline, ".\r\n")))  # type: ignore[attr-defined]
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 fine")


@pytest.fixture
def mail_server(settings: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST = "127.0.0.1"  # type: ignore[attr-defined]
    settings.EMAIL_PORT = server.port  # type: ignore[attr-defined]
    settings.PUBLIC_URL = "https://consilium.example"  # type: ignore[attr-defined]
    monkeypatch.setattr(base, "_transports", {"email": EmailTransport()})
    yield server
    server.close()


@pytest.fixture
def rosa_has_an_address(cast: Cast) -> None:
    cast.rosa.email = "rosa@provincial.example"
    cast.rosa.save()


def tell(cast: Cast, clock: Clock) -> None:
    notify(
        kind="task_offered", cause="1", persons=[cast.rosa, cast.carla], href=HREF, step="Read study",
        subjects={"patient": "2.25.4711"},
    )  # fmt: skip
    clock.advance(services.LEASE)
    attempt_due_deliveries()


def test_the_mail_says_that_a_case_waits_and_where_and_nothing_of_the_patient(
    cast: Cast, clock: Clock, mail_server: MailServer, rosa_has_an_address: None
) -> None:
    tell(cast, clock)

    (mail,) = mail_server.mails  # carla has no address
    assert "Subject: A case waits for you" in mail
    assert "To: rosa@provincial.example" in mail
    assert f"https://consilium.example{HREF}" in mail
    assert "4711" not in mail
    assert DeliveryAttempt.objects.get().status == "delivered"


def test_a_recipient_refused_is_not_tried_again(
    cast: Cast, clock: Clock, mail_server: MailServer, rosa_has_an_address: None
) -> None:
    mail_server.refuses = True

    tell(cast, clock)

    attempt = DeliveryAttempt.objects.get()
    assert (attempt.status, attempt.error_code) == ("failed", "RECIPIENT_REFUSED")


def test_a_mail_server_that_is_away_is_tried_again(
    cast: Cast, clock: Clock, mail_server: MailServer, rosa_has_an_address: None
) -> None:
    mail_server.close()

    tell(cast, clock)

    attempt = DeliveryAttempt.objects.get()
    assert (attempt.status, attempt.error_code) == ("queued", "MAIL_SERVER_AWAY")
    assert attempt.next_attempt_at is not None


def test_without_a_mail_server_nobody_is_written_to(
    cast: Cast, clock: Clock, mail_server: MailServer, rosa_has_an_address: None, settings: object
) -> None:
    settings.EMAIL_HOST = ""  # type: ignore[attr-defined]

    tell(cast, clock)

    assert not DeliveryAttempt.objects.exists()
    assert Notification.objects.count() == 2
