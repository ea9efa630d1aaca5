"""Rows of steps for people: those the process no longer waits for are withdrawn, new ones offered."""

from __future__ import annotations

from workflows.engine import Waits
from workflows.models import UserTask
from workflows.people.offering import forget_candidates, offer
from workflows.stepping.step import Step


def write_user_tasks(step: Step, after: Waits) -> list[UserTask]:
    """Withdraw and offer; the tasks that are new."""
    gone = set(step.before.user_tasks) - set(after.user_tasks) - set(step.closed)
    if gone:
        withdrawn = list(UserTask.objects.filter(pk__in=gone).select_related("site", "assignee"))
        UserTask.objects.filter(pk__in=gone).update(status=UserTask.Status.CANCELLED, closed_at=step.at)
        forget_candidates(withdrawn)
        for task in withdrawn:
            task.status = UserTask.Status.CANCELLED
            step.closed[task.pk] = task
            step.note("task.withdrawn", element_id=task.element_id, name=task.name)
    new = [wait for uid, wait in after.user_tasks.items() if uid not in step.before.user_tasks]
    return offer(step, new) if new else []
