"""Processes begun by the clock: one row for each timer start event of an active version.

Beginnings missed while everything was switched off are made up for by one. A schedule in days and hours is in the
installation's time zone.

Reference  BPMN 2.0.2 §10.5.2 (Timer Start Event)
"""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction
from django.utils import timezone

from common import clock
from common.errors import ServiceError
from workflows.engine.schedules import parse_schedule
from workflows.models import StartTimer
from workflows.starting.starts import begin_at

log = structlog.get_logger(__name__)

RETRY_AFTER_FAULT = dt.timedelta(minutes=5)


def begin_due(*, limit: int = 100) -> int:
    """Begin the processes whose moment has come; how many began."""
    due = StartTimer.objects.filter(due_at__lte=clock.now()).order_by("due_at")
    return sum(_begin(pk) for pk in list(due.values_list("pk", flat=True)[:limit]))


def _begin(pk: int) -> bool:
    with transaction.atomic():
        row = (
            StartTimer.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("definition")
            .filter(pk=pk, due_at__lte=clock.now())
            .first()
        )
        if row is None:
            return False
        due = row.due_at.isoformat()
        try:
            with transaction.atomic():
                begun = begin_at(
                    row.definition,
                    row.element_id,
                    data={"scheduled_at": due},
                    subjects={},
                    key=f"{row.element_id}:{due}",
                )
        except ServiceError as error:
            log.warning("process.scheduled_start_failed", process=row.definition.key, code=error.code)
            row.due_at = clock.now() + RETRY_AFTER_FAULT
            row.save(update_fields=["due_at"])
            return False
        _plan_next(row)
        return begun is not None


def _plan_next(row: StartTimer) -> None:
    schedule = parse_schedule(row.schedule)
    now = timezone.localtime(clock.now())
    following = schedule.after(now) if schedule is not None and row.left != 1 else None
    if schedule is not None and schedule.every is not None and following is not None:
        missed = (now - row.due_at) // schedule.every  # keep the beat of the first beginning
        following = row.due_at + (missed + 1) * schedule.every
    if following is None:
        row.delete()
        return
    row.due_at, row.left = following, max(row.left - 1, -1)
    row.save(update_fields=["due_at", "left"])
