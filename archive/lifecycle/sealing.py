"""Ending the segments whose writers died: what the file holds is what the segment is."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction

from archive.lifecycle.references import Reference, references_to
from archive.storage.backends import store_at
from archive.storage.models import Segment, SegmentCopy
from archive.storage.volumes.local import FileSystemStore, length_unless_held
from archive.studies.unfinished import take_back_unfinished
from common import clock

log = structlog.get_logger(__name__)

LEFT_ALONE_FOR = dt.timedelta(seconds=5)
EMPTY_KEPT_FOR = dt.timedelta(minutes=10)


def seal_abandoned(*, limit: int = 100) -> int:
    """Seal the open segments that no live process holds locked; how many."""
    keys = list(
        Segment.objects.filter(sealed_at=None, created_at__lte=clock.now() - LEFT_ALONE_FOR)
        .order_by("created_at")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(_seal(key) for key in keys)


def _seal(segment_pk: int) -> bool:
    with transaction.atomic():
        segment = (
            Segment.objects.select_for_update(skip_locked=True).filter(pk=segment_pk, sealed_at=None).first()
        )
        if segment is None:
            return False
        copy = segment.copies.select_related("volume").first()
        if copy is None:
            segment.delete()
            return True
        store = store_at(copy.volume.url)
        if not isinstance(store, FileSystemStore):
            return False
        return _end(segment, copy, store)


def _end(segment: Segment, copy: SegmentCopy, store: FileSystemStore) -> bool:
    """Write down what the file holds. Bytes behind the last object that is referred to are nobody's."""
    now = clock.now()
    size_bytes = length_unless_held(store.path(segment.key))
    if size_bytes is None:
        return False
    references = _finished(store, references_to(segment.key))
    if not references and now - segment.created_at < EMPTY_KEPT_FOR:
        return False
    segment.sealed_at, segment.size_bytes, segment.object_count = now, size_bytes, len(references)
    segment.purge_at = None if references else now
    segment.save(update_fields=["sealed_at", "size_bytes", "object_count", "purge_at"])
    copy.state, copy.bytes_done, copy.changed_at = SegmentCopy.State.HELD, size_bytes, now
    copy.save(update_fields=["state", "bytes_done", "changed_at"])
    log.info("segment.sealed_for_its_writer", segment=segment.key, objects=len(references))
    return True


def _finished(store: FileSystemStore, references: list[Reference]) -> list[Reference]:
    """The references but for an object its writer died over: the last one, if any."""
    last = references[-1] if references else None
    if last is None or not take_back_unfinished(store, last.storage_key):
        return references
    return references[:-1]
