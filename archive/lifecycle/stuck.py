"""Copies that are stuck between volumes: wanted, or to be removed, and nothing comes of it."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import Q, QuerySet

from archive.storage.models import SegmentCopy, Volume
from common import clock

_BETWEEN = (SegmentCopy.State.COPYING, SegmentCopy.State.REMOVING)


def copies_standing_still() -> QuerySet[SegmentCopy]:
    """Copies that fail, or whose volume is out of use, for longer than is normal; the longest first.

    One that merely waits for its turn is not among them.
    """
    limit = clock.now() - dt.timedelta(hours=settings.STANDSTILL_COPY_HOURS)
    out_of_reach = ~Q(volume__state=Volume.State.ONLINE)
    return (
        SegmentCopy.objects.filter(
            ~Q(problem="") | out_of_reach, state__in=_BETWEEN, next_at__isnull=False, changed_at__lt=limit
        )
        .select_related("segment__site", "volume")
        .order_by("changed_at")
    )
