"""Writing objects of a series one behind the other into a new segment, and having their rows name it.

The new segment's row comes first, due to be purged: a crash while it is written leaves nothing that is not
found and removed. The objects' rows change in one transaction when the bytes are durable and checked; the
segments they named before go after a grace, for readers that were told of them earlier.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from archive.lifecycle.purging import mark_for_purge
from archive.lifecycle.volumes import default_volume, store_of
from archive.storage.keys import new_segment_key, parse_key, slice_key
from archive.storage.models import Segment, SegmentCopy, Volume
from archive.storage.volumes.base import Store
from archive.studies.models import Instance, Series, WithdrawnInstance
from common import clock
from common.errors import Unavailable

WRITTEN_WITHIN = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Move:
    """An object that is to lie in the new segment: whose row names it, where it lies now, and its digest."""

    table: type[Instance | WithdrawnInstance]
    pk: int
    storage_key: str
    sha256: str


def write_anew(series: Series, moves: Sequence[Move], read: Callable[[str], bytes]) -> Segment:
    """One segment with the objects in the order given, on the default volume; their rows name it.

    Raises  Unavailable if an object cannot be read, is damaged, or the volume does not take the segment;
            everything is then as it was before.
    """
    volume = default_volume()
    segment = _begin(series, volume)
    new_keys, size_bytes, sha256 = _write(segment.key, moves, read, store_of(volume))
    with transaction.atomic():
        Series.all_objects.select_for_update().get(pk=series.pk)
        moved = _switch(moves, new_keys)
        _end(segment, size_bytes, sha256, object_count=len(moved))
        mark_for_purge({parse_key(move.storage_key).segment for move in moved})
    segment.refresh_from_db()
    return segment


def _begin(series: Series, volume: Volume) -> Segment:
    now = clock.now()
    with transaction.atomic():
        segment = Segment.objects.create(
            key=new_segment_key(), site_id=series.study.site_id, series_instance_uid=series.series_instance_uid,
            study_instance_uid=series.study.study_instance_uid, created_at=now, sealed_at=now, place_at=None,
            purge_at=now + WRITTEN_WITHIN,
        )  # fmt: skip
        SegmentCopy.objects.create(
            segment=segment, volume=volume, state=SegmentCopy.State.WRITING, changed_at=now
        )
    return segment


def _write(
    segment: str, moves: Sequence[Move], read: Callable[[str], bytes], store: Store
) -> tuple[list[str], int, str]:
    """The objects' new keys, the segment's length and digest. Each object is checked, so damage does not spread."""
    keys, offset, whole = [], 0, hashlib.sha256()
    inflow = store.inflow(segment)
    with contextlib.ExitStack() as unless_finished:
        unless_finished.callback(inflow.abandon)
        for move in moves:
            data = read(move.storage_key)
            if hashlib.sha256(data).hexdigest() != move.sha256:
                raise Unavailable("An object of the series is damaged", code="OBJECT_DAMAGED")
            inflow.append(data)
            whole.update(data)
            keys.append(slice_key(segment, offset, len(data)))
            offset += len(data)
        inflow.finish()
        unless_finished.pop_all()
    return keys, offset, whole.hexdigest()


def _switch(moves: Sequence[Move], new_keys: Sequence[str]) -> list[Move]:
    """Have the rows name their new places; one that was moved or withdrawn meanwhile keeps the key it has."""
    moved: list[Move] = []
    by_table: dict[Any, dict[int, tuple[Move, str]]] = defaultdict(dict)
    for move, key in zip(moves, new_keys, strict=True):
        by_table[move.table][move.pk] = (move, key)
    for table, places in by_table.items():
        locked = table._default_manager.select_for_update().filter(pk__in=list(places)).order_by("pk")  # noqa: SLF001
        rows = [row for row in locked if row.storage_key == places[row.pk][0].storage_key]
        for row in rows:
            row.storage_key = places[row.pk][1]
        table._default_manager.bulk_update(rows, ["storage_key"], batch_size=1000)  # noqa: SLF001
        moved += [places[row.pk][0] for row in rows]
    return moved


def _end(segment: Segment, size_bytes: int, sha256: str, *, object_count: int) -> None:
    """The segment is whole and has its objects. Raises Unavailable if it took so long that it was purged."""
    now = clock.now()
    kept = Segment.objects.filter(pk=segment.pk, purge_at=segment.purge_at).update(
        size_bytes=size_bytes, sha256=sha256, object_count=object_count, sealed_at=now,
        purge_at=None if object_count else now, place_at=now,
    )  # fmt: skip
    held = SegmentCopy.objects.filter(segment=segment, state=SegmentCopy.State.WRITING).update(
        state=SegmentCopy.State.HELD, bytes_done=size_bytes, changed_at=now
    )
    if not (kept and held):
        raise Unavailable("The new segment was given up meanwhile", code="SEGMENT_GIVEN_UP")
