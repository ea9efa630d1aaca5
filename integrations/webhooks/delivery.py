"""Deliveries on their way: at least once to each receiver, one receiver never behind another.

The row is the truth, a nudge may be lost. Whoever delivers takes a row by a lease and calls the receiver outside any
transaction. A receiver that fails is left alone for a while, longer each time; what it did not take waits.
"""

from __future__ import annotations

import datetime as dt
import json
import ssl

import httpx
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.actors import Actor
from accounts.audit import record_audit
from common import clock
from common.attempts import back_off, in_nobodys_hands, take
from common.errors import Conflict, InvalidInput, ServiceError, Unavailable
from common.nudges import Nudge
from events.tracing import trace
from integrations.webhooks.addresses import target_of
from integrations.webhooks.models import Webhook, WebhookDelivery
from integrations.webhooks.signing import headers_of

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(minutes=2)
LONGEST_WAIT_S = 3600
LONGEST_REST_S = 600
_REFUSED_FOR_GOOD = frozenset({400, 401, 403, 404, 405, 410, 413, 414, 415, 422, 501})

nudge = Nudge[int]()
"""Told of a webhook that has news to send, by its key."""
use_nudge = nudge.use


def deliver_due() -> int:
    """See to every webhook something is due for: nudge a worker, or deliver here without one."""
    hooks = list(_due().order_by("webhook_id").values_list("webhook_id", flat=True).distinct()[:200])
    for webhook_pk in hooks:
        if not nudge(webhook_pk):
            deliver_to(webhook_pk)
    return len(hooks)


def deliver_to(webhook_pk: int, *, limit: int = 100) -> int:
    """Deliver what is due for a webhook until something fails; how many deliveries got through."""
    done = 0
    for _ in range(limit):
        delivery = _take(webhook_pk)
        if delivery is None or not _attempt(delivery):
            break
        done += 1
    return done


def replay(delivery: WebhookDelivery, *, actor: Actor) -> WebhookDelivery:
    """Send a delivery once more, under the id it had. Raises Conflict for one that is on its way."""
    with transaction.atomic():
        found = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("webhook__site")
        row = found.get(pk=delivery.pk)
        if row.delivered_at is None and row.failed_at is None:
            raise Conflict("This delivery is on its way", code="DELIVERY_ALIVE")
        now = clock.now()
        row.delivered_at = row.failed_at = row.lease_until = None
        row.attempts, row.queued_at, row.next_attempt_at = 0, now, now
        row.save()
        Webhook.objects.filter(pk=row.webhook_id).update(rests_until=None)
        record_audit(
            actor, "webhook.replayed", object_kind="webhook", object_uid=str(row.webhook.uid),
            site_code=row.webhook.site.code, delivery=str(row.uid),
        )  # fmt: skip
        nudge.after_commit(row.webhook_id)
    return row


def drop_old_deliveries() -> int:
    """Forget what was queued long ago, for webhooks that were switched off too; how many."""
    before = clock.now() - dt.timedelta(days=settings.WEBHOOK_KEEP_DAYS)
    old = WebhookDelivery.objects.filter(queued_at__lt=before)
    keys = list(old.values_list("pk", flat=True)[:5000])
    return WebhookDelivery.objects.filter(pk__in=keys).delete()[0]


def _due() -> QuerySet[WebhookDelivery]:
    now = clock.now()
    rested = Q(webhook__rests_until=None) | Q(webhook__rests_until__lte=now)
    is_open = WebhookDelivery.objects.filter(delivered_at=None, failed_at=None, webhook__is_enabled=True)
    return is_open.filter(in_nobodys_hands(), rested, next_attempt_at__lte=now)


def _take(webhook_pk: int) -> WebhookDelivery | None:
    """The oldest due delivery of a webhook that nobody has in hand, under our lease."""
    return take(_due().filter(webhook_id=webhook_pk).select_related("webhook"), lease=LEASE)


def _attempt(delivery: WebhookDelivery) -> bool:
    with trace(delivery.trace_id):
        try:
            delivery.status_code = None
            delivery.status_code = _send(delivery)
            _judge(delivery.status_code)
        except ServiceError as error:
            _put_back(delivery, error)
            return False
        now = clock.now()
        delivery.delivered_at, delivery.lease_until, delivery.error_code = now, None, ""
        delivery.save(update_fields=["delivered_at", "lease_until", "error_code", "status_code"])
        Webhook.objects.filter(pk=delivery.webhook_id).update(
            failures=0, rests_until=None, last_delivered_at=now
        )
        return True


def _send(delivery: WebhookDelivery) -> int:
    """The status a receiver answers with. Redirections are not followed, and what it says is not read.

    Raises  Unavailable if it does not answer; InvalidInput if it may not be called.
    """
    hook, now = delivery.webhook, int(clock.now().timestamp())
    body = json.dumps(
        {"type": delivery.event, "timestamp": delivery.queued_at.isoformat(), "data": delivery.payload},
        separators=(",", ":"),
    ).encode()
    target = target_of(hook.url)
    headers = {
        "Host": target.authority,
        "Content-Type": "application/json",
        "User-Agent": "Consilium",
        **headers_of(hook, delivery=str(delivery.uid), timestamp=now, body=body),
    }
    timeout = httpx.Timeout(settings.WEBHOOK_TIMEOUT_SECONDS, connect=5.0)
    try:
        with (
            httpx.Client(timeout=timeout, verify=_trust(), follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST", target.url, content=body, headers=headers, extensions={"sni_hostname": target.host}
            ) as answer,
        ):
            return answer.status_code
    except httpx.TimeoutException as error:
        raise Unavailable("The receiver does not answer in time", code="TIMED_OUT") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise Unavailable("The receiver cannot be reached", code="UNREACHABLE") from error


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if status in _REFUSED_FOR_GOOD:
        raise InvalidInput("The receiver refuses the news", code=f"HTTP_{status}")
    raise Unavailable("The receiver does not take the news now", code=f"HTTP_{status}")


def _put_back(delivery: WebhookDelivery, error: ServiceError) -> None:
    """Try again later, or give up what is refused for good or was tried for too long; leave the receiver alone."""
    now = clock.now()
    delivery.lease_until, delivery.error_code = None, error.code[:80]
    is_old = now - delivery.queued_at > dt.timedelta(hours=settings.WEBHOOK_GIVE_UP_HOURS)
    if error.permanent or is_old:
        delivery.failed_at = now
    else:
        delivery.next_attempt_at = now + back_off(delivery.attempts, longest_s=LONGEST_WAIT_S)
    delivery.save()
    if not error.permanent:
        rest = back_off(delivery.webhook.failures + 1, longest_s=LONGEST_REST_S)
        Webhook.objects.filter(pk=delivery.webhook_id).update(
            failures=F("failures") + 1, rests_until=now + rest
        )
    log.warning(
        "webhook.not_delivered", webhook=str(delivery.webhook.uid), delivery=str(delivery.uid),
        code=error.code, attempts=delivery.attempts, is_dead=delivery.failed_at is not None,
    )  # fmt: skip


def _trust() -> ssl.SSLContext:
    """The authorities the machine knows, TLS 1.2 at least (BCP 195)."""
    tls = ssl.create_default_context()
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    return tls
