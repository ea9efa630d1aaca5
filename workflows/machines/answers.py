"""Answers to steps and their failures, as operators and programs elsewhere bring them; each is one step of the case."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from common.errors import Conflict, NotFound, ServiceError
from workflows.machines.queueing import back_off, queue
from workflows.machines.settling import hold_answer, keep_unapplied, settle, throw, unsettled
from workflows.models import HeldInput, ProcessInstance, ServiceTaskRun
from workflows.service_tasks import Operator, find_operator
from workflows.stepping import WORKFLOW, open_step, resolve_incidents
from workflows.suspension.holding import CaseSuspended, hold


def complete_service_task(run_uid: uuid.UUID, *, result: dict[str, Any]) -> ProcessInstance:
    """Apply a step's answer and let the process go on; a second answer to the same step has no effect.

    An answer the diagram cannot go on with is kept beside an incident: whoever brings it has done their part. So is
    one to a step of a suspended case, until the case goes on.

    Raises  NotFound for an unknown step.
    """
    run = find_run(run_uid)
    try:
        with open_step(run.instance_id, actor=WORKFLOW) as step:
            current = unsettled(step, run_uid)
            if step is None or current is None:
                return run.instance
            settle(step, current, result)
            return step.instance
    except CaseSuspended:
        hold_answer(run, result)
        return run.instance
    except Conflict:
        return run.instance  # the case has ended meanwhile
    except ServiceError as error:
        if error.code != "PROCESS_FAULT":
            raise
        keep_unapplied(run_uid, code=error.code, result=result)
        return run.instance


def fail_service_task(
    run_uid: uuid.UUID, *, code: str, message: str = "", permanent: bool
) -> ProcessInstance:
    """A step could not be done. What may pass is tried again with back-off; else a BPMN error is thrown.

    An error that no boundary event catches becomes an incident, and the case stays where it is for a person
    to look at. `message` is a code or sentence without patient data.

    Raises  NotFound for an unknown step.
    """
    run = find_run(run_uid)
    settle_failure(run, code=code, message=message, permanent=permanent)
    return run.instance


def retry_service_task(run_uid: uuid.UUID, *, actor: Actor) -> ServiceTaskRun:
    """Have a failed step tried again from the start: what an operator does after mending its cause.

    Raises  NotFound for an unknown step; Conflict if it has not failed.
    """
    with transaction.atomic():
        run = ServiceTaskRun.objects.select_for_update(of=("self",)).filter(pk=run_uid).first()
        if run is None:
            raise NotFound(_("There is no such step."))
        if run.status != ServiceTaskRun.Status.FAILED:
            raise Conflict(_("This step has not failed."), code="STEP_NOT_FAILED")
        run.attempts = 0
        queue(run, after=dt.timedelta(0))
        resolve_incidents(run.instance_id, task_uid=run.uid)
        record_audit(
            actor, "step.retried", object_kind="step", object_uid=str(run.uid), element=run.element_id
        )
    return run


def find_run(run_uid: uuid.UUID) -> ServiceTaskRun:
    """A step's run with its case. Raises NotFound for an unknown one."""
    run = (
        ServiceTaskRun.objects.select_related("instance").defer("instance__state").filter(pk=run_uid).first()
    )
    if run is None:
        raise NotFound(_("There is no such step."))
    return run


def settle_failure(
    run: ServiceTaskRun, *, code: str, permanent: bool, message: str = "", attempt: int | None = None
) -> None:
    """Queue the step again, or throw its error; nothing if the attempt is no longer the current one.

    Of a suspended case the failure is kept until it goes on.
    """
    operator = find_operator(run.operator)
    try:
        with open_step(run.instance_id, actor=WORKFLOW) as step:
            current = unsettled(step, run.uid)
            if step is None or current is None or _is_old(current, attempt):
                return
            current.error_code = code[:80]
            if not permanent and current.attempts <= _retries(operator):
                queue(current, after=back_off(current.attempts))
                step.has_written = True
                return
            throw(step, current, code=code, message=message)
    except CaseSuspended:
        told = {"code": code, "permanent": permanent, "message": message, "attempt": attempt}
        hold(run.instance_id, HeldInput.Kind.FAILURE, run.uid, told)
    except Conflict:
        return  # the case has ended meanwhile
    except ServiceError as error:
        if error.code != "PROCESS_FAULT":
            raise
        keep_unapplied(run.uid, code=code)


def _is_old(run: ServiceTaskRun, attempt: int | None) -> bool:
    """Whether the attempt that failed has been overtaken, or the step has failed for good already."""
    if run.status == ServiceTaskRun.Status.FAILED:
        return True
    return attempt is not None and (run.attempts != attempt or run.status != ServiceTaskRun.Status.RUNNING)


def _retries(operator: Operator | None) -> int:
    return operator.retries if operator is not None else 0
