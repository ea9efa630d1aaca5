"""Rows of steps for machines: queued or cancelled with the step, and their workers told once it is committed."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction

from common import clock
from workflows.engine import CALL_OPERATOR, ServiceTaskWait, Waits
from workflows.models import ServiceTaskRun
from workflows.stepping import hooks
from workflows.stepping.step import Step

NUDGE_GRACE = dt.timedelta(seconds=3)
"""How long a nudge may take before a queued step is nudged again."""


def write_service_tasks(step: Step, after: Waits) -> None:
    """Cancel the steps the process has left, and queue those it has come to."""
    gone = set(step.before.service_tasks) - set(after.service_tasks) - step.settled
    if gone:
        ServiceTaskRun.objects.filter(pk__in=gone).update(
            status=ServiceTaskRun.Status.CANCELLED, finished_at=step.at
        )
        calls = [uid for uid in gone if step.before.service_tasks[uid].operator == CALL_OPERATOR]
        if calls:
            transaction.on_commit(lambda: hooks.cancel_called(calls), robust=True)
    new = [wait for uid, wait in after.service_tasks.items() if uid not in step.before.service_tasks]
    step.changes.insert(_run(step, wait) for wait in new)
    for wait in new:
        if not wait.topic:
            nudge_after_commit(wait.uid, wait.operator)


def nudge_after_commit(run_uid: uuid.UUID, operator: str) -> None:
    """Tell a worker of a queued step once the transaction in hand is committed."""
    transaction.on_commit(lambda: hooks.nudge(run_uid, operator), robust=True)


def requeue_call(run_uid: uuid.UUID) -> None:
    """Have a call asked again how its case ended: what that case's last step does for its caller."""
    ServiceTaskRun.objects.filter(pk=run_uid, status=ServiceTaskRun.Status.PENDING).update(
        status=ServiceTaskRun.Status.QUEUED, next_attempt_at=clock.now() + NUDGE_GRACE
    )
    nudge_after_commit(run_uid, CALL_OPERATOR)


def _run(step: Step, wait: ServiceTaskWait) -> ServiceTaskRun:
    return ServiceTaskRun(
        uid=wait.uid,
        instance=step.instance,
        element_id=wait.element_id,
        name=wait.name,
        operator=wait.operator,
        arguments=dict(wait.arguments),
        topic=wait.topic,
        status=ServiceTaskRun.Status.PENDING if wait.topic else ServiceTaskRun.Status.QUEUED,
        queued_at=step.at,
        next_attempt_at=None if wait.topic else step.at + NUDGE_GRACE,
    )
