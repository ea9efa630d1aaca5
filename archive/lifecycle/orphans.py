"""Finding bytes that no row knows of: what a crash between writing and indexing has left on a volume.

One folder of keys of one volume a pass, round and round. What is found is given a row that is due to be
purged, and goes the way of everything that nothing refers to, with its second look.
"""

from __future__ import annotations

import datetime as dt
from itertools import islice

import structlog
from django.db import transaction

from archive.lifecycle.models import Bookmark
from archive.lifecycle.references import referred
from archive.lifecycle.volumes import store_of
from archive.storage.keys import LOOSE_PREFIX, SEGMENT_PREFIX
from archive.storage.models import Segment, SegmentCopy, Volume
from archive.storage.volumes.base import Found
from common import clock
from common.errors import ServiceError

log = structlog.get_logger(__name__)

LEFT_ALONE_FOR = dt.timedelta(days=1)
STAGED_AT_MOST_S = 24 * 3600.0
BATCH = 5000
FOLDERS = [
    *(f"{SEGMENT_PREFIX}{number:02x}/" for number in range(256)),
    *(f"{LOOSE_PREFIX}{number:03x}/" for number in range(4096)),
]


def find_orphans(*, folders: int = 8) -> int:
    """Look through the next folders of every volume; how many orphans were found."""
    return sum(
        _look_through(volume, folders)
        for volume in Volume.objects.exclude(state=Volume.State.OFFLINE).order_by("pk")
    )


def sweep_volumes() -> int:
    """Remove what was left half written on any volume; how many files."""
    swept = 0
    for volume in Volume.objects.exclude(state=Volume.State.OFFLINE):
        try:
            swept += store_of(volume).sweep_staged(older_than_s=STAGED_AT_MOST_S)
        except ServiceError as error:
            log.warning("volume.not_swept", volume=volume.name, code=error.code)
    return swept


def _look_through(volume: Volume, folders: int) -> int:
    name = f"orphans.{volume.pk}"
    Bookmark.objects.get_or_create(name=name, defaults={"moved_at": clock.now()})
    with transaction.atomic():
        bookmark = Bookmark.objects.select_for_update(skip_locked=True).filter(name=name).first()
        if bookmark is None:
            return 0
        start = bookmark.position % len(FOLDERS)
        wanted = FOLDERS[start : start + folders]
        try:
            found = [orphan for folder in wanted for orphan in _orphans_in(volume, folder)]
        except ServiceError as error:
            log.warning("volume.not_looked_through", volume=volume.name, code=error.code)
            return 0
        for orphan in found:
            _give_rows(volume, orphan)
        bookmark.position, bookmark.moved_at = (start + len(wanted)) % len(FOLDERS), clock.now()
        bookmark.save(update_fields=["position", "moved_at"])
    if found:
        log.info("volume.orphans_found", volume=volume.name, count=len(found))
    return len(found)


def _orphans_in(volume: Volume, folder: str) -> list[Found]:
    """What lies in a folder for a day and neither a segment's row nor an object's names."""
    oldest = clock.now() - LEFT_ALONE_FOR
    lying = [item for item in islice(store_of(volume).found(folder), BATCH) if item.modified_at < oldest]
    keys = [item.segment for item in lying]
    if not keys:
        return []
    known = set(
        SegmentCopy.objects.filter(volume=volume, segment__key__in=keys).values_list(
            "segment__key", flat=True
        )
    )
    named = referred([key for key in keys if key not in known])
    return [item for item in lying if item.segment not in known and item.segment not in named]


def _give_rows(volume: Volume, orphan: Found) -> None:
    """A copy beside the rows of its segment is removed as surplus; a segment without rows is purged."""
    now = clock.now()
    segment, is_new = Segment.objects.get_or_create(
        key=orphan.segment,
        defaults={
            "size_bytes": orphan.size_bytes, "object_count": 0, "created_at": orphan.modified_at, "sealed_at": now,
            "place_at": None, "purge_at": now,
        },
    )  # fmt: skip
    state = SegmentCopy.State.HELD if is_new else SegmentCopy.State.REMOVING
    SegmentCopy.objects.get_or_create(
        segment=segment,
        volume=volume,
        defaults={"state": state, "next_at": None if is_new else now, "changed_at": now},
    )
