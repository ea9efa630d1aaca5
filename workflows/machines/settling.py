"""What a machine's answer or failure does to its step, under the lock of the case."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from common import clock
from workflows.calling.callers import is_caught_above
from workflows.deployment import bundles
from workflows.engine import CALL_OPERATOR
from workflows.models import HeldInput, ServiceTaskRun
from workflows.stepping import Step, open_incident, resolve_incidents
from workflows.suspension.holding import hold

UNSETTLED = (
    ServiceTaskRun.Status.QUEUED,
    ServiceTaskRun.Status.RUNNING,
    ServiceTaskRun.Status.PENDING,
    ServiceTaskRun.Status.FAILED,
)


def unsettled(step: Step | None, run_uid: uuid.UUID) -> ServiceTaskRun | None:
    """The run as it stands under the instance's lock; None if it is over or the process left it behind."""
    if step is None or run_uid not in step.run.waits.service_tasks:
        return None
    return (
        ServiceTaskRun.objects.select_for_update(of=("self",))
        .filter(pk=run_uid, status__in=UNSETTLED)
        .first()
    )


def settle(step: Step, run: ServiceTaskRun, result: dict[str, Any]) -> None:
    """The step is done; what it answered is known to the process where the diagram says so."""
    element = bundles.model_of(step.instance.definition_id).element(run.element_id)
    into = element.extension("call" if run.operator == CALL_OPERATOR else "operator", "result")
    run.status = ServiceTaskRun.Status.COMPLETED
    run.result = result
    run.finished_at = clock.now()
    run.next_attempt_at = run.lease_until = None
    run.error_code = ""
    run.save()
    step.settled.add(run.uid)
    resolve_incidents(step.instance.pk, task_uid=run.uid)
    step.run.complete_service_task(run.uid, {into: result} if into else {})


def throw(step: Step, run: ServiceTaskRun, *, code: str, message: str) -> None:
    """The step has failed for good: its error is caught in the diagram, or above it, or is an incident."""
    run.status = ServiceTaskRun.Status.FAILED
    run.finished_at = clock.now()
    run.next_attempt_at = run.lease_until = None
    run.save()
    step.note("step.failed", element_id=run.element_id, name=run.name, code=code)
    if step.run.throw_error(run.uid, code, {"element": run.element_id}):
        step.settled.add(run.uid)
    elif is_caught_above(step.instance, code):
        step.fail(code)
    else:
        open_incident(
            step.instance.pk,
            element_id=run.element_id,
            code=code,
            message=message or f"{run.operator} failed",
            task_uid=run.uid,
        )


def hold_answer(run: ServiceTaskRun, result: dict[str, Any]) -> None:
    """Keep the answer to a step of a suspended case; nobody does the step again meanwhile."""
    with transaction.atomic():
        hold(run.instance_id, HeldInput.Kind.ANSWER, run.uid, {"result": result})
        at_work = [ServiceTaskRun.Status.QUEUED, ServiceTaskRun.Status.RUNNING]
        ServiceTaskRun.objects.filter(pk=run.pk, status__in=at_work).update(
            status=ServiceTaskRun.Status.PENDING, lease_until=None, next_attempt_at=None
        )


def keep_unapplied(run_uid: uuid.UUID, *, code: str, result: dict[str, Any] | None = None) -> None:
    """Keep an answer or failure the diagram could not go on with; the incident is open already."""
    ServiceTaskRun.objects.filter(pk=run_uid).update(
        status=ServiceTaskRun.Status.FAILED,
        result=result,
        error_code=code[:80],
        finished_at=clock.now(),
        lease_until=None,
        next_attempt_at=None,
    )
