"""Steps machines do: claimed with a lease, run outside every lock, their answer applied in one step.

A run's row is the truth, a queued message only a nudge. Whoever dies with a lease leaves it to run out;
the step is then queued again, so handlers must be safe to run twice. `attempts` is the fencing token: an
older attempt that comes back late may still bring a result, but no failure.
"""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor, SystemActor
from accounts.audit import record_audit
from common import clock
from common.errors import Conflict, NotFound, ServiceError
from events.tracing import trace
from workflows.calling.callers import is_caught_above
from workflows.deployment import bundles
from workflows.engine import CALL_OPERATOR
from workflows.models import ProcessInstance, ProcessSubject, ServiceTaskRun
from workflows.service_tasks import Operator, Pending, TaskContext, find_operator
from workflows.stepping import (
    NUDGE_GRACE,
    WORKFLOW,
    Step,
    nudge_after_commit,
    open_incident,
    open_step,
    resolve_incidents,
)

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(seconds=30)
HEARTBEAT_S = 10.0
MAX_BACK_OFF_S = 600
UNSETTLED = (
    ServiceTaskRun.Status.QUEUED,
    ServiceTaskRun.Status.RUNNING,
    ServiceTaskRun.Status.PENDING,
    ServiceTaskRun.Status.FAILED,
)


def perform_service_task(run_uid: uuid.UUID) -> bool:
    """Do one queued step; False if it is not to be done now, or not by us."""
    run = _claim(run_uid)
    if run is None:
        return False
    operator = find_operator(run.operator)
    instance = ProcessInstance.objects.select_related("site").defer("state").get(pk=run.instance_id)
    with trace(instance.trace_id):
        if operator is None:
            _settle_failure(run, code="OPERATOR_UNKNOWN", permanent=True)
            return True
        try:
            with _heartbeat(run):
                answer = operator.handler(_context(run, instance), **run.arguments)
        except Exception as error:  # a step is code of any package: whatever it raises is its failure
            _note_failure(run, error)
            return True
        if isinstance(answer, Pending):
            _mark_pending(run, answer)
        else:
            complete_service_task(run.uid, result=answer)
    return True


def complete_service_task(run_uid: uuid.UUID, *, result: dict[str, Any]) -> ProcessInstance:
    """Apply a step's answer and let the process go on; a second answer to the same step has no effect.

    An answer the diagram cannot go on with is kept beside an incident: whoever brings it has done their part.

    Raises  NotFound for an unknown step.
    """
    run = _run(run_uid)
    try:
        with open_step(run.instance_id, actor=WORKFLOW) as step:
            current = unsettled(step, run_uid)
            if step is None or current is None:
                return run.instance
            settle(step, current, result)
            return step.instance
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
    run = _run(run_uid)
    _settle_failure(run, code=code, message=message, permanent=permanent)
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
        _queue(run, after=dt.timedelta(0))
        resolve_incidents(run.instance_id, task_uid=run.uid)
        record_audit(
            actor, "step.retried", object_kind="step", object_uid=str(run.uid), element=run.element_id
        )
    return run


def requeue_lost_runs() -> int:
    """Queue steps again whose worker let the lease run out; how many."""
    lost = list(
        ServiceTaskRun.objects.filter(
            status=ServiceTaskRun.Status.RUNNING, lease_until__lt=clock.now()
        ).values_list("uid", "attempts")[:100]
    )
    for run_uid, attempts in lost:
        log.warning("step.lease_lost", run=str(run_uid), attempts=attempts)
        _settle_failure(_run(run_uid), code="WORKER_LOST", permanent=False, attempt=attempts)
    return len(lost)


def nudge_due_runs() -> int:
    """Nudge workers about steps that wait longer than a nudge takes; how many.

    With no broker in this process the steps are done right here.
    """
    now = clock.now()
    with transaction.atomic():
        due = list(
            ServiceTaskRun.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(status=ServiceTaskRun.Status.QUEUED, next_attempt_at__lte=now)
            .order_by("next_attempt_at")[:100]
        )
        for run in due:
            nudge_after_commit(run.uid, run.operator)
        ServiceTaskRun.objects.filter(pk__in=[run.pk for run in due]).update(next_attempt_at=now + LEASE)
    return len(due)


def _run(run_uid: uuid.UUID) -> ServiceTaskRun:
    run = (
        ServiceTaskRun.objects.select_related("instance").defer("instance__state").filter(pk=run_uid).first()
    )
    if run is None:
        raise NotFound(_("There is no such step."))
    return run


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


def _claim(run_uid: uuid.UUID) -> ServiceTaskRun | None:
    """Take a queued step for one attempt, under a lease."""
    with transaction.atomic():
        run = (
            ServiceTaskRun.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=run_uid, status=ServiceTaskRun.Status.QUEUED)
            .first()
        )
        if run is None:
            return None
        run.status = ServiceTaskRun.Status.RUNNING
        run.attempts += 1
        run.lease_until = clock.now() + LEASE
        run.save(update_fields=["status", "attempts", "lease_until"])
        return run


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


@contextmanager
def _heartbeat(run: ServiceTaskRun) -> Iterator[None]:
    """Renew the lease for as long as the enclosed work lasts."""
    done = threading.Event()

    def renew() -> None:
        try:
            while not done.wait(HEARTBEAT_S):
                ServiceTaskRun.objects.filter(
                    pk=run.pk, status=ServiceTaskRun.Status.RUNNING, attempts=run.attempts
                ).update(lease_until=clock.now() + LEASE)
        except Exception:
            log.exception("step.heartbeat_failed", run=str(run.uid))
        finally:
            connection.close()

    thread = threading.Thread(target=renew, name=f"lease-{run.uid}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=5)


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
    _settle_failure(run, code=code, permanent=permanent, attempt=run.attempts)


def _settle_failure(
    run: ServiceTaskRun, *, code: str, permanent: bool, message: str = "", attempt: int | None = None
) -> None:
    """Queue the step again, or throw its error; nothing if the attempt is no longer the current one."""
    operator = find_operator(run.operator)
    try:
        with open_step(run.instance_id, actor=WORKFLOW) as step:
            current = unsettled(step, run.uid)
            if step is None or current is None or _is_old(current, attempt):
                return
            current.error_code = code[:80]
            if not permanent and current.attempts <= _retries(operator):
                _queue(current, after=back_off(current.attempts))
                step.has_written = True
                return
            throw(step, current, code=code, message=message)
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


def throw(step: Step, run: ServiceTaskRun, *, code: str, message: str) -> None:
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


def _queue(run: ServiceTaskRun, *, after: dt.timedelta) -> None:
    run.status = ServiceTaskRun.Status.QUEUED
    run.next_attempt_at = clock.now() + (after or NUDGE_GRACE)
    run.lease_until = None
    run.pending_reference = ""
    run.finished_at = None
    run.save()
    if not after:
        nudge_after_commit(run.uid, run.operator)


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


def _retries(operator: Operator | None) -> int:
    return operator.retries if operator is not None else 0


def back_off(attempts: int) -> dt.timedelta:
    """2, 4, 8 s ... at most ten minutes."""
    return dt.timedelta(seconds=min(2**attempts, MAX_BACK_OFF_S))
