"""News of cases and tasks turned into deliveries: one row a webhook that wants it, in the news's own transaction."""

from __future__ import annotations

from django.db.models import Q

from common import clock
from events.services import Event, subscribe
from integrations.webhooks.delivery import nudge
from integrations.webhooks.models import Webhook, WebhookDelivery
from integrations.webhooks.services import EVENTS
from workflows.models import ProcessInstance

SUBSCRIBER = "integrations.webhooks"


def subscribe_all() -> None:
    for name in EVENTS:
        subscribe(name, subscriber=SUBSCRIBER, handler=queue_news)


def queue_news(event: Event) -> None:
    """Queue the news for the webhooks of the case's site, and of the site its task is at. Safe to be told twice."""
    wanting = Webhook.objects.filter(is_enabled=True, events__contains=[event.name])
    if not wanting.exists():
        return  # as in most regions, and every step of every case comes through here
    case = event.subjects.get("case")
    cases = ProcessInstance.objects.filter(uid=case) if case else ProcessInstance.objects.none()
    task_site = Q(site__code=str(event.payload.get("site_code", "")))
    hooks = list(wanting.filter(Q(site__in=cases.values("site_id")) | task_site))
    now = clock.now()
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                webhook=hook,
                event_uid=event.uid,
                event=event.name,
                payload=event.payload,
                trace_id=event.trace_id,
                queued_at=now,
                next_attempt_at=now,
            )
            for hook in hooks
        ],
        ignore_conflicts=True,
    )
    for hook in hooks:
        nudge.after_commit(hook.pk)
