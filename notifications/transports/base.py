"""Ways to reach a person. A transport registers itself when the app is ready."""

from __future__ import annotations

from typing import Protocol

from accounts.models import Person
from notifications.models import Notification
from notifications.texts import Text


class DeliveryFailed(Exception):
    """The transport could not deliver; `permanent` tells that it never will."""

    def __init__(self, code: str, *, permanent: bool) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent


class Transport(Protocol):
    """One way to reach people."""

    name: str

    def reaches(self, person: Person) -> bool:
        """Whether this way is set up here and for this person."""
        ...

    def send(self, notification: Notification, text: Text) -> None:
        """Send it. Raises DeliveryFailed."""
        ...


_transports: dict[str, Transport] = {}


def register_transport(transport: Transport) -> None:
    _transports[transport.name] = transport


def find_transport(name: str) -> Transport | None:
    return _transports.get(name)


def transports_for(person: Person) -> list[Transport]:
    """Every way that reaches this person."""
    return [transport for transport in _transports.values() if transport.reaches(person)]
