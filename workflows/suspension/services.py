"""Putting a case to rest and letting it go on: what an operator does while something about it is being cleared up."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor, SystemActor
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted
from workflows.keeping import check_kept
from workflows.models import ProcessInstance, Timer
from workflows.news.correlation import take_early
from workflows.selectors import operated_cases, visible_cases
from workflows.stepping import open_step
from workflows.suspension.applying import apply_held

LONGEST_REASON = 1000


def suspend_process(instance: ProcessInstance, *, actor: Actor, reason: str) -> ProcessInstance:
    """Let nothing be done in a case: tasks, timers, machines' steps and news wait. `reason` is shown in the case.

    Work that a machine has begun is not broken off; its answer is kept.

    Raises  NotFound for who may not know of the case; NotPermitted for who does not look after cases of its site;
            InvalidInput without a reason; Conflict if it has ended or is suspended already.
    """
    reason = _checked(reason)
    _check_may_operate(instance, actor)
    with open_step(instance.pk, actor=actor, even_suspended=True) as step:
        assert step is not None  # noqa: S101 - only a step asked for with skip_locked may be None
        if step.instance.suspended_at is not None:
            raise Conflict(_("This case is suspended already."), code="CASE_SUSPENDED")
        step.instance.suspended_at = clock.now()
        ProcessInstance.objects.filter(pk=instance.pk).update(suspended_at=step.instance.suspended_at)
        step.note("case.suspended", notes={"reason": reason})
        step.audit("case.suspended")
    return step.instance


def resume_process(instance: ProcessInstance, *, actor: Actor) -> ProcessInstance:
    """Let a case go on: what is due fires, a repetition once however often it was missed, and what came meanwhile
    is applied in the order it came.

    Raises  as `suspend_process`; Conflict if it is not suspended.
    """
    _check_may_operate(instance, actor)
    with open_step(instance.pk, actor=actor, even_suspended=True) as step:
        assert step is not None  # noqa: S101 - as above
        if step.instance.suspended_at is None:
            raise Conflict(_("This case is not suspended."), code="CASE_NOT_SUSPENDED")
        step.instance.suspended_at = None
        ProcessInstance.objects.filter(pk=instance.pk).update(suspended_at=None)
        step.run.miss_repetitions()
        _have_overdue_timers_fire(instance)
        step.note("case.resumed")
        step.audit("case.resumed")
        take_early(step, step.run.waits.messages.values())
        transaction.on_commit(lambda: apply_held(instance_pk=instance.pk), robust=True)
    return step.instance


def _have_overdue_timers_fire(instance: ProcessInstance) -> None:
    """They are due now, in the order they were: none of them is late, for they were not to fire."""
    now = clock.now()
    overdue = list(
        Timer.objects.filter(instance=instance.pk, status=Timer.Status.WAITING, due_at__lt=now).order_by(
            "due_at"
        )
    )
    for number, timer in enumerate(overdue):
        timer.due_at = now + dt.timedelta(microseconds=number)
    Timer.objects.bulk_update(overdue, ["due_at"])


def _checked(reason: str) -> str:
    check_kept(reason, "reason")
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        sentence = _("Say why, in 1000 characters at most.")
        raise InvalidInput(sentence, code="REASON_REQUIRED", fields={"reason": sentence})
    return reason


def _check_may_operate(instance: ProcessInstance, actor: Actor) -> None:
    if isinstance(actor, SystemActor):
        return
    if operated_cases(actor).filter(pk=instance.pk).exists():
        return
    if not visible_cases(actor).filter(pk=instance.pk).exists():
        raise NotFound(_("There is no such case."))
    raise NotPermitted(_("Only those who look after the cases of this site may do this."))
