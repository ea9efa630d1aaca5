"""What a person has sent: a test that says nothing, and once more all that a receiver would not take."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from common import clock
from common.errors import Conflict
from integrations.webhooks.delivery import nudge
from integrations.webhooks.models import Webhook, WebhookDelivery
from integrations.webhooks.services import audit_webhook

PING = "Ping"
RESENT_AT_ONCE = 1000


def send_ping(webhook: Webhook, *, actor: Actor) -> WebhookDelivery:
    """Queue a test: signed and sent as any news, with no data in it. A receiver that was left alone is tried now.

    Raises  Conflict for a webhook that is paused, and while another test is on its way.
    """
    with transaction.atomic():
        found = Webhook.objects.select_for_update(of=("self",)).select_related("site").get(pk=webhook.pk)
        if not found.is_enabled:
            raise Conflict(_("The webhook is paused. Let it go on first."), code="WEBHOOK_PAUSED")
        waiting = WebhookDelivery.objects.filter(delivered_at=None, failed_at=None)
        if waiting.filter(webhook=found, event=PING).exists():
            raise Conflict(_("A test is on its way already."), code="DELIVERY_ALIVE")
        now = clock.now()
        made = WebhookDelivery.objects.create(
            webhook=found, event_uid=uuid.uuid4(), event=PING, payload={}, trace_id=uuid.uuid4(),
            queued_at=now, next_attempt_at=now,
        )  # fmt: skip
        _try_now(found)
        audit_webhook(found, actor, "webhook.tested", delivery=str(made.uid))
    return made


def resend_failed(webhook: Webhook, *, actor: Actor) -> int:
    """Send what was given up once more, each under the id it had, the oldest first; how many, 1000 at most."""
    with transaction.atomic():
        failed = WebhookDelivery.objects.filter(webhook=webhook, failed_at__isnull=False)
        keys = list(failed.order_by("pk").values_list("pk", flat=True)[:RESENT_AT_ONCE])
        if not keys:
            return 0
        now = clock.now()
        count = failed.filter(pk__in=keys).update(
            failed_at=None, lease_until=None, attempts=0, queued_at=now, next_attempt_at=now
        )
        _try_now(webhook)
        audit_webhook(webhook, actor, "webhook.replayed", deliveries=count)
    return count


def _try_now(webhook: Webhook) -> None:
    """End the receiver's rest, and have a worker call it once this is committed."""
    Webhook.objects.filter(pk=webhook.pk).update(rests_until=None)
    nudge.after_commit(webhook.pk)
