"""Publish and subscribe. What is published is delivered after the commit: see `events.delivery`."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common import clock
from common.nudges import Nudge
from common.rows import Changes, Line
from events.models import LONGEST_NAME, Bulletin
from events.tracing import current_trace

LEASE = dt.timedelta(seconds=2)
"""How long the sweep leaves a publication to the worker that was nudged."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. `payload["subjects"]` maps a kind (order, study, patient, ...) to its UID."""

    uid: uuid.UUID
    name: str
    payload: dict[str, Any]
    trace_id: uuid.UUID

    @property
    def subjects(self) -> dict[str, str]:
        return dict(self.payload.get("subjects", {}))


Handler = Callable[[Event], None]
_subscribers: dict[str, dict[str, Handler]] = {}
_every_event: dict[str, tuple[Handler, frozenset[str]]] = {}
_nudge = Nudge[int]()
"""Told of each committed bulletin, by its key: delivery need not wait for a sweep."""
use_nudge = _nudge.use


def subscribe(name: str, *, subscriber: str, handler: Handler, skips: Collection[str] = frozenset()) -> None:
    """Have `handler` told of every event of this name; "*" stands for every event but those it skips.

    Called when an app is ready. `subscriber` is a stable dotted name: rows on the way carry it.
    """
    if name == "*":
        _every_event[subscriber] = (handler, frozenset(skips))
    else:
        _subscribers.setdefault(name, {})[subscriber] = handler


def is_heard(name: str) -> bool:
    """Whether anybody listens to events of this name."""
    return name in _subscribers or any(name not in skips for _handler, skips in _every_event.values())


def handlers_of(name: str) -> dict[str, Handler]:
    """Subscriber names and handlers for events of this name."""
    wide = {subscriber: handler for subscriber, (handler, skips) in _every_event.items() if name not in skips}
    return {**wide, **_subscribers.get(name, {})}


def publish(name: str, payload: Mapping[str, Any], *, subjects: Mapping[str, str] | None = None) -> uuid.UUID:
    """Write the event in the transaction in hand; delivery follows the commit.

    Payloads hold identifiers and codes, never names, reports or pixels.
    """
    return publish_together([(name, payload)], subjects=subjects)[0]


def publish_together(
    news: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    subjects: Mapping[str, str] | None = None,
    at: dt.datetime | None = None,
    into: Changes | None = None,
) -> list[uuid.UUID]:
    """Publish several events about the same subjects as one row; their UIDs, in order.

    `at` is the moment of an act of more than one row, else it is now. With `into`, whoever holds these changes writes
    that row along with them, in the same transaction. News that nobody listens to is not written.
    """
    about = dict(subjects or {})
    uids = [uuid.uuid4() for _ in news]
    heard = [
        {"uid": str(uid), "name": _checked(name), "payload": {**payload, "subjects": about}}
        for uid, (name, payload) in zip(uids, news, strict=True)
        if is_heard(name)
    ]
    if heard:
        now = at or clock.now()
        row = Line(
            Bulletin, news=heard, trace_id=current_trace(), published_at=now, next_attempt_at=now + LEASE
        )
        changes = Changes() if into is None else into
        changes.insert([row])
        changes.then(lambda: _nudge(row.pk))
        if into is None:
            changes.write()
    return uids


def _checked(name: str) -> str:
    """The name, if a delivery can carry it: what is published can be spread. Raises ValueError."""
    if len(name) > LONGEST_NAME:
        raise ValueError(f"The name of an event has {LONGEST_NAME} characters at most")
    return name
