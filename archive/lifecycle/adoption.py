"""Giving loose objects their rows: those from before there were segments, and those stored one by one.

A bookmark walks each table once, from its oldest row on, some minutes behind the newest, so that no row that
is committed late is passed by.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from archive.lifecycle.models import Bookmark
from archive.lifecycle.volumes import default_volume
from archive.storage.keys import LOOSE_PREFIX
from archive.storage.models import Segment, SegmentCopy
from archive.studies.models import Instance, RejectedObject
from common import clock

BEHIND = dt.timedelta(minutes=5)
_INSTANCE = (
    "series__study__site_id",
    "series__study__study_instance_uid",
    "series__series_instance_uid",
    "sha256",
)


def adopt_loose_objects(*, limit: int = 2000) -> int:
    """Give the next loose objects of each table their rows; how many objects were passed."""
    instances = _walk("adopt.instances", Instance.objects.all(), _INSTANCE, limit)
    return instances + _walk(
        "adopt.refused", RejectedObject.objects.exclude(storage_key=""), ("site_id",), limit
    )


def _walk(name: str, rows: Any, fields: tuple[str, ...], limit: int) -> int:
    Bookmark.objects.get_or_create(name=name, defaults={"moved_at": clock.now()})
    with transaction.atomic():
        bookmark = Bookmark.objects.select_for_update(skip_locked=True).filter(name=name).first()
        if bookmark is None:
            return 0
        newest = clock.now() - BEHIND
        found = list(
            rows.filter(pk__gt=bookmark.position)
            .order_by("pk")
            .values_list("pk", "received_at", "storage_key", "size_bytes", *fields)[:limit]
        )
        ripe = _until_young(found, newest)
        if not ripe:
            return 0
        _adopt([row for row in ripe if row[2].startswith(LOOSE_PREFIX)])
        bookmark.position, bookmark.moved_at = ripe[-1][0], clock.now()
        bookmark.save(update_fields=["position", "moved_at"])
    return len(ripe)


def _until_young(rows: Sequence[tuple[Any, ...]], newest: dt.datetime) -> list[tuple[Any, ...]]:
    ripe = []
    for row in rows:
        if row[1] > newest:
            break
        ripe.append(row)
    return ripe


def _adopt(rows: Sequence[tuple[Any, ...]]) -> None:
    """Rows for loose objects that lie on the default volume; one that has its rows keeps them."""
    if not rows:
        return
    now, home = clock.now(), default_volume()
    new = [
        Segment(
            key=key, site_id=site_id, study_instance_uid=(rest or ("",))[0], series_instance_uid=(rest or ("", ""))[1],
            size_bytes=size, object_count=1, sha256=key.rpartition("/")[2], created_at=received, sealed_at=now,
            place_at=now,
        )
        for _pk, received, key, size, site_id, *rest in rows
    ]  # fmt: skip
    Segment.objects.bulk_create(new, ignore_conflicts=True)
    keys = [segment.key for segment in new]
    without_copy = Segment.objects.filter(key__in=keys, copies=None)
    SegmentCopy.objects.bulk_create(
        [
            SegmentCopy(
                segment=segment, volume=home, state=SegmentCopy.State.HELD, bytes_done=segment.size_bytes,
                changed_at=now,
            )
            for segment in without_copy
        ],
        ignore_conflicts=True,
    )  # fmt: skip
