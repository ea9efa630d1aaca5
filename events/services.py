"""Publish, subscribe, deliver: at least once to every subscriber, once in what it writes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction

from common import clock
from common.errors import ServiceError
from common.rows import Changes, Line, write_with
from events.models import Delivery
from events.tracing import current_trace, trace

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 12
LEASE = dt.timedelta(seconds=2)


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
_nudge: Callable[[list[int]], None] | None = None


def subscribe(name: str, *, subscriber: str, handler: Handler, skips: Collection[str] = frozenset()) -> None:
    """Have `handler` told of every event of this name; "*" stands for every event but those it skips.

    Called when an app is ready. `subscriber` is a stable dotted name: rows on the way carry it.
    """
    if name == "*":
        _every_event[subscriber] = (handler, frozenset(skips))
    else:
        _subscribers.setdefault(name, {})[subscriber] = handler


def use_nudge(nudge: Callable[[list[int]], None] | None) -> None:
    """Have `nudge` called with the rows of a committed event: delivery need not wait for a sweep."""
    global _nudge  # noqa: PLW0603 - one broker a process
    _nudge = nudge


def handlers_of(name: str) -> dict[str, Handler]:
    """Subscriber names and handlers for events of this name."""
    wide = {subscriber: handler for subscriber, (handler, skips) in _every_event.items() if name not in skips}
    return {**wide, **_subscribers.get(name, {})}


def publish(name: str, payload: Mapping[str, Any], *, subjects: Mapping[str, str] | None = None) -> uuid.UUID:
    """Write the event for each subscriber in the transaction in hand; delivery follows the commit.

    Payloads hold identifiers and codes, never names, reports or pixels.
    """
    return publish_together([(name, payload)], subjects=subjects)[0]


def publish_together(
    news: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    subjects: Mapping[str, str] | None = None,
    into: Changes | None = None,
) -> list[uuid.UUID]:
    """Publish several events about the same subjects with one statement; their UIDs, in order.

    With `into`, whoever holds these changes writes the events along with them, in the same transaction.
    """
    now = clock.now()
    told = [(uuid.uuid4(), name, {**payload, "subjects": dict(subjects or {})}) for name, payload in news]
    rows = [
        Line(
            Delivery,
            event_uid=event_uid,
            name=name,
            subscriber=subscriber,
            payload=body,
            trace_id=current_trace(),
            published_at=now,
            next_attempt_at=now + LEASE,
        )
        for event_uid, name, body in told
        for subscriber in handlers_of(name)
    ]
    if rows:
        with transaction.atomic(savepoint=False):  # within the publisher's transaction, two statements fewer
            write_with(into, rows)
            transaction.on_commit(lambda: _nudge([row.pk for row in rows]) if _nudge else None, robust=True)
    return [event_uid for event_uid, _name, _body in told]


def deliver(delivery_id: int) -> bool:
    """Hand one event to its subscriber; False when it is done already, in other hands, or failed now.

    A failure is kept with its code and tried again with back-off: 2, 4, 8 s ... at most 10 min. A
    permanent refusal, or the twelfth failure, marks the row failed for a person to look at.
    """
    with transaction.atomic():
        row = (
            Delivery.objects.select_for_update(skip_locked=True)
            .filter(pk=delivery_id, delivered_at=None, failed_at=None)
            .first()
        )
        if row is None:
            return False
        handler = handlers_of(row.name).get(row.subscriber)
        with trace(row.trace_id):
            try:
                if handler is None:
                    raise ServiceError("No such subscriber", code="SUBSCRIBER_GONE")
                with transaction.atomic():
                    handler(Event(row.event_uid, row.name, row.payload, row.trace_id))
            except Exception as error:  # a subscriber is code of any package: others still get the news
                _note_failure(row, error)
                return False
        row.delivered_at = clock.now()
        row.next_attempt_at = None
        row.save(update_fields=["delivered_at", "next_attempt_at"])
        return True


def deliver_due(*, limit: int = 200) -> int:
    """Deliver what is due and was not delivered by a nudge; how many rows were handled."""
    keys = list(
        Delivery.objects.filter(delivered_at=None, failed_at=None, next_attempt_at__lte=clock.now())
        .order_by("next_attempt_at")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(deliver(key) for key in keys)


def _note_failure(row: Delivery, error: Exception) -> None:
    permanent = isinstance(error, ServiceError) and error.permanent
    row.error_code = error.code if isinstance(error, ServiceError) else type(error).__name__
    row.attempts += 1
    if permanent or row.attempts >= MAX_ATTEMPTS:
        row.failed_at = clock.now()
        row.next_attempt_at = None
    else:
        row.next_attempt_at = clock.now() + dt.timedelta(seconds=min(2**row.attempts, 600))
    row.save(update_fields=["error_code", "attempts", "failed_at", "next_attempt_at"])
    log.error(
        "event.delivery_failed",
        event_name=row.name,
        subscriber=row.subscriber,
        code=row.error_code,
        attempts=row.attempts,
        exc_info=not isinstance(error, ServiceError),
    )
