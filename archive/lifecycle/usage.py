"""What lies where: counted by a duty once in a while, kept once a day, so that growth can be seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from archive.lifecycle.models import UsageSample
from archive.storage.models import Segment, SegmentCopy, Volume
from common import clock

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
    """What a volume holds as counted last, and how many bytes it gained in the days before."""

    volume: Volume
    segments: int
    objects_held: int
    bytes_held: int
    gained_bytes: int
    gained_days: int

    @property
    def percent(self) -> int | None:
        """How full the volume is; None where nobody said how much it takes."""
        if not self.volume.capacity_bytes:
            return None
        return min(999, 100 * self.bytes_held // self.volume.capacity_bytes)


def count_usage() -> int:
    """Count what each site holds on each volume, as of today; how many pairs."""
    today = timezone.localdate(clock.now())
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
    return written


def usage_of_volumes(*, days: int = 30) -> list[VolumeUsage]:
    """What every volume holds, and what it gained since up to so many days ago. Three statements."""
    today = timezone.localdate(clock.now())
    samples = UsageSample.objects.filter(day__gte=today - dt.timedelta(days=days))
    sums: dict[int, list[tuple[dt.date, int, int, int]]] = {}
    for volume_pk, day, segments, objects, size in (
        samples.values_list("volume_id", "day")
        .annotate(s=Sum("segments"), o=Sum("objects_held"), b=Sum("bytes_held"))
        .order_by("day")
    ):
        sums.setdefault(volume_pk, []).append((day, segments, objects, size))
    return [
        _usage(volume, sums.get(volume.pk, []))
        for volume in Volume.objects.select_related("site").order_by("name")
    ]


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


def _usage(volume: Volume, rows: list[tuple[dt.date, int, int, int]]) -> VolumeUsage:
    if not rows:
        return VolumeUsage(volume, 0, 0, 0, 0, 0)
    (first_day, _s, _o, first_bytes), (last_day, segments, objects, size) = rows[0], rows[-1]
    return VolumeUsage(volume, segments, objects, size, size - first_bytes, (last_day - first_day).days)
