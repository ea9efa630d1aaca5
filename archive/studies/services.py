"""Storing instances in the index, refusing what cannot be stored, and completing series."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from archive.orders.services import mark_in_progress
from archive.storage.backends import StoredObject, default_storage
from archive.studies.completeness import Evidence, judge_completeness
from archive.studies.elements import (
    WANTED,
    InstanceFacts,
    patient_facts,
    series_facts,
    study_facts,
)
from archive.studies.geometry import Geometry, Slice, judge_thin_slice, measure_geometry
from archive.studies.header import read_header
from archive.studies.matching import Match, match_study
from archive.studies.models import Instance, RejectedObject, Series, Study
from archive.studies.prepared import prepared_cursor
from archive.studies.received import ReceivedObject, check_uids, split_part10
from common import clock
from common.errors import Conflict, ServiceError
from events.services import publish
from events.tracing import current_trace, trace

TOUCH_AT_MOST = dt.timedelta(seconds=1)
_KNOWN_AT_MOST = 4096


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """What became of an object. `is_duplicate`: the same bytes were here already, which is a success."""

    instance_pk: int
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    is_duplicate: bool = False


@dataclass(slots=True)
class _KnownSeries:
    """A series this process has written to, so that the next instance needs no look-up."""

    pk: int
    study_instance_uid: str
    touched_at: dt.datetime


_known: dict[str, _KnownSeries] = {}


def store_received(
    received: ReceivedObject,
    *,
    site: Site,
    calling_ae_title: str,
    actor: Actor,
    is_derived: bool = False,
    is_sending: bool = False,
) -> StoredOutcome:
    """Index an object whose bytes are durable already.

    `is_sending` says that more may follow until the edge calls `note_sender_done`.

    One statement for an instance of a series this process knows, and one more a second that tells when
    the series was last added to. Sending the same bytes again succeeds without effect.

    Raises  Conflict DUPLICATE_SOP_INSTANCE if other bytes are held under the same SOP Instance UID,
            SERIES_ELSEWHERE if the series belongs to another study.
    """
    known = _known.get(received.series_instance_uid)
    if known is not None and known.study_instance_uid == received.study_instance_uid:
        with _one_transaction(needed=_is_stale(known)):
            instance_pk = _insert_instance(received, known.pk)
            if instance_pk is not None:
                _touch(known, is_sending=is_sending)
        if instance_pk is not None:
            return _outcome(received, instance_pk)
    return _store_slowly(
        received, site=site, calling_ae_title=calling_ae_title, actor=actor, derived=is_derived,
        is_sending=is_sending,
    )  # fmt: skip


def note_sender_done(series_instance_uids: Collection[str]) -> None:
    """A sender has said that it is done (it released its association): nothing more need be waited for."""
    Series.objects.filter(series_instance_uid__in=series_instance_uids, is_sending=True).update(
        is_sending=False
    )


def store_part10(
    data: bytes, *, site: Site, actor: Actor, is_derived: bool = False, calling_ae_title: str = ""
) -> StoredOutcome:
    """Store a Part 10 file as it is; success means durable and indexed.

    The patient, order and trace of the study are inherited where the study exists.
    Raises  InvalidInput if the file is damaged or names itself badly; Conflict as `store_received`.
    """
    transfer_syntax_uid, offset = split_part10(data)
    header = read_header(data, offset=offset, transfer_syntax_uid=transfer_syntax_uid, wanted=WANTED)
    check_uids(header)
    staged = default_storage().stage()
    try:
        staged.write(data)
        received = ReceivedObject(header, transfer_syntax_uid, staged.commit())
    finally:
        staged.discard()
    return store_received(
        received, site=site, calling_ae_title=calling_ae_title, actor=actor, is_derived=is_derived
    )


def reject_object(
    error: ServiceError,
    *,
    site: Site | None,
    calling_ae_title: str,
    sop_class_uid: str = "",
    sop_instance_uid: str = "",
    stored: StoredObject | None = None,
    actor: Actor,
) -> RejectedObject:
    """Keep a refused object, its bytes if there are any and the reason, for a person to look at."""
    with transaction.atomic():
        row = RejectedObject.objects.create(
            received_at=clock.now(),
            site=site,
            calling_ae_title=calling_ae_title[:16],
            sop_class_uid=_plain(sop_class_uid),
            sop_instance_uid=_plain(sop_instance_uid),
            code=error.code,
            reason=error.message[:200],
            storage_key=stored.key if stored else "",
            size_bytes=stored.size_bytes if stored else 0,
            trace_id=current_trace(),
        )
        record_audit(
            actor,
            "object.refused",
            object_kind="instance",
            object_uid=row.sop_instance_uid,
            site_code=site.code if site else "",
            outcome="refused",  # type: ignore[arg-type]
            code=error.code,
        )
    return row


def judge_receiving_series(*, limit: int = 200) -> int:
    """Complete every series whose evidence says it is whole; how many were completed.

    Several may judge side by side: a row in another's hands is left to it. A row an instance is just
    being added to is locked by that insert, and is left for the next round.
    """
    quiet_since = clock.now() - dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS)
    waiting = Series.objects.filter(
        Q(last_received_at__lte=quiet_since) | Q(expected_instances__isnull=False),
        completeness=Series.Completeness.RECEIVING,
    )
    keys = waiting.order_by("last_received_at").values_list("pk", flat=True)[:limit]
    return sum(_judge(pk) for pk in list(keys))


def complete_series(series: Series, reason: str) -> bool:
    """Declare a series complete and publish SeriesComplete in the same transaction.

    A series that was complete before and got late instances is completed again, and published again only
    if what it holds has changed. Returns whether the event was published.
    """
    with transaction.atomic():
        series = Series.objects.select_for_update(of=("self",)).get(pk=series.pk)
        return _complete(series, _geometry(series), reason)


# --- storing


def _store_slowly(
    received: ReceivedObject,
    *,
    site: Site,
    calling_ae_title: str,
    actor: Actor,
    derived: bool,
    is_sending: bool,
) -> StoredOutcome:
    """Store an instance of a series this process does not know, or one that may be here already."""
    with transaction.atomic():
        held = _held(received)
        if held is not None:
            return held
        series = _series_of(
            received, site=site, calling_ae_title=calling_ae_title, actor=actor, derived=derived,
            is_sending=is_sending,
        )  # fmt: skip
        instance_pk = _insert_instance(received, series.pk)
        if instance_pk is None:  # another association was quicker with the same instance
            held = _held(received)
            if held is None:
                raise Conflict("The series has just been removed", code="SERIES_GONE")
            return held
        known = _KnownSeries(series.pk, received.study_instance_uid, series.last_received_at)
        _touch(known, is_sending=is_sending)
    if len(_known) >= _KNOWN_AT_MOST:
        _known.clear()
    _known[received.series_instance_uid] = known
    return _outcome(received, instance_pk)


def _held(received: ReceivedObject) -> StoredOutcome | None:
    """The outcome for an instance that is here already; None for a new one. Raises Conflict."""
    row = (
        Instance.objects.filter(sop_instance_uid=received.instance.sop_instance_uid)
        .values_list("pk", "sha256")
        .first()
    )
    if row is None:
        return None
    pk, sha256 = row
    if sha256 != received.stored.sha256:
        raise Conflict(
            "Another object is held under the same SOP Instance UID", code="DUPLICATE_SOP_INSTANCE"
        )
    return _outcome(received, pk, is_duplicate=True)


def _series_of(
    received: ReceivedObject,
    *,
    site: Site,
    calling_ae_title: str,
    actor: Actor,
    derived: bool,
    is_sending: bool,
) -> Series:
    """The series of an instance, made with its study if this is the first of it."""
    facts = series_facts(received.header)
    series = (
        Series.objects.select_related("study").filter(series_instance_uid=facts.series_instance_uid).first()
    )
    if series is None:
        study = _study_of(received, site=site, actor=actor)
        now = clock.now()
        series, is_new = Series.objects.select_related("study").get_or_create(
            series_instance_uid=facts.series_instance_uid,
            defaults={
                "study": study,
                "modality": facts.modality,
                "series_number": facts.series_number,
                "series_description": facts.series_description,
                "body_part_examined": facts.body_part_examined,
                "frame_of_reference_uid": facts.frame_of_reference_uid,
                "expected_instances": facts.expected_instances,
                "calling_ae_title": calling_ae_title,
                "is_derived": derived,
                "is_localizer": facts.is_localizer,
                "is_sending": is_sending,
                "first_received_at": now,
                "last_received_at": now,
            },
        )
        if is_new:
            record_audit(
                actor,
                "series.received",
                object_kind="series",
                object_uid=series.series_instance_uid,
                study_instance_uid=study.study_instance_uid,
                site_code=site.code,
                calling_ae_title=calling_ae_title,
            )
    if series.study.study_instance_uid != received.study_instance_uid:
        raise Conflict("The series belongs to another study", code="SERIES_ELSEWHERE")
    return series


def _study_of(received: ReceivedObject, *, site: Site, actor: Actor) -> Study:
    """The study of an instance; a new one is matched to patient and order, and published."""
    facts = study_facts(received.header)
    study = Study.objects.filter(study_instance_uid=facts.study_instance_uid).first()
    if study is not None:
        return study
    match = match_study(facts, patient_facts(received.header), site=site, actor=actor)
    study, is_new = Study.objects.get_or_create(
        study_instance_uid=facts.study_instance_uid,
        defaults={
            "site": site,
            "patient": match.patient,
            "order": match.order,
            "match_reason": match.reason[:120],
            "accession_number": facts.accession_number,
            "study_id": facts.study_id,
            "study_date": facts.study_date,
            "study_time": facts.study_time,
            "study_description": facts.study_description,
            "referring_physician_name": facts.referring_physician_name,
            "received_at": clock.now(),
            "trace_id": match.order.trace_id if match.order else current_trace(),
        },
    )
    if is_new:
        _announce_study(study, match, modality=facts.modality)
    return study


def _announce_study(study: Study, match: Match, *, modality: str) -> None:
    with trace(study.trace_id):
        if match.order is not None:
            mark_in_progress(match.order)
        publish(
            "StudyReceived",
            {"site_code": study.site.code, "modality": modality, "match_reason": study.match_reason},
            subjects=_subjects(study),
        )


def _subjects(study: Study) -> dict[str, str]:
    subjects = {"study": study.study_instance_uid, "patient": str(study.patient.uid)}
    if study.order is not None:
        subjects["order"] = str(study.order.uid)
    return subjects


# The instance's columns with the types their values are bound as.
_COLUMNS = {
    "sop_instance_uid": "text", "sop_class_uid": "text", "transfer_syntax_uid": "text",
    "instance_number": "integer", "rows": "integer", "columns": "integer", "number_of_frames": "integer",
    "image_position": "jsonb", "image_orientation": "jsonb", "pixel_spacing": "jsonb",
    "storage_key": "text", "size_bytes": "bigint", "sha256": "text", "received_at": "timestamptz",
}  # fmt: skip


def _insert_instance(received: ReceivedObject, series_pk: int) -> int | None:
    """Insert the row in one statement; None if the instance is here already or the series is gone."""
    columns = ", ".join(f'"{name}"' for name in _COLUMNS)
    values = ", ".join(f"%s::{kind}" for kind in _COLUMNS.values())
    sql = (
        f'INSERT INTO "{Instance._meta.db_table}" (series_id, {columns}) SELECT id, {values} '  # noqa: S608, SLF001
        f'FROM "{Series._meta.db_table}" WHERE id = %s AND series_instance_uid = %s '  # noqa: SLF001
        "ON CONFLICT (sop_instance_uid) DO NOTHING RETURNING id"
    )
    bound = [*_values(received.instance, received), series_pk, received.series_instance_uid]
    with prepared_cursor() as cursor:
        cursor.execute(sql, bound)
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _values(facts: InstanceFacts, received: ReceivedObject) -> list[Any]:
    """The columns' values, in the columns' order."""

    def as_json(vector: list[float] | None) -> str | None:
        return None if vector is None else json.dumps(vector)

    return [
        facts.sop_instance_uid, facts.sop_class_uid, received.transfer_syntax_uid, facts.instance_number,
        facts.rows, facts.columns, facts.number_of_frames, as_json(facts.image_position),
        as_json(facts.image_orientation), as_json(facts.pixel_spacing), received.stored.key,
        received.stored.size_bytes, received.stored.sha256, clock.now(),
    ]  # fmt: skip


def _touch_every() -> dt.timedelta:
    return min(TOUCH_AT_MOST, dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS) / 4)


def _is_stale(known: _KnownSeries) -> bool:
    return clock.now() - known.touched_at >= _touch_every()


def _touch(known: _KnownSeries, *, is_sending: bool) -> None:
    """Note that the series is being added to; one that was complete is receiving again."""
    if not _is_stale(known):
        return
    now = clock.now()
    Series.objects.filter(pk=known.pk).update(
        last_received_at=now, completeness=Series.Completeness.RECEIVING, is_sending=is_sending
    )
    known.touched_at = now


def _one_transaction(*, needed: bool) -> transaction.Atomic | contextlib.nullcontext[None]:
    """A transaction where there is more than one statement; a single one is a transaction by itself."""
    return transaction.atomic() if needed else contextlib.nullcontext()


def _outcome(received: ReceivedObject, pk: int, *, is_duplicate: bool = False) -> StoredOutcome:
    return StoredOutcome(
        instance_pk=pk,
        sop_instance_uid=received.instance.sop_instance_uid,
        series_instance_uid=received.series_instance_uid,
        study_instance_uid=received.study_instance_uid,
        is_duplicate=is_duplicate,
    )


def _plain(uid: str) -> str:
    """A claimed UID, fit for a column: peers send anything."""
    return "".join(character for character in uid if character.isprintable())[:64]


# --- judging


def _judge(series_pk: int) -> bool:
    with transaction.atomic():
        series = (
            Series.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=series_pk, completeness=Series.Completeness.RECEIVING)
            .first()
        )
        if series is None:
            return False
        geometry = _geometry(series)
        latest = series.instances.order_by("-received_at").values_list("received_at", flat=True).first()
        last = max(latest or series.last_received_at, series.last_received_at)
        verdict = judge_completeness(
            Evidence(
                instances=geometry.slices,
                expected=series.expected_instances,
                quiet=clock.now() - last,
                quiet_needed=dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS),
                geometry=geometry,
                is_sending=series.is_sending,
            )
        )
        if verdict.is_complete:
            _complete(series, geometry, verdict.reason)
            return True
        if verdict.reason != series.completeness_reason:
            Series.objects.filter(pk=series.pk).update(completeness_reason=verdict.reason[:200])
        return False


def _complete(series: Series, geometry: Geometry, reason: str) -> bool:
    is_late = series.completed_at is not None
    before = series.geometry.get("slices", 0)
    is_changed = geometry.as_json() != series.geometry
    if is_late and is_changed:
        reason = f"{reason} Completed again: {geometry.slices - before} late instances."
    series.completeness = Series.Completeness.COMPLETE
    if not is_late or is_changed:
        series.completeness_reason = reason[:200]
        series.completed_at = clock.now()
        series.geometry = geometry.as_json()
        thin, why = judge_thin_slice(geometry, threshold_mm=settings.DICOM_THIN_SLICE_MM)
        series.is_thin_slice, series.thin_slice_reason = thin, why[:200]
    series.save(
        update_fields=[
            "completeness", "completeness_reason", "completed_at", "geometry", "is_thin_slice",
            "thin_slice_reason",
        ]
    )  # fmt: skip
    if is_late and not is_changed:
        return False
    _announce_series(series, geometry)
    return True


def _announce_series(series: Series, geometry: Geometry) -> None:
    study = series.study
    with trace(study.trace_id):
        publish(
            "SeriesComplete",
            {
                "site_code": study.site.code,
                "modality": series.modality,
                "instance_count": geometry.slices,
                "is_thin_slice": series.is_thin_slice,
                "spacing_mm": geometry.spacing_mm,
                "is_derived": series.is_derived,
                "is_localizer": series.is_localizer or geometry.is_mixed,
                "reason": series.completeness_reason,
            },
            subjects={"series": series.series_instance_uid, **_subjects(study)},
        )


def _geometry(series: Series) -> Geometry:
    return measure_geometry(
        [
            Slice(position, orientation, spacing, rows, columns, frames)
            for position, orientation, spacing, rows, columns, frames in series.instances.values_list(
                "image_position", "image_orientation", "pixel_spacing", "rows", "columns", "number_of_frames"
            )
        ]
    )
