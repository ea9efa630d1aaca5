"""Steps that programs elsewhere do, in any language: fetched by topic under a lock, and answered.

A lock that has run out still holds until another worker takes the step, so a worker that is a little late has
not worked in vain; one that was overtaken is refused. The run's uid is the key by which a worker keeps from
doing a step's work twice.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.privileges import Privilege, sites_where
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, ServiceError
from common.rows import Changes
from workflows.machines.queueing import back_off
from workflows.machines.settling import hold_answer, keep_unapplied, settle, throw, unsettled
from workflows.models import HeldInput, ProcessInstance, ServiceTaskRun
from workflows.selectors import urgency
from workflows.service_tasks import EXTERNAL, Pending, TaskContext, service_task
from workflows.stepping import Step, open_step
from workflows.suspension.holding import CaseSuspended, hold, something_held

ATTEMPTS = 4
OVERDUE_AFTER_S = 24 * 3600
MAX_RESULT_BYTES = 200_000
SHORTEST_LOCK, LONGEST_LOCK = dt.timedelta(seconds=1), dt.timedelta(hours=24)
MOST_AT_ONCE = 50


@service_task(EXTERNAL, retries=ATTEMPTS, timeout_s=OVERDUE_AFTER_S)
def leave_to_worker(_context: TaskContext, **_arguments: Any) -> Pending:
    """What a step that is tried again comes through: it waits for a worker once more."""
    return Pending("")


def performable_steps(actor: Actor) -> QuerySet[ServiceTaskRun]:
    """Steps for workers elsewhere, at the sites where the actor performs steps."""
    return ServiceTaskRun.objects.exclude(topic="").filter(
        instance__site__in=sites_where(actor, Privilege.PERFORM_STEPS)
    )


def fetch_and_lock(
    actor: Actor, *, worker: str, topics: Sequence[str], most: int, lasts: dt.timedelta
) -> list[ServiceTaskRun]:
    """Steps of these topics that nobody has, locked for a worker: STAT first, then the longest waiting.

    The number of statements does not depend on how many are fetched.
    """
    now = clock.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    due = Q(next_attempt_at=None) | Q(next_attempt_at__lte=now)
    with transaction.atomic():
        runs = list(
            performable_steps(actor)
            .filter(
                free,
                due,
                ~something_held(),
                topic__in=topics,
                status=ServiceTaskRun.Status.PENDING,
                instance__status=ProcessInstance.Status.RUNNING,
                instance__suspended_at=None,
            )
            .select_related("instance__site", "instance__definition")
            .defer("instance__state", "instance__definition__files")
            .prefetch_related("instance__subjects")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by(urgency("instance__priority"), "queued_at", "pk")[: min(most, MOST_AT_ONCE)]
        )
        until = now + _bounded(lasts)
        ServiceTaskRun.objects.filter(pk__in=[run.pk for run in runs]).update(
            worker=worker, lease_until=until, attempts=F("attempts") + 1
        )
        lines = Changes()
        for run in runs:
            run.worker, run.lease_until, run.attempts = worker, until, run.attempts + 1
            _audit(actor, run, "step.fetched", into=lines)
        lines.write()
    return runs


def complete(actor: Actor, run_uid: uuid.UUID, *, worker: str, result: Mapping[str, Any]) -> None:
    """Give a step's answer, and let the process go on. Giving it twice has no effect.

    An answer the diagram cannot go on with is kept beside an incident: the worker has done its part. So is one to a
    step of a suspended case, until the case goes on.

    Raises  NotFound; Conflict LOCK_LOST if another worker has the step by now, STEP_OVER if it is done with.
    """
    if len(json.dumps(result)) > MAX_RESULT_BYTES:
        sentence = _("An answer has 200 kB at most: identifiers and codes, no content.")
        raise InvalidInput(sentence, code="RESULT_TOO_LARGE", fields={"result": sentence})
    run = _find(actor, run_uid)
    if run.status == ServiceTaskRun.Status.COMPLETED and run.worker == worker:
        return
    try:
        with _held(actor, run, worker) as (step, current):
            settle(step, current, dict(result))
            _audit(actor, run, "step.completed", into=step.changes)
    except CaseSuspended:
        with _kept(actor, run, worker, HeldInput.Kind.ANSWER, "step.completed"):
            hold_answer(run, dict(result))
    except ServiceError as error:
        if error.code != "PROCESS_FAULT":
            raise
        keep_unapplied(run_uid, code=error.code, result=dict(result))


def fail(
    actor: Actor,
    run_uid: uuid.UUID,
    *,
    worker: str,
    code: str,
    retries: int | None = None,
    retry_after: dt.timedelta | None = None,
) -> None:
    """A step could not be done. With `retries` left it waits for a worker again, after `retry_after`.

    Without a number of its own it is tried four times with growing pauses, as every step is. With none left the
    code is thrown at the task; what nobody catches becomes an incident. In a suspended case a step that is tried
    again waits from now on, and a code to throw is kept until the case goes on.

    Raises  as `complete`.
    """
    run = _find(actor, run_uid)
    try:
        with _held(actor, run, worker) as (step, current):
            _audit(actor, current, "step.failed", into=step.changes, code=code)
            pause = _pause(current, retries, retry_after)
            if pause is None:
                throw(step, current, code=code, message="")
            else:
                step.changes.update(current, *_give_back(current, code=code, pause=pause))
    except CaseSuspended:
        with _kept(actor, run, worker, HeldInput.Kind.FAILURE, "step.failed", code=code) as current:
            pause = _pause(current, retries, retry_after)
            if pause is None:
                _hold_error(current, code)
            else:
                current.save(update_fields=_give_back(current, code=code, pause=pause))


def throw_error(actor: Actor, run_uid: uuid.UUID, *, worker: str, code: str) -> None:
    """Throw a BPMN error at the task: the diagram decides what follows; an incident if it says nothing.

    In a suspended case it is kept, and thrown when the case goes on.

    Raises     as `complete`.
    Reference  BPMN 2.0.2 §10.5.6
    """
    run = _find(actor, run_uid)
    try:
        with _held(actor, run, worker) as (step, current):
            _audit(actor, current, "step.error_thrown", into=step.changes, code=code)
            throw(step, current, code=code[:80], message="")
    except CaseSuspended:
        with _kept(actor, run, worker, HeldInput.Kind.FAILURE, "step.error_thrown", code=code) as current:
            _hold_error(current, code)


def extend_lock(actor: Actor, run_uid: uuid.UUID, *, worker: str, lasts: dt.timedelta) -> dt.datetime:
    """Keep a step for longer; until when. Raises as `complete`."""
    with _locked(actor, run_uid, worker) as run:
        run.lease_until = clock.now() + _bounded(lasts)
        run.save(update_fields=["lease_until"])
        return run.lease_until


def unlock(actor: Actor, run_uid: uuid.UUID, *, worker: str) -> None:
    """Give a step back unfinished: another worker may have it at once. Raises as `complete`."""
    with _locked(actor, run_uid, worker) as run:
        run.worker, run.lease_until = "", None
        run.save(update_fields=["worker", "lease_until"])


def _find(actor: Actor, run_uid: uuid.UUID) -> ServiceTaskRun:
    run = performable_steps(actor).select_related("instance__site").defer("instance__state")
    found = run.filter(pk=run_uid).first()
    if found is None:
        raise NotFound(_("There is no such step."))
    return found


def _pause(run: ServiceTaskRun, retries: int | None, retry_after: dt.timedelta | None) -> dt.timedelta | None:
    """How long a step that failed waits before a worker may have it again; None if it is not tried again."""
    is_tried_again = retries > 0 if retries is not None else run.attempts < ATTEMPTS
    if not is_tried_again:
        return None
    return back_off(run.attempts) if retry_after is None else retry_after


def _give_back(run: ServiceTaskRun, *, code: str, pause: dt.timedelta) -> tuple[str, ...]:
    """Leave a failed step to whoever takes it after the pause; the fields that are to be written."""
    run.worker, run.lease_until = "", None
    run.error_code, run.next_attempt_at = code[:80], clock.now() + pause
    return "worker", "lease_until", "error_code", "next_attempt_at"


def _hold_error(run: ServiceTaskRun, code: str) -> None:
    told = {"code": code[:80], "permanent": True, "message": "", "attempt": None}
    hold(run.instance_id, HeldInput.Kind.FAILURE, run.pk, told)


@contextmanager
def _kept(
    actor: Actor, run: ServiceTaskRun, worker: str, kind: HeldInput.Kind, action: str, **detail: Any
) -> Iterator[ServiceTaskRun]:
    """The run of a suspended case while something is kept for it by who has it, with the audit line of that.

    What comes twice is kept once; whoever has answered cannot say something else afterwards.
    """
    with _locked(actor, run.pk, worker) as current:
        earlier = HeldInput.objects.filter(instance=run.instance_id, about=run.pk)
        if earlier.exclude(kind=kind).exists():
            raise Conflict(_("This step is over."), code="STEP_OVER")
        if not earlier.exists():
            lines = Changes()
            _audit(actor, run, action, into=lines, **detail)
            lines.write()
        yield current


@contextmanager
def _held(actor: Actor, run: ServiceTaskRun, worker: str) -> Iterator[tuple[Step, ServiceTaskRun]]:
    """The process's step and the run under its lock, if the worker still has it."""
    with open_step(run.instance_id, actor=actor) as step:
        assert step is not None  # noqa: S101 - only a step asked for with skip_locked may be None
        current = unsettled(step, run.uid)
        if current is None or current.status != ServiceTaskRun.Status.PENDING:
            raise Conflict(_("This step is over."), code="STEP_OVER")
        if current.worker != worker:
            raise Conflict(_("Another worker has this step."), code="LOCK_LOST")
        current.instance = run.instance
        yield step, current


@contextmanager
def _locked(actor: Actor, run_uid: uuid.UUID, worker: str) -> Iterator[ServiceTaskRun]:
    """The run's row alone, where the process does not move."""
    with transaction.atomic():
        rows = performable_steps(actor).select_for_update(of=("self",))
        run = rows.filter(pk=run_uid).first()
        if run is None:
            raise NotFound(_("There is no such step."))
        if run.status != ServiceTaskRun.Status.PENDING:
            raise Conflict(_("This step is over."), code="STEP_OVER")
        if run.worker != worker:
            raise Conflict(_("Another worker has this step."), code="LOCK_LOST")
        yield run


def _bounded(lasts: dt.timedelta) -> dt.timedelta:
    return max(SHORTEST_LOCK, min(lasts, LONGEST_LOCK))


def _audit(actor: Actor, run: ServiceTaskRun, action: str, *, into: Changes, **detail: Any) -> None:
    record_audit(
        actor, action, object_kind="step", object_uid=str(run.uid), site_code=run.instance.site.code,
        into=into, case=str(run.instance.uid), element=run.element_id, topic=run.topic, **detail,
    )  # fmt: skip
