"""Taking bytes away: copies that are over, segments nothing refers to, and what was withdrawn long enough ago.

A segment nothing refers to is first taken out of sight and only later removed, after a second look. An
object with the same bytes may have come in between the first look and the taking away; the second look finds
its row, and puts the bytes back.
"""

from __future__ import annotations

import datetime as dt

import structlog
from django.conf import settings
from django.db import transaction

from archive.lifecycle.references import referred
from archive.lifecycle.volumes import store_of
from archive.storage.models import Segment, SegmentCopy, Volume
from archive.storage.volumes.base import Store
from common import clock
from common.errors import NotFound, ServiceError

log = structlog.get_logger(__name__)

State = SegmentCopy.State
SECOND_LOOK_AFTER = dt.timedelta(minutes=10)
TRY_AGAIN_AFTER = dt.timedelta(minutes=10)


def remove_due(*, limit: int = 200) -> int:
    """Remove the copies whose time has come; how many were dealt with."""
    keys = list(
        SegmentCopy.objects.filter(state=State.REMOVING, next_at__lte=clock.now())
        .exclude(volume__state=Volume.State.OFFLINE)
        .order_by("next_at")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(_settle_removal(key) for key in keys)


def purge_due(*, limit: int = 200) -> int:
    """Take the segments that nothing refers to out of sight; how many were looked at."""
    with transaction.atomic():
        segments = list(
            Segment.objects.filter(purge_at__lte=clock.now(), sealed_at__isnull=False)
            .order_by("purge_at")
            .select_for_update(skip_locked=True, of=("self",))[:limit]
        )
        in_use = referred([segment.key for segment in segments]) if segments else set()
        for segment in segments:
            if segment.key in in_use:
                _keep(segment)
            else:
                _take_out_of_sight(segment)
    return len(segments)


def _keep(segment: Segment) -> None:
    segment.purge_at, segment.place_at = None, clock.now()
    segment.save(update_fields=["purge_at", "place_at"])


def _take_out_of_sight(segment: Segment) -> None:
    copies = list(segment.copies.select_related("volume").select_for_update(of=("self",)))
    if not copies:
        segment.delete()
        return
    later = clock.now() + SECOND_LOOK_AFTER
    for copy in copies:
        if copy.state == State.REMOVING:
            continue  # waits for its second look
        try:
            store_of(copy.volume).set_aside(segment.key)
        except ServiceError as error:  # tried again when the copy is to be removed
            log.warning("segment.not_set_aside", segment=segment.key, code=error.code)
        copy.state, copy.next_at, copy.changed_at = State.REMOVING, later, clock.now()
        copy.save(update_fields=["state", "next_at", "changed_at"])
    Segment.objects.filter(pk=segment.pk).update(purge_at=later + SECOND_LOOK_AFTER)


def _settle_removal(copy_pk: int) -> bool:
    """Remove one copy, or keep it after all; False if it is in other hands or the volume does not answer."""
    with transaction.atomic():
        copy = (
            SegmentCopy.objects.filter(pk=copy_pk, state=State.REMOVING)
            .select_for_update(skip_locked=True, of=("self", "segment"))
            .select_related("segment", "volume")
            .first()
        )
        if copy is None:
            return False
        try:
            store = store_of(copy.volume)
            if copy.segment.purge_at is not None:
                return _purge_copy(copy, store)
            return _remove_surplus(copy, store)
        except ServiceError as error:
            copy.problem, copy.next_at = error.code, clock.now() + TRY_AGAIN_AFTER
            copy.save(update_fields=["problem", "next_at"])
            return False


def _remove_surplus(copy: SegmentCopy, store: Store) -> bool:
    """Remove a copy that is over, unless it has become the only one."""
    others = copy.segment.copies.filter(state=State.HELD).exclude(pk=copy.pk)
    if not others.exists():
        copy.state, copy.next_at = State.HELD, None
        copy.save(update_fields=["state", "next_at"])
        Segment.objects.filter(pk=copy.segment_id).update(place_at=clock.now())
        return True
    store.remove(copy.segment.key)
    store.remove(copy.segment.key, aside=True)
    copy.delete()
    return True


def _purge_copy(copy: SegmentCopy, store: Store) -> bool:
    """The second look: remove the bytes for good, or put them back where something refers to them now."""
    segment = copy.segment
    if referred([segment.key]):
        if _is_there(store, segment.key):
            store.remove(segment.key, aside=True)
        else:
            store.bring_back(segment.key)
        copy.state, copy.next_at = State.HELD, None
        copy.save(update_fields=["state", "next_at"])
        _keep(segment)
        return True
    store.remove(segment.key, aside=True)
    if segment.key.startswith("series/"):  # a loose object of the same bytes may be on its way in
        store.remove(segment.key)
    copy.delete()
    if not segment.copies.exists():
        segment.delete()
        log.info("segment.purged", segment=segment.key)
    return True


def mark_for_purge(segment_keys: set[str], *, after_s: float | None = None) -> int:
    """Have these segments looked at when the grace has passed: something has ceased to refer to them."""
    wait = settings.STORAGE_GRACE_SECONDS if after_s is None else after_s
    return Segment.objects.filter(key__in=segment_keys).update(
        purge_at=clock.now() + dt.timedelta(seconds=wait)
    )


def _is_there(store: Store, segment: str) -> bool:
    try:
        store.size(segment)
    except NotFound:
        return False
    return True
