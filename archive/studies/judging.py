"""Judging series: which are whole, which are thin, and since when; each verdict with its reason."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from archive.studies.completeness import Evidence, judge_completeness
from archive.studies.geometry import Geometry, judge_thin_slice
from archive.studies.measured import measure_series
from archive.studies.models import Series
from archive.studies.news import announce_series
from common import clock


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
            .first()
        )
        if series is None:
            return False
        geometry = measure_series(series)
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
    announce_series(series, geometry)
    return True
