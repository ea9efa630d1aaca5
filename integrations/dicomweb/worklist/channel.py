"""The event channel: a WebSocket over which one subscriber is sent its event reports, in order, each once.

The reports are rows; what comes over the channel layer only says that there are some. One that is lost costs the
time until the next look. Reports made while no channel is open are sent when one opens, within a day.

Reference  PS3.18 §8.10.4 (Open Notification Connection), §8.10.5 (Send Event Report), §11.13; PS3.4 §CC.2.4.3
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from accounts.models import Person
from archive.workitems.models import EventReport, Subscriber
from archive.workitems.outgoing import data_set_of, known_subscriber, note_told, reports_for, restart_report
from integrations.dicomweb.worklist.nudging import group_of

NOT_SIGNED_IN, NOT_SUBSCRIBED = 4401, 4404
LOOKS_AT_LEAST_EVERY_S = 15.0
_AT_ONCE = 100
_began = time.time()
_told_of_restart: set[int] = set()


class EventChannel(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One open channel of one subscriber. What the client sends is not read."""

    subscriber: Subscriber
    group = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.news = asyncio.Event()
        self.writer: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()  # a client sees a close code only after the handshake
        person = self.scope.get("user")
        if not isinstance(person, Person) or not person.is_active:
            await self.close(code=NOT_SIGNED_IN)
            return
        ae_title = self.scope["url_route"]["kwargs"]["aetitle"]
        found = await database_sync_to_async(known_subscriber)(person, ae_title)
        if found is None:
            await self.close(code=NOT_SUBSCRIBED)
            return
        self.subscriber = found
        self.group = group_of(found.pk)
        await self.channel_layer.group_add(self.group, self.channel_name)
        self.writer = asyncio.create_task(self._write())

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 - Channels' signature
        if self.writer is not None:
            self.writer.cancel()
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, **_: Any) -> None:
        """A client has nothing to say on this channel."""

    async def worklist_news(self, message: dict[str, Any]) -> None:  # noqa: ARG002 - Channels' signature
        self.news.set()

    async def _write(self) -> None:
        with contextlib.suppress(OSError):  # the client has gone; `disconnect` follows
            await self._tell_of_restart()
            last = self.subscriber.told_up_to
            while True:
                self.news.clear()
                is_signed_in = await database_sync_to_async(self.scope["is_signed_in"])()
                found = await database_sync_to_async(reports_for)(self.subscriber, after=last, limit=_AT_ONCE)
                if not is_signed_in or found is None:
                    await self.close(code=NOT_SIGNED_IN)
                    return
                for report in found:
                    await self.send(text_data=_text(report))
                    last = report.pk
                if found:
                    await database_sync_to_async(note_told)(self.subscriber, last)
                if len(found) < _AT_ONCE:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self.news.wait(), LOOKS_AT_LEAST_EVERY_S)

    async def _tell_of_restart(self) -> None:
        """Once a process and subscriber that is older than it: subscriptions and workitems have been kept."""
        key = self.subscriber.pk
        if key not in _told_of_restart and self.subscriber.created_at.timestamp() < _began:
            _told_of_restart.add(key)
            await self.send(text_data=json.dumps(restart_report()))


def _text(report: EventReport) -> str:
    return json.dumps(data_set_of(report), ensure_ascii=False)
