"""Steps that wait for a worker: put into the queue again with back-off, and nudged where a nudge was lost."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from common import clock
from workflows.machines.leases import LEASE
from workflows.models import ServiceTaskRun
from workflows.stepping import NUDGE_GRACE, nudge_after_commit

MAX_BACK_OFF_S = 600


def queue(run: ServiceTaskRun, *, after: dt.timedelta) -> None:
    """Have a worker take the run after a while, or at once where there is none to wait."""
    run.status = ServiceTaskRun.Status.QUEUED
    run.next_attempt_at = clock.now() + (after or NUDGE_GRACE)
    run.lease_until = None
    run.pending_reference = ""
    run.finished_at = None
    run.save()
    if not after:
        nudge_after_commit(run.uid, run.operator)


def nudge_due_runs() -> int:
    """Nudge workers about steps that wait longer than a nudge takes; how many.

    With no broker in this process the steps are done right here.
    """
    now = clock.now()
    with transaction.atomic():
        due = list(
            ServiceTaskRun.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(
                status=ServiceTaskRun.Status.QUEUED, next_attempt_at__lte=now, instance__suspended_at=None
            )
            .order_by("next_attempt_at")[:100]
        )
        for run in due:
            nudge_after_commit(run.uid, run.operator)
        ServiceTaskRun.objects.filter(pk__in=[run.pk for run in due]).update(next_attempt_at=now + LEASE)
    return len(due)


def back_off(attempts: int) -> dt.timedelta:
    """2, 4, 8 s ... at most ten minutes."""
    return dt.timedelta(seconds=min(2**attempts, MAX_BACK_OFF_S))
