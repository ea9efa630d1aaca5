"""Steps machines do: claimed with a lease, run outside every lock, their answer applied in one step.

A run's row is the truth, a queued message only a nudge. Whoever dies with a lease leaves it to run out;
the step is then queued again, so handlers must be safe to run twice.
"""

from __future__ import annotations

import uuid

import structlog

from accounts.actors import SystemActor
from common import clock
from common.errors import ServiceError
from events.tracing import trace
from workflows.machines.answers import complete_service_task, find_run, settle_failure
from workflows.machines.leases import claim, heartbeat
from workflows.models import ProcessInstance, ProcessSubject, ServiceTaskRun
from workflows.service_tasks import Pending, TaskContext, find_operator
from workflows.suspension.holding import something_held

log = structlog.get_logger(__name__)


def perform_service_task(run_uid: uuid.UUID) -> bool:
    """Do one queued step; False if it is not to be done now, or not by us."""
    run = claim(run_uid)
    if run is None:
        return False
    operator = find_operator(run.operator)
    instance = ProcessInstance.objects.select_related("site").defer("state").get(pk=run.instance_id)
    with trace(instance.trace_id):
        if operator is None:
            settle_failure(run, code="OPERATOR_UNKNOWN", permanent=True)
            return True
        try:
            with heartbeat(run):
                answer = operator.handler(_context(run, instance), **run.arguments)
        except Exception as error:  # a step is code of any package: whatever it raises is its failure
            _note_failure(run, error)
            return True
        if isinstance(answer, Pending):
            _mark_pending(run, answer)
        else:
            complete_service_task(run.uid, result=answer)
    return True


def requeue_lost_runs() -> int:
    """Queue steps again whose worker let the lease run out; how many."""
    lost = list(
        ServiceTaskRun.objects.filter(
            ~something_held(),
            status=ServiceTaskRun.Status.RUNNING,
            lease_until__lt=clock.now(),
            instance__suspended_at=None,
        ).values_list("uid", "attempts")[:100]
    )
    for run_uid, attempts in lost:
        log.warning("step.lease_lost", run=str(run_uid), attempts=attempts)
        settle_failure(find_run(run_uid), code="WORKER_LOST", permanent=False, attempt=attempts)
    return len(lost)


def _context(run: ServiceTaskRun, instance: ProcessInstance) -> TaskContext:
    subjects = ProcessSubject.objects.filter(instance=instance).order_by("-id").values_list("kind", "uid")
    return TaskContext(
        instance_uid=instance.uid,
        run_uid=run.uid,
        element_id=run.element_id,
        trace_id=instance.trace_id,
        site_code=instance.site.code,
        subjects=dict(subjects),
        attempt=run.attempts,
        actor=SystemActor("workflow", instance.site.code),
    )


def _mark_pending(run: ServiceTaskRun, answer: Pending) -> None:
    """Wait for whoever holds the reference, unless it has answered already."""
    ServiceTaskRun.objects.filter(
        pk=run.pk, status=ServiceTaskRun.Status.RUNNING, attempts=run.attempts
    ).update(
        status=ServiceTaskRun.Status.PENDING,
        pending_reference=answer.reference,
        lease_until=None,
        next_attempt_at=None,
    )


def _note_failure(run: ServiceTaskRun, error: Exception) -> None:
    if isinstance(error, ServiceError):
        log.warning("step.refused", run=str(run.uid), operator=run.operator, code=error.code)
        code, permanent = error.code, error.permanent
    else:
        log.error("step.defect", run=str(run.uid), operator=run.operator, exc_info=error)
        code, permanent = type(error).__name__, False
    settle_failure(run, code=code, permanent=permanent, attempt=run.attempts)
