"""News that has series routed: a series is whole, its study's report is signed, or the study was put right."""

from __future__ import annotations

from django.db.models import QuerySet

from archive.studies.models import Series
from events.services import Event, subscribe
from integrations.routing import corrections
from integrations.routing.deciding import route_series

MOST_SERIES = 500


def register() -> None:
    subscribe("SeriesComplete", subscriber="routing.route_series", handler=on_series_complete)
    subscribe("ReportSigned", subscriber="routing.route_reported", handler=on_report_signed)
    subscribe("StudyCorrected", subscriber="routing.corrected", handler=corrections.on_study_corrected)
    subscribe(
        "InstancesWithdrawn", subscriber="routing.withdrawn", handler=corrections.on_instances_withdrawn
    )
    subscribe("InstancesRestored", subscriber="routing.restored", handler=corrections.on_instances_restored)


def on_series_complete(event: Event) -> None:
    """Route a whole series; one that is gone meanwhile needs no routing."""
    series = _series().filter(series_instance_uid=event.subjects["series"]).first()
    if series is not None:
        route_series(series, event=event.name)


def on_report_signed(event: Event) -> None:
    """Route the series of a reported study: rows ask `event` whether they are meant."""
    study = event.subjects.get("study", "")
    whole = _series().filter(study__study_instance_uid=study, completeness=Series.Completeness.COMPLETE)
    for series in whole.order_by("series_number", "pk")[:MOST_SERIES]:
        route_series(series, event=event.name)


def _series() -> QuerySet[Series]:
    return Series.objects.select_related("study__site", "study__patient", "study__order")
