"""Rows of timers: those the process no longer waits for are cancelled, new ones wait for the clock."""

from __future__ import annotations

from workflows.engine import Waits
from workflows.models import Timer
from workflows.stepping.step import Step


def write_timers(step: Step, after: Waits) -> None:
    gone = set(step.before.timers) - set(after.timers) - step.settled
    if gone:
        Timer.objects.filter(pk__in=gone).update(status=Timer.Status.CANCELLED, closed_at=step.at)
    new = [wait for uid, wait in after.timers.items() if uid not in step.before.timers]
    step.changes.insert(
        Timer(
            uid=wait.uid,
            instance=step.instance,
            element_id=wait.element_id,
            name=wait.name,
            due_at=wait.due_at,
        )
        for wait in new
    )
