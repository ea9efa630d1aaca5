"""Mending damaged copies: from another copy where there is a good one, else by saving the objects that are whole."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction

from archive.lifecycle.digests import blocks_of, examine
from archive.lifecycle.models import ScrubFinding
from archive.lifecycle.references import in_segments, references_to
from archive.lifecycle.rewriting import Move, write_anew
from archive.lifecycle.transfers import claim_copy, sources_of
from archive.lifecycle.volumes import store_of
from archive.storage.keys import ObjectKey, parse_key
from archive.storage.models import SegmentCopy, Volume
from archive.studies.models import Instance, Series, WithdrawnInstance
from common import clock
from common.attempts import back_off
from common.errors import NotFound, ServiceError, Unavailable
from events.services import publish

log = structlog.get_logger(__name__)

State = SegmentCopy.State
LEASE = dt.timedelta(minutes=30)
LOOK_AGAIN = dt.timedelta(hours=6)


def repair_due(*, limit: int = 20) -> int:
    """Mend the damaged copies that are due; how many were worked on."""
    done = 0
    while done < limit and (copy := claim_copy(State.DAMAGED, lease=LEASE)) is not None:
        done += 1
        try:
            repair(copy)
        except ServiceError as error:
            _put_off(copy, error)
    return done


def repair(copy: SegmentCopy) -> bool:
    """Write a damaged copy anew from a good one; where there is none, save what is whole and tell what is lost.

    Returns  whether the copy is whole again.
    Raises   Unavailable if the volumes cannot be read or written now.
    """
    for source in sources_of(copy.segment, but=copy.volume):
        if _restore_from(source, copy):
            _note_repaired(copy)
            return True
    _save_what_is_whole(copy)
    return False


def _restore_from(source: Volume, copy: SegmentCopy) -> bool:
    """Whether the copy could be written anew from this volume, and reads as it should."""
    segment, target = copy.segment, store_of(copy.volume)
    try:
        if not examine(store_of(source), segment).is_good_copy_of(segment):
            return False
        inflow = target.inflow(segment.key)
        try:
            with store_of(source).open(ObjectKey(segment.key)) as file:
                for block in blocks_of(file):
                    inflow.append(block)
            inflow.finish()
        finally:
            inflow.release()
    except NotFound:
        return False
    if not examine(target, segment).is_good_copy_of(segment):
        raise Unavailable("The volume does not keep what is written to it", code="COPY_DIFFERS")
    target.remove(segment.key, aside=True)
    return True


def _note_repaired(copy: SegmentCopy) -> None:
    now = clock.now()
    with transaction.atomic():
        SegmentCopy.objects.filter(pk=copy.pk).update(
            state=State.HELD, verified_at=now, changed_at=now, next_at=None, problem="", attempts=0
        )
        ScrubFinding.objects.filter(segment=copy.segment, volume=copy.volume).exclude(
            state=ScrubFinding.State.REPAIRED
        ).update(state=ScrubFinding.State.REPAIRED, settled_at=now)
    log.info("scrub.repaired", segment=copy.segment.key, volume=copy.volume.name)


def _save_what_is_whole(copy: SegmentCopy) -> None:
    """Move the objects that are whole out of the damaged copy; the others are lost, and that is told.

    The damaged copy stays where it was set aside, for a person to look at or to mend from a backup.
    """
    segment, store = copy.segment, store_of(copy.volume)
    bad = {finding.storage_key for finding in segment.findings.filter(volume=copy.volume)}
    whole = [] if segment.key in bad else [r for r in references_to(segment.key) if r.storage_key not in bad]
    moves = _rows_of(segment.key, {reference.storage_key: reference.sha256 for reference in whole})

    def read_aside(key: str) -> bytes:
        with store.open(parse_key(key), aside=True) as file:
            return file.read()

    series = Series.all_objects.select_related("study").filter(
        series_instance_uid=segment.series_instance_uid
    ).first()  # fmt: skip
    if moves and series is not None:
        write_anew(series, moves, read_aside)
    with transaction.atomic():
        lost = segment.findings.filter(volume=copy.volume, state=ScrubFinding.State.OPEN).update(
            state=ScrubFinding.State.LOST, settled_at=clock.now()
        )
        SegmentCopy.objects.filter(pk=copy.pk).update(
            next_at=clock.now() + LOOK_AGAIN, problem="NO_GOOD_COPY"
        )
        type(segment).objects.filter(pk=segment.pk).update(purge_at=None, place_at=None)
        if lost:
            publish(
                "StorageObjectsLost",
                {"volume": copy.volume.name, "segment": segment.key, "objects": lost},
                subjects={"series": segment.series_instance_uid, "study": segment.study_instance_uid},
            )
    log.error("scrub.lost", segment=segment.key, volume=copy.volume.name, objects=lost)


def _rows_of(segment: str, digests: dict[str, str]) -> list[Move]:
    return [
        Move(table, pk, key, digests[key])
        for table in (Instance, WithdrawnInstance)
        for pk, key in in_segments(table, [segment]).order_by("pk").values_list("pk", "storage_key")
        if key in digests
    ]


def _put_off(copy: SegmentCopy, error: ServiceError) -> None:
    copy.attempts += 1
    wait = back_off(copy.attempts, unit_s=30, longest_s=6 * 3600)
    SegmentCopy.objects.filter(pk=copy.pk, state=State.DAMAGED).update(
        attempts=copy.attempts, problem=error.code, next_at=clock.now() + wait
    )
    log.warning("scrub.not_repaired", segment=copy.segment.key, volume=copy.volume.name, code=error.code)
