"""What was delivered long ago is forgotten: the table of news does not grow for ever."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from common import clock
from events.models import Delivery

AT_ONCE = 5000


def forget_delivered() -> int:
    """Delete the oldest rows that were delivered more than EVENTS_KEPT_DAYS ago, some at a time; how many.

    What failed stays for a person. Only the oldest rows are looked at, so that the duty
    costs the same whatever is kept.
    """
    before = clock.now() - dt.timedelta(days=settings.EVENTS_KEPT_DAYS)
    oldest = Delivery.objects.filter(failed_at=None).order_by("pk").values_list("pk", "delivered_at")
    keys = [
        key for key, delivered_at in oldest[:AT_ONCE] if delivered_at is not None and delivered_at < before
    ]
    return Delivery.objects.filter(pk__in=keys).delete()[0]
