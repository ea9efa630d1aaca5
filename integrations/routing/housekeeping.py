"""Recorded facts are kept as long as tables are tried against them, and no longer."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from common import clock
from integrations.routing.models import RecordedFacts


def forget_facts(*, limit: int = 2000) -> int:
    """Delete facts older than ROUTING_FACTS_DAYS, some at a time; decisions stay with the rows that matched."""
    oldest = clock.now() - dt.timedelta(days=settings.ROUTING_FACTS_DAYS)
    keys = list(
        RecordedFacts.objects.filter(recorded_at__lt=oldest)
        .order_by("recorded_at")
        .values_list("pk", flat=True)[:limit]
    )
    return RecordedFacts.objects.filter(pk__in=keys).delete()[0] if keys else 0
