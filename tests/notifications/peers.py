"""A transport that keeps what it was given, and fails as often as it is asked to."""

from __future__ import annotations

from accounts.models import Person
from notifications.models import Notification
from notifications.texts import Text
from notifications.transports.base import DeliveryFailed


class FakeTransport:
    def __init__(self, name: str) -> None:
        self.name = name
        self.sent: list[tuple[str, str]] = []
        self.failures: list[DeliveryFailed] = []
        self.unreachable: set[str] = set()

    def reaches(self, person: Person) -> bool:
        return person.username not in self.unreachable

    def send(self, notification: Notification, text: Text) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((notification.person.username, text.title))
