"""What is on its way, for who watches over it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Min

from events.models import Bulletin, Delivery


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many rows of news are not delivered, spread or not, and when the oldest was published."""

    count: int
    since: dt.datetime | None


def backlog() -> Backlog:
    """What waits to be spread and to be delivered; what was given up waits for nobody. Two statements."""
    found = [
        rows.aggregate(count=Count("pk"), since=Min("published_at"))
        for rows in (Bulletin.objects.all(), Delivery.objects.filter(delivered_at=None, failed_at=None))
    ]
    known = [each["since"] for each in found if each["since"] is not None]
    return Backlog(sum(each["count"] for each in found), min(known, default=None))
