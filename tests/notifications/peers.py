"""Who notifications are told to in tests: a transport that keeps what it was given, and an open page."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from asgiref.testing import ApplicationCommunicator

from accounts.models import Person
from notifications.models import Notification
from notifications.texts import Text
from notifications.transports.base import DeliveryFailed


class FakeTransport:
    """Fails as often as it is asked to."""

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


class Page(ApplicationCommunicator):
    """A browser page's end of a WebSocket, spoken in ASGI's own messages."""

    def __init__(self, application: Any, *, person: Any, session_key: str = "") -> None:
        super().__init__(
            application,
            {
                "type": "websocket",
                "path": "/ws/live/",
                "user": person,
                "session": SimpleNamespace(session_key=session_key),
            },
        )

    async def open(self) -> None:
        await self.send_input({"type": "websocket.connect"})
        assert (await self.receive_output(timeout=10))["type"] == "websocket.accept"

    async def say(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hear(self) -> dict[str, Any]:
        heard = await self.receive_output(timeout=10)
        assert heard["type"] == "websocket.send", heard
        message: dict[str, Any] = json.loads(heard["text"])
        return message

    async def closing_code(self) -> int:
        heard = await self.receive_output(timeout=10)
        assert heard["type"] == "websocket.close", heard
        return int(heard["code"])

    async def follow(self, *topics: str) -> list[str]:
        """Subscribe; the topics the page has now."""
        await self.say(json.dumps({"subscribe": list(topics)}))
        answer = await self.hear()
        assert answer["type"] == "subscribed"
        return list(answer["topics"])

    async def close(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=10)
