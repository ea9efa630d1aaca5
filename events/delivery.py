"""Deliver what was published: at least once to every subscriber, once in what it writes.

A bulletin is spread first: the rows of the subscribers this code knows are written, and the bulletin deleted, in
one transaction. Then each row is handed to its subscriber in a transaction of its own, so one that fails holds up
no other. A process that dies leaves a bulletin, or rows, and the sweep takes them up once their lease is over.

Order: a worker, or a sweep, hands out the news of a publication in the order they were published, and a sweep hands
out publications in the order they were due. Workers beside each other, and a failure's back-off, may let later news
arrive first: no handler may depend on the order.
"""

from __future__ import annotations

from typing import Any

import structlog
from django.db import transaction

from common import clock
from common.attempts import back_off
from common.errors import ServiceError
from common.prepared import LeanQuery, Slot
from common.rows import Changes, Line
from events.models import Bulletin, Delivery
from events.services import Event, handlers_of
from events.tracing import trace

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 12
LONGEST_WAIT_S = 600
_BULLETIN = LeanQuery(lambda: Bulletin.objects.select_for_update(skip_locked=True).filter(pk=Slot("pk")))
_OPEN = LeanQuery(
    lambda: Delivery.objects.select_for_update(skip_locked=True).filter(
        pk=Slot("pk"), delivered_at=None, failed_at=None
    )
)


def deliver_bulletin(bulletin_id: int) -> None:
    """Spread a bulletin and hand its news to their subscribers; what fails is swept up later."""
    for delivery_id in spread(bulletin_id):
        deliver(delivery_id)


def spread(bulletin_id: int) -> list[int]:
    """Turn a bulletin into a row for each of its news and subscribers; their keys, in order.

    None where the bulletin is spread already or in other hands. The rows are due when the bulletin was: a sweep
    meets them in the order of publication.
    """
    with transaction.atomic():
        bulletin = _BULLETIN.first(pk=bulletin_id)
        if bulletin is None:
            return []
        rows = [row for event in bulletin.news for row in _rows_of(event, bulletin)]
        changes = Changes()
        changes.delete(bulletin)
        changes.insert(rows)
        changes.write(commit=True)
    return [row.pk for row in rows]


def deliver(delivery_id: int) -> bool:
    """Hand one event to its subscriber; False when it is done already, in other hands, or failed now.

    A failure is kept with its code and tried again with back-off: 2, 4, 8 s ... at most 10 min. A
    permanent refusal, or the twelfth failure, marks the row failed for a person to look at.
    """
    row: Delivery | None = None
    try:
        with transaction.atomic():
            row = _OPEN.first(pk=delivery_id)
            if row is None:
                return False
            _hand_over(row)
    except Exception as error:  # a subscriber is code of any package: others still get the news
        if row is None:
            raise
        with trace(row.trace_id):
            _note_failure(row, error)
        return False
    return True


def deliver_due(*, limit: int = 200) -> int:
    """Spread and deliver what is due and was not delivered by a nudge; how many rows were handled."""
    now = clock.now()
    bulletins = Bulletin.objects.filter(next_attempt_at__lte=now).order_by("pk")
    for key in list(bulletins.values_list("pk", flat=True)[:limit]):
        spread(key)
    due = Delivery.objects.filter(delivered_at=None, failed_at=None, next_attempt_at__lte=now)
    keys = list(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:limit])
    return sum(deliver(key) for key in keys)


def _rows_of(event: dict[str, Any], bulletin: Bulletin) -> list[Line]:
    subscribers = handlers_of(event["name"])
    if not subscribers:  # there was one when it was published, by other code
        log.warning("event.nobody_listens", event_name=event["name"], event_uid=event["uid"])
    return [
        Line(
            Delivery,
            event_uid=event["uid"],
            name=event["name"],
            subscriber=subscriber,
            payload=event["payload"],
            trace_id=bulletin.trace_id,
            published_at=bulletin.published_at,
            next_attempt_at=bulletin.next_attempt_at,
        )
        for subscriber in subscribers
    ]


def _hand_over(row: Delivery) -> None:
    """Have the subscriber handle the event, and end the transaction with the mark that it did."""
    handler = handlers_of(row.name).get(row.subscriber)
    if handler is None:
        raise ServiceError("No such subscriber", code="SUBSCRIBER_GONE")
    with trace(row.trace_id):
        handler(Event(row.event_uid, row.name, row.payload, row.trace_id))
    row.delivered_at, row.next_attempt_at = clock.now(), None
    changes = Changes()
    changes.update(row, "delivered_at", "next_attempt_at")
    changes.write(commit=True)


def _note_failure(row: Delivery, error: Exception) -> None:
    """Write down an attempt whose transaction was rolled back, unless another one has ended meanwhile."""
    permanent = isinstance(error, ServiceError) and error.permanent
    code = error.code if isinstance(error, ServiceError) else type(error).__name__
    attempts = row.attempts + 1
    now = clock.now()
    is_dead = permanent or attempts >= MAX_ATTEMPTS
    Delivery.objects.filter(pk=row.pk, attempts=row.attempts, delivered_at=None, failed_at=None).update(
        error_code=code[:80],
        attempts=attempts,
        failed_at=now if is_dead else None,
        next_attempt_at=None if is_dead else now + back_off(attempts, longest_s=LONGEST_WAIT_S),
    )
    log.error(
        "event.delivery_failed",
        event_name=row.name,
        subscriber=row.subscriber,
        code=code,
        attempts=attempts,
        exc_info=not isinstance(error, ServiceError),
    )
