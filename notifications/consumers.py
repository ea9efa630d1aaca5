"""`/ws/live/`: what changed, told to who may know it.

The page sends `{"subscribe": ["inbox", "case:<uid>", "study:<uid>"]}` (or `unsubscribe`) and is answered
with the topics it now has; one it may not see is simply not among them. It then gets
`{"type": "changed", "topic": …}` and `{"type": "notification", "uid", "title", "body", "href"}`. After
`{"type": "refetch"}`, and after every reconnection, it fetches what it shows anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from accounts.models import Person
from archive.studies.selectors import visible_studies
from common.uids import is_uid_lenient
from notifications import live
from notifications.outbox import Outbox
from workflows.selectors import visible_cases

NOT_SIGNED_IN = 4401
MESSAGE_TOO_BIG = 1009
MAX_TOPICS = 64
MAX_MESSAGE = 8192
INVALID_INPUT = '{"type":"error","code":"INVALID_INPUT"}'


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One open page of one person."""

    person: Person

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.topics: set[str] = set()
        self.joined: set[str] = set()
        self.outbox = Outbox()
        self.writer: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()  # a browser sees a close code only after the handshake
        person = self.scope.get("user")
        if person is None or not person.is_authenticated:
            await self.close(code=NOT_SIGNED_IN)
            return
        self.person = person
        self.writer = asyncio.create_task(self._write())
        await self._join(live.group_of(live.NOTIFICATIONS, person.uid))
        session = self.scope.get("session")
        if session is not None and session.session_key:
            await self._join(live.group_of_session(session.session_key))

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 - Channels' signature
        if self.writer is not None:
            self.writer.cancel()
        for group in list(self.joined):
            await self._leave(group)

    async def receive(self, text_data: str | None = None, **_: Any) -> None:
        if self.writer is None:
            return
        if len(text_data or "") > MAX_MESSAGE:
            await self.close(code=MESSAGE_TOO_BIG)
            return
        wish = _read_wish(text_data or "")
        if wish is None:
            self.outbox.put(INVALID_INPUT)
            return
        await self._give_up(wish["unsubscribe"])
        await self._follow(wish["subscribe"])
        self.outbox.put(json.dumps({"type": "subscribed", "topics": sorted(self.topics)}))

    async def live_text(self, message: dict[str, Any]) -> None:
        self.outbox.put(message["text"])

    async def live_close(self, message: dict[str, Any]) -> None:  # noqa: ARG002 - Channels' signature
        await self.close(code=NOT_SIGNED_IN)

    async def _write(self) -> None:
        with contextlib.suppress(OSError):  # the page has gone; `disconnect` follows
            while True:
                await self.send(text_data=await self.outbox.take())

    async def _follow(self, topics: list[str]) -> None:
        room = MAX_TOPICS - len(self.topics)
        wanted = [topic for topic in dict.fromkeys(topics) if topic not in self.topics][:room]
        for topic in await database_sync_to_async(visible_topics)(self.person, wanted):
            self.topics.add(topic)
            await self._join(self._group(topic))

    async def _give_up(self, topics: list[str]) -> None:
        for topic in self.topics.intersection(topics):
            self.topics.discard(topic)
            await self._leave(self._group(topic))

    def _group(self, topic: str) -> str:
        return live.group_of(topic, self.person.uid if topic == live.INBOX else "")

    async def _join(self, group: str) -> None:
        self.joined.add(group)
        await self.channel_layer.group_add(group, self.channel_name)

    async def _leave(self, group: str) -> None:
        self.joined.discard(group)
        await self.channel_layer.group_discard(group, self.channel_name)


def visible_topics(person: Person, topics: list[str]) -> list[str]:
    """Those of the topics that exist and that the person may follow."""
    return [topic for topic in topics if _may_follow(person, topic)]


def _may_follow(person: Person, topic: str) -> bool:
    kind, _, uid = topic.partition(":")
    if topic == live.INBOX:
        return True
    if kind == "case":
        return _is_uuid(uid) and visible_cases(person).filter(uid=uid).exists()
    if kind == "study":
        return is_uid_lenient(uid) and visible_studies(person).filter(study_instance_uid=uid).exists()
    return False


def _is_uuid(value: str) -> bool:
    try:
        return str(uuid.UUID(value)) == value
    except ValueError:
        return False


def _read_wish(text: str) -> dict[str, list[str]] | None:
    """The topics a page asks to have and to leave; None where the message says neither."""
    try:
        message = json.loads(text)
    except ValueError:
        return None
    if not isinstance(message, dict) or not set(message) <= {"subscribe", "unsubscribe"} or not message:
        return None
    wish = {key: message.get(key, []) for key in ("subscribe", "unsubscribe")}
    are_lists = all(
        isinstance(topics, list) and all(isinstance(topic, str) for topic in topics)
        for topics in wish.values()
    )
    return wish if are_lists else None
