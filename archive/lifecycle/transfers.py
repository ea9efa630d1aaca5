"""Copying segments to where they are wanted: in order, resumable, verified before a reader may rely on it.

A copy's row is its queue entry. Whoever works on it holds it by a lease that is renewed with each settled
stretch; after a crash the lease runs out and the next worker goes on after the bytes that are durable.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import structlog
from django.conf import settings
from django.db import transaction

from archive.lifecycle.digests import blocks_of, examine
from archive.lifecycle.volumes import store_of
from archive.storage.keys import ObjectKey
from archive.storage.models import Segment, SegmentCopy, Volume
from archive.storage.volumes.base import Inflow, Store
from common import clock
from common.attempts import back_off
from common.errors import NotFound, ServiceError, Unavailable

log = structlog.get_logger(__name__)

State = SegmentCopy.State
LEASE = dt.timedelta(minutes=2)
SETTLE_EVERY = 32 * 1024 * 1024
ROOM_TO_SPARE = 64 * 1024 * 1024
_READABLE = (Volume.State.ONLINE, Volume.State.DRAINING)


def transfer_due(*, limit: int = 50) -> int:
    """Make the copies that are due, up to some megabytes a pass; how many were worked on."""
    budget = settings.MOVE_MB_PER_PASS * 1024 * 1024
    done = 0
    while done < limit and budget > 0:
        copy = claim_copy(State.COPYING, lease=LEASE)
        if copy is None:
            break
        transfer(copy)
        budget -= max(copy.segment.size_bytes, 1)
        done += 1
    return done


def transfer(copy: SegmentCopy) -> bool:
    """Finish one copy that this worker holds; False if it has to be tried again later."""
    try:
        _copy_over(copy)
        _verify(copy)
        _hold(copy)
    except ServiceError as error:
        _put_off(copy, error)
        return False
    return True


def sources_of(segment: Segment, *, but: Volume) -> Iterator[Volume]:
    """The volumes that hold a good copy, the fastest first."""
    held = segment.copies.filter(state__in=[State.HELD, State.REMOVING], volume__state__in=_READABLE)
    rank = {"hot": 0, "warm": 1, "cold": 2}
    copies = held.exclude(volume=but).select_related("volume")
    yield from sorted((copy.volume for copy in copies), key=lambda volume: rank[volume.tier])


def claim_copy(state: SegmentCopy.State, *, lease: dt.timedelta) -> SegmentCopy | None:
    """The copy in this state that waits longest, leased to this worker; None if there is none."""
    with transaction.atomic():
        copy = (
            SegmentCopy.objects.filter(
                state=state, next_at__lte=clock.now(), volume__state=Volume.State.ONLINE
            )
            .order_by("next_at")
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("segment", "volume")
            .first()
        )
        if copy is not None:
            copy.next_at = clock.now() + lease
            copy.save(update_fields=["next_at"])
    return copy


def _copy_over(copy: SegmentCopy) -> None:
    segment, target = copy.segment, store_of(copy.volume)
    if _size(target, segment.key) == segment.size_bytes:
        return  # whole already: a crash came between the last byte and the row
    _check_room(target, segment.size_bytes - copy.bytes_done)
    source = next(sources_of(segment, but=copy.volume), None)
    if source is None:
        raise Unavailable("No volume that can be read holds the segment", code="NO_GOOD_COPY")
    inflow = target.inflow(segment.key, token=copy.token, bytes_done=copy.bytes_done)
    try:
        _pour(store_of(source), copy, inflow)
        inflow.finish()
    finally:
        inflow.release()


def _pour(source: Store, copy: SegmentCopy, inflow: Inflow) -> None:
    """Append what is not there yet, noting now and then how far it is durable."""
    segment, unsettled = copy.segment, 0
    with source.open(ObjectKey(segment.key)) as file:
        file.seek(inflow.bytes_done)
        for block in blocks_of(file):
            inflow.append(block)
            unsettled += len(block)
            if unsettled >= SETTLE_EVERY:
                _note_progress(copy, inflow)
                unsettled = 0


def _note_progress(copy: SegmentCopy, inflow: Inflow) -> None:
    """Write down how much is durable and renew the lease. Raises Unavailable if the copy is not wanted any more."""
    copy.bytes_done, copy.token, copy.next_at = inflow.settle(), inflow.token, clock.now() + LEASE
    still_wanted = SegmentCopy.objects.filter(pk=copy.pk, state=State.COPYING).update(
        bytes_done=copy.bytes_done, token=copy.token, next_at=copy.next_at
    )
    if not still_wanted:
        inflow.abandon()
        raise Unavailable("The copy is not wanted any more", code="COPY_CANCELLED")


def _verify(copy: SegmentCopy) -> None:
    """Read what was written, on the volume it was written to, and compare.

    Raises  Unavailable COPY_DIFFERS after removing what is not the segment.
    """
    target, segment = store_of(copy.volume), copy.segment
    found = examine(target, segment)
    if not found.is_good_copy_of(segment):
        target.remove(segment.key)
        copy.bytes_done, copy.token = 0, ""
        raise Unavailable("What was written is not what was read", code="COPY_DIFFERS")
    if not segment.sha256:
        Segment.objects.filter(pk=segment.pk, sha256="").update(sha256=found.sha256)


def _hold(copy: SegmentCopy) -> None:
    """From now on readers may be sent to this copy; what is over is given up at the next look."""
    now = clock.now()
    with transaction.atomic():
        SegmentCopy.objects.filter(pk=copy.pk, state=State.COPYING).update(
            state=State.HELD, bytes_done=copy.segment.size_bytes, token="", attempts=0, next_at=None,
            problem="", verified_at=now, changed_at=now,
        )  # fmt: skip
        Segment.objects.filter(pk=copy.segment_id).update(place_at=now)
    log.info("segment.copied", segment=copy.segment.key, volume=copy.volume.name)


def _put_off(copy: SegmentCopy, error: ServiceError) -> None:
    copy.attempts += 1
    wait = back_off(copy.attempts, unit_s=5, longest_s=3600)
    SegmentCopy.objects.filter(pk=copy.pk, state=State.COPYING).update(
        attempts=copy.attempts, problem=error.code, next_at=clock.now() + wait,
        bytes_done=copy.bytes_done, token=copy.token,
    )  # fmt: skip
    log.warning("segment.copy_failed", segment=copy.segment.key, volume=copy.volume.name, code=error.code)


def _check_room(target: Store, size_bytes: int) -> None:
    free = target.free_bytes()
    if free is not None and free < size_bytes + ROOM_TO_SPARE:
        raise Unavailable("The volume is full", code="STORAGE_FULL")


def _size(store: Store, segment: str) -> int | None:
    try:
        return store.size(segment)
    except NotFound:
        return None
