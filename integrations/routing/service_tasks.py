"""Steps that a diagram can name: `routing.send_study`."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from archive.studies.models import Series
from archive.studies.selectors import visible_series
from common.errors import NotFound
from events.tracing import trace
from integrations.routing.destinations import destinations_named, group_meant
from integrations.routing.queueing import queue_series
from workflows.service_tasks import TaskContext, service_task


@service_task("routing.send_study")
def send_study(
    context: TaskContext, *, study_instance_uid: str, destination: str, series_instance_uid: str = ""
) -> dict[str, Any]:
    """Put a study, or one series of it, on its way to a destination, by its key or its group.

    Objects the destination has got already do not go again, so the step may be repeated. What becomes of them
    is routing's to watch: retries, and dead letters for a person.

    Returns  {"queued": how many objects, "destinations": the keys of those chosen}.
    Raises   NotFound for an unknown study, series or destination; Conflict for one that is switched off.
    """
    with transaction.atomic(), trace(context.trace_id):
        wanted = visible_series(context.actor).filter(study__study_instance_uid=study_instance_uid)
        if series_instance_uid:
            wanted = wanted.filter(series_instance_uid=series_instance_uid)
        found = list(wanted.select_related("study__site", "study__order").order_by("series_number", "pk"))
        if not found:
            raise NotFound("There is no such study.", code="STUDY_UNKNOWN")
        queued = [count for series in found for count in _queue(series, destination)]
    return {
        "queued": sum(count for _, count in queued),
        "destinations": sorted({key for key, _ in queued}),
    }


def _queue(series: Series, name: str) -> list[tuple[str, int]]:
    chosen = destinations_named(
        name,
        site=series.study.site,
        study_instance_uid=series.study.study_instance_uid,
        is_thin=series.is_thin_slice,
    )
    return [
        (one.key, queue_series(series, destination=one, group=group_meant(one, name)))
        for one in sorted(chosen, key=lambda one: one.pk)
    ]
