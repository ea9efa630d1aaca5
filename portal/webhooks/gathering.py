"""Webhooks and what they were told, as rows of their pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Q, QuerySet, Subquery

from common import clock
from integrations.webhooks.models import Webhook, WebhookDelivery
from portal.cases.words import Word
from portal.webhooks.words import EVENT, delivery_state, reason_of, state_of

COUNTED = 1000
WATCHED = dt.timedelta(minutes=2)
STATES: dict[str, Q] = {
    "all": Q(),
    "waiting": Q(delivered_at=None, failed_at=None),
    "failed": Q(failed_at__isnull=False),
    "delivered": Q(delivered_at__isnull=False),
}


@dataclass(frozen=True, slots=True)
class WebhookRow:
    webhook: Webhook
    state: Word
    events: list[str]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    delivery: WebhookDelivery
    state: Word
    event: str
    reason: str

    @property
    def may_be_sent_again(self) -> bool:
        return bool(self.delivery.delivered_at or self.delivery.failed_at)


def with_last(found: QuerySet[Webhook]) -> QuerySet[Webhook]:
    """Webhooks with when their newest delivery was given up, by one look into the deliveries' index each."""
    newest = WebhookDelivery.objects.filter(webhook=OuterRef("pk")).order_by("-pk")
    return found.select_related("site").annotate(last_failed_at=Subquery(newest.values("failed_at")[:1]))


def row_of(webhook: Webhook) -> WebhookRow:
    """A webhook of `with_last` in words."""
    has_failed_last = getattr(webhook, "last_failed_at", None) is not None
    state = state_of(webhook, has_failed_last=has_failed_last)
    return WebhookRow(webhook, state, [str(EVENT.get(name, name)) for name in webhook.events])


def delivery_rows(deliveries: Sequence[WebhookDelivery]) -> list[DeliveryRow]:
    return [
        DeliveryRow(one, delivery_state(one), str(EVENT.get(one.event, one.event)), reason_of(one))
        for one in deliveries
    ]


def failed_count(webhook: Webhook) -> int:
    """How much was given up; counting stops where nobody would read on."""
    return webhook.deliveries.filter(STATES["failed"])[:COUNTED].count()


def is_moving(deliveries: Sequence[WebhookDelivery]) -> bool:
    """Whether one of them was queued just now and is not settled: the page looks again by itself."""
    since = clock.now() - WATCHED
    return any(not one.delivered_at and not one.failed_at and one.queued_at > since for one in deliveries)
