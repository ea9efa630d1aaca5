"""Dead letters sent once more, by a person who has put right what was wrong."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.audit import record_audit
from common import clock
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.queueing import nudge
from integrations.routing.selectors import dead_letters

AT_ONCE = 5000


def resend(deliveries: Collection[int] | QuerySet[Delivery], *, actor: Actor) -> int:
    """Send given-up objects again, as if they had just been queued; how many of those named were.

    Takes keys, or a queryset of `dead_letters`. Those the actor may not see are passed over, as are those
    that are on their way already.
    """
    now = clock.now()
    with transaction.atomic():
        keys: Any = deliveries.values("pk") if isinstance(deliveries, QuerySet) else list(deliveries)
        named = dead_letters(actor).filter(pk__in=keys).order_by("pk")[:AT_ONCE]
        rows = list(named.select_for_update(of=("self",)).select_related("lane", "destination__site"))
        if not rows:
            return 0
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=Delivery.State.WAITING, attempts=0, error_code="", ended_at=None, queued_at=now
        )
        Lane.objects.filter(pk__in=sorted({row.lane_id for row in rows})).update(next_at=now)
        for destination in {row.destination_id: row.destination for row in rows}.values():
            Destination.objects.filter(pk=destination.pk).update(blocked_until=None)
            nudge.after_commit(destination.pk)
            _audit(actor, destination, [row for row in rows if row.destination_id == destination.pk])
    return len(rows)


def _audit(actor: Actor, destination: Destination, rows: list[Delivery]) -> None:
    for lane in {row.lane_id: row.lane for row in rows}.values():
        record_audit(
            actor, "delivery.resent", object_kind="destination", object_uid=destination.key,
            study_instance_uid=lane.study_instance_uid,
            site_code=destination.site.code if destination.site else "",
            objects=sum(row.lane_id == lane.pk for row in rows),
        )  # fmt: skip
