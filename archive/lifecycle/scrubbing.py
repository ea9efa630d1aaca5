"""Reading every copy again and again, slowly, to find the bit that has flipped before anybody needs it."""

from __future__ import annotations

import datetime as dt
import time

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from archive.lifecycle.digests import Examined, examine
from archive.lifecycle.models import ScrubFinding
from archive.lifecycle.volumes import store_of
from archive.storage.models import Segment, SegmentCopy, Volume
from common import clock
from common.errors import NotFound, ServiceError
from events.services import publish

log = structlog.get_logger(__name__)

State = SegmentCopy.State
LEASE = dt.timedelta(minutes=30)
PASS_SECONDS = 20.0
_READABLE = (Volume.State.ONLINE, Volume.State.DRAINING)


class Pace:
    """Holds reading to a number of bytes a second, over the whole of a pass."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate, self._begun, self.bytes_read = bytes_per_second, time.monotonic(), 0

    def __call__(self, size: int) -> None:
        self.bytes_read += size
        ahead = self.bytes_read / self._rate - (time.monotonic() - self._begun)
        if ahead > 0:
            time.sleep(min(ahead, 1.0))

    @property
    def is_over(self) -> bool:
        return self.bytes_read >= self._rate * PASS_SECONDS


def scrub_due(*, limit: int = 500) -> int:
    """Read the copies that were not read for longest, up to a pass's worth of bytes; how many."""
    pace, done = Pace(settings.SCRUB_MB_PER_SECOND * 1024 * 1024), 0
    while done < limit and not pace.is_over and (copy := _claim()) is not None:
        scrub(copy, pace)
        done += 1
    return done


def scrub(copy: SegmentCopy, pace: Pace | None = None) -> bool:
    """Read one copy whole; what is not as it was stored becomes a finding. Whether the copy is good."""
    try:
        found = examine(store_of(copy.volume), copy.segment, pace=pace)
    except NotFound:
        found = None
    except ServiceError as error:
        log.warning("scrub.not_read", segment=copy.segment.key, volume=copy.volume.name, code=error.code)
        return True
    if found is not None and found.is_good_copy_of(copy.segment):
        _note_good(copy, found)
        return True
    return not _note_damage(copy, found)


def due_copies() -> QuerySet[SegmentCopy]:
    """Copies of sealed segments that were never read, or not for the period that is set."""
    return SegmentCopy.objects.filter(not_read_lately(), state=State.HELD)


def not_read_lately() -> Q:
    """What makes a held copy due."""
    oldest = clock.now() - dt.timedelta(days=settings.SCRUB_EVERY_DAYS)
    return (Q(verified_at=None) | Q(verified_at__lt=oldest)) & Q(segment__sealed_at__isnull=False)


def _claim() -> SegmentCopy | None:
    """The copy of the first volume that has one due, leased; a never-read one before one read long ago."""
    now = clock.now()
    for volume in Volume.objects.filter(state__in=_READABLE).order_by("pk"):
        due = due_copies().filter(Q(next_at=None) | Q(next_at__lte=now), volume=volume)
        for part in (due.filter(verified_at=None).order_by("pk"), due.order_by("verified_at")):
            with transaction.atomic():
                copy = (
                    part.select_for_update(skip_locked=True, of=("self",))
                    .select_related("segment", "volume")
                    .first()
                )
                if copy is not None:
                    SegmentCopy.objects.filter(pk=copy.pk).update(next_at=now + LEASE)
                    return copy
    return None


def _note_good(copy: SegmentCopy, found: Examined) -> None:
    SegmentCopy.objects.filter(pk=copy.pk, state=State.HELD).update(
        verified_at=clock.now(), next_at=None, problem=""
    )
    if not copy.segment.sha256:
        Segment.objects.filter(pk=copy.segment_id, sha256="").update(sha256=found.sha256)


def _note_damage(copy: SegmentCopy, found: Examined | None) -> bool:
    """Take a damaged copy out of readers' sight and write down what is wrong with it.

    False if it went away while it was read: then nothing is wrong.
    """
    with transaction.atomic():
        locked = SegmentCopy.objects.select_for_update().filter(pk=copy.pk, state=State.HELD).first()
        if locked is None or not Segment.objects.filter(pk=copy.segment_id, purge_at=None).exists():
            return False
        _write_findings(copy, found)
        if found is not None:
            store_of(copy.volume).set_aside(copy.segment.key)
        locked.state, locked.next_at, locked.changed_at = State.DAMAGED, clock.now(), clock.now()
        locked.problem = "DIGEST_DIFFERS" if found else "COPY_MISSING"
        locked.save(update_fields=["state", "next_at", "changed_at", "problem"])
        publish(
            "StorageDamageFound",
            {"volume": copy.volume.name, "code": locked.problem, "segment": copy.segment.key},
            subjects={"series": copy.segment.series_instance_uid, "study": copy.segment.study_instance_uid},
        )
    log.error("scrub.damage", segment=copy.segment.key, volume=copy.volume.name, code=locked.problem)
    return True


def _write_findings(copy: SegmentCopy, found: Examined | None) -> None:
    now = clock.now()
    segment = copy.segment
    bad = found.bad if found else ()
    rows = [
        ScrubFinding(
            segment=segment, volume=copy.volume, storage_key=reference.storage_key, code="DIGEST_DIFFERS",
            sop_instance_uid=reference.sop_instance_uid, found_at=now,
            study_instance_uid=reference.study_instance_uid or segment.study_instance_uid,
        )
        for reference in bad
    ]  # fmt: skip
    if not rows:  # the copy is gone, cut short, or damaged where no object lies
        rows = [
            ScrubFinding(
                segment=segment, volume=copy.volume, storage_key=segment.key, found_at=now,
                study_instance_uid=segment.study_instance_uid,
                code="COPY_MISSING" if found is None else "SEGMENT_DIFFERS",
            )
        ]  # fmt: skip
    ScrubFinding.objects.bulk_create(rows, ignore_conflicts=True)
