"""Judging series: which are whole, which are thin, and since when; each verdict with its reason."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q

from archive.studies.completeness import judge_completeness
from archive.studies.evidence import as_json, gather_evidence
from archive.studies.geometry import Geometry, judge_thin_slice
from archive.studies.measured import measure_series
from archive.studies.models import Series, SeriesEvidence
from archive.studies.news import announce_series
from common import clock


def judge_receiving_series(*, limit: int = 200) -> int:
    """Complete every series whose evidence says it is whole; how many were completed.

    Several may judge side by side: a row in another's hands is left to it. A row an instance is just
    being added to is locked by that insert, and is left for the next round.
    """
    quiet_since = clock.now() - dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS)
    named = SeriesEvidence.objects.filter(series_instance_uid=OuterRef("series_instance_uid"))
    waiting = Series.objects.filter(
        Q(last_received_at__lte=quiet_since) | Q(expected_instances__isnull=False) | Exists(named),
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
        return _complete(series, measure_series(series), reason)


def judge_again(series: Series) -> None:
    """Measure a complete series anew after instances were taken out of it; nothing is announced by this.

    The caller holds the row locked. A series that is still receiving is judged in its turn.
    """
    if series.completeness != Series.Completeness.COMPLETE or not series.instances.exists():
        return
    geometry = measure_series(series)
    series.geometry = geometry.as_json()
    thin, why = judge_thin_slice(geometry, threshold_mm=settings.DICOM_THIN_SLICE_MM)
    series.is_thin_slice, series.thin_slice_reason = thin, why[:200]
    series.save(update_fields=["geometry", "is_thin_slice", "thin_slice_reason"])


def _judge(series_pk: int) -> bool:
    with transaction.atomic():
        series = (
            Series.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=series_pk, completeness=Series.Completeness.RECEIVING)
            .select_related("study")
            .first()
        )
        if series is None:
            return False
        evidence = gather_evidence(series, measure=lambda: measured(series))
        verdict = judge_completeness(evidence)
        series.evidence = as_json(evidence, verdict)
        if verdict.is_complete:
            _complete(series, evidence.measure(), verdict.reason)
            return True
        if verdict.reason != series.completeness_reason:
            series.completeness_reason = verdict.reason[:200]
            series.save(update_fields=["completeness_reason", "evidence"])
        return False


def _complete(series: Series, geometry: Geometry, reason: str) -> bool:
    is_late = series.completed_at is not None
    before = series.geometry.get("slices", 0)
    is_changed = geometry.as_json() != series.geometry
    if is_late and geometry.slices > before:
        reason = f"{reason} Completed again: {geometry.slices - before} late instances."
    series.completeness = Series.Completeness.COMPLETE
    series.completeness_reason = reason[:200]
    if not is_late or is_changed:
        series.completed_at = clock.now()
        series.geometry = geometry.as_json()
        thin, why = judge_thin_slice(geometry, threshold_mm=settings.DICOM_THIN_SLICE_MM)
        series.is_thin_slice, series.thin_slice_reason = thin, why[:200]
    series.save(
        update_fields=[
            "completeness", "completeness_reason", "completed_at", "geometry", "is_thin_slice",
            "thin_slice_reason", "evidence",
        ]
    )  # fmt: skip
    if is_late and not is_changed:
        return False
    announce_series(series, geometry)
    return True


_MEASURED_AT_MOST = 256
_measured: dict[int, tuple[tuple[int, int], Geometry]] = {}


def measured(series: Series) -> Geometry:
    """The geometry of a series, measured once for as long as nothing is added to it or taken from it.

    A series with a gap is judged every second while it is waited for; reading its rows each time would not do.
    """
    facts = series.instances.aggregate(count=Count("pk"), newest=Max("pk"))
    key = (facts["count"], facts["newest"])
    known = _measured.get(series.pk)
    if known is not None and known[0] == key:
        return known[1]
    geometry = measure_series(series)
    if len(_measured) >= _MEASURED_AT_MOST:
        _measured.clear()
    _measured[series.pk] = (key, geometry)
    return geometry
