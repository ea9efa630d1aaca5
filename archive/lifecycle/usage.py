"""What lies where: counted by a duty once in a while, kept once a day, so that growth can be seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Subquery, Sum
from django.utils import timezone

from archive.lifecycle.models import Bookmark, UsageSample
from archive.storage.models import Segment, SegmentCopy, Volume
from common import clock

NEVER = dt.datetime.fromtimestamp(0, dt.UTC)
BOOKMARK = "usage"  # when it was counted, and how many pairs of site and volume were found
COUNTED_EVERY = dt.timedelta(minutes=15)

_SQL = f"""
    INSERT INTO "{UsageSample._meta.db_table}" (day, volume_id, site_id, segments, objects_held, bytes_held)
    SELECT %s, copy.volume_id, segment.site_id, count(*), sum(segment.object_count), sum(segment.size_bytes)
    FROM "{SegmentCopy._meta.db_table}" copy JOIN "{Segment._meta.db_table}" segment ON segment.id = copy.segment_id
    WHERE copy.state IN ('held', 'damaged', 'removing')
    GROUP BY copy.volume_id, segment.site_id
    ON CONFLICT (day, volume_id, site_id) DO UPDATE
    SET segments = excluded.segments, objects_held = excluded.objects_held, bytes_held = excluded.bytes_held
"""  # noqa: S608, SLF001 - table names of our own models


@dataclass(frozen=True, slots=True)
class VolumeUsage:
    """What a volume holds as counted last, and how many bytes it gained in the days before.

    `counted_at` is None for a volume that nobody has counted yet: its numbers then say nothing.
    """

    volume: Volume
    counted_at: dt.datetime | None
    segments: int = 0
    objects_held: int = 0
    bytes_held: int = 0
    gained_bytes: int = 0
    gained_days: int = 0

    @property
    def percent(self) -> int | None:
        """How full the volume is; None where nobody said how much it takes."""
        if not self.volume.capacity_bytes:
            return None
        return min(999, 100 * self.bytes_held // self.volume.capacity_bytes)


def count_usage_when_due() -> int:
    """Count once in a while, and at once as long as there was nothing to count; how many pairs were counted.

    Counting costs as much as there is: an archive that was empty is looked at again every time.
    """
    Bookmark.objects.get_or_create(name=BOOKMARK, defaults={"moved_at": NEVER})
    with transaction.atomic():
        bookmark = Bookmark.objects.select_for_update(skip_locked=True).filter(name=BOOKMARK).first()
        if bookmark is None or (bookmark.position and bookmark.moved_at > clock.now() - COUNTED_EVERY):
            return 0
        return count_usage()


def count_usage() -> int:
    """Count what each site holds on each volume, as of today; how many pairs."""
    now = clock.now()
    today = timezone.localdate(now)
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [today])
        written = int(cursor.rowcount)
        cursor.execute(  # a pair that is gone holds nothing today
            f'UPDATE "{UsageSample._meta.db_table}" sample SET segments = 0, objects_held = 0, bytes_held = 0 '  # noqa: S608, SLF001
            f'WHERE day = %s AND NOT EXISTS (SELECT FROM "{SegmentCopy._meta.db_table}" copy '  # noqa: SLF001
            f'JOIN "{Segment._meta.db_table}" segment ON segment.id = copy.segment_id '  # noqa: SLF001
            "WHERE copy.volume_id = sample.volume_id AND segment.site_id IS NOT DISTINCT FROM sample.site_id)",
            [today],
        )
    Bookmark.objects.update_or_create(name=BOOKMARK, defaults={"moved_at": now, "position": written})
    return written


def usage_of_volumes(*, days: int = 30) -> list[VolumeUsage]:
    """What every volume holds, and what it gained since up to so many days ago. Two statements."""
    today = timezone.localdate(clock.now())
    samples = UsageSample.objects.filter(day__gte=today - dt.timedelta(days=days))
    sums: dict[int, list[tuple[dt.date, int, int, int]]] = {}
    for volume_pk, day, segments, objects, size in (
        samples.values_list("volume_id", "day")
        .annotate(s=Sum("segments"), o=Sum("objects_held"), b=Sum("bytes_held"))
        .order_by("day")
    ):
        sums.setdefault(volume_pk, []).append((day, segments, objects, size))
    counted = Bookmark.objects.filter(name=BOOKMARK, moved_at__gt=NEVER).values("moved_at")
    volumes = Volume.objects.select_related("site").annotate(counted_at=Subquery(counted[:1]))
    return [_usage(volume, volume.counted_at, sums.get(volume.pk, [])) for volume in volumes.order_by("name")]


def usage_of_sites() -> list[Any]:
    """What every site holds, over all volumes, as counted last."""
    newest = UsageSample.objects.order_by("-day").values_list("day", flat=True).first()
    if newest is None:
        return []
    return list(
        UsageSample.objects.filter(day=newest)
        .values("site__code", "site__name", "site__name_zh")
        .annotate(bytes_held=Sum("bytes_held"), objects_held=Sum("objects_held"))
        .order_by("-bytes_held")
    )


def _usage(
    volume: Volume, counted_at: dt.datetime | None, rows: list[tuple[dt.date, int, int, int]]
) -> VolumeUsage:
    if counted_at is None or counted_at < volume.created_at:
        return VolumeUsage(volume, counted_at=None)
    if not rows:
        return VolumeUsage(volume, counted_at)
    (first_day, _s, _o, first_bytes), (last_day, segments, objects, size) = rows[0], rows[-1]
    gained_days = (last_day - first_day).days
    return VolumeUsage(volume, counted_at, segments, objects, size, size - first_bytes, gained_days)
