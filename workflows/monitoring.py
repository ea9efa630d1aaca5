"""Every state has a legal age: what is older becomes an incident that a person sees.

A failed step opens its incident itself; here is found what merely stands still.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef

from common import clock
from workflows.models import (
    Incident,
    MessageSubscription,
    ProcessInstance,
    ReceivedMessage,
    ServiceTaskRun,
    ThrownMessage,
    Timer,
    UserTask,
)
from workflows.news.throwing import PATIENCE
from workflows.selectors import OPEN_RUN, OPEN_TASK
from workflows.service_tasks import find_operator
from workflows.stepping import open_incident

MESSAGE_AGE = dt.timedelta(days=7)
TIMER_AGE = dt.timedelta(minutes=10)
QUEUE_AGE = dt.timedelta(minutes=15)
STUCK_AGE = dt.timedelta(minutes=5)


def open_incidents_for_old_states() -> int:
    """Open an incident for whatever is older than it may be; how many states were found.

    In a suspended case nothing is too old: it is to stand still.
    """
    return _overdue_steps() + _unstarted_steps() + _overdue_timers() + _stuck_instances()


def _overdue_steps() -> int:
    """Steps at work, or waiting for their answer, beyond what their operator allows."""
    now = clock.now()
    busy = ServiceTaskRun.objects.filter(
        status__in=[ServiceTaskRun.Status.RUNNING, ServiceTaskRun.Status.PENDING],
        instance__status=ProcessInstance.Status.RUNNING,
        instance__suspended_at=None,
    ).exclude(_told("STEP_OVERDUE"))
    old = [run for run in busy[:500] if run.queued_at + _allowed(run) < now]
    for run in old:
        open_incident(
            run.instance_id,
            element_id=run.element_id,
            code="STEP_OVERDUE",
            message=f"{run.operator} has not answered in time",
            task_uid=run.uid,
        )
    return len(old)


def _unstarted_steps() -> int:
    """Steps no worker has taken: the queue has no worker, or is far behind."""
    waiting = ServiceTaskRun.objects.filter(
        status=ServiceTaskRun.Status.QUEUED,
        attempts=0,
        queued_at__lt=clock.now() - QUEUE_AGE,
        instance__status=ProcessInstance.Status.RUNNING,
        instance__suspended_at=None,
    ).exclude(_told("NO_WORKER"))
    rows = list(waiting[:500])
    for run in rows:
        open_incident(
            run.instance_id,
            element_id=run.element_id,
            code="NO_WORKER",
            message=f"No worker has taken {run.operator}",
            task_uid=run.uid,
        )
    return len(rows)


def _overdue_timers() -> int:
    late = Timer.objects.filter(
        status=Timer.Status.WAITING,
        due_at__lt=clock.now() - TIMER_AGE,
        instance__status=ProcessInstance.Status.RUNNING,
        instance__suspended_at=None,
    ).exclude(_told("TIMER_LATE"))
    rows = list(late[:500])
    for timer in rows:
        open_incident(
            timer.instance_id,
            element_id=timer.element_id,
            code="TIMER_LATE",
            message="A due timer was not fired",
            task_uid=timer.uid,
        )
    return len(rows)


def _stuck_instances() -> int:
    """Running instances that wait for nobody and nothing: they will never move again by themselves."""
    here = OuterRef("pk")
    still = (
        ProcessInstance.objects.filter(
            status=ProcessInstance.Status.RUNNING,
            suspended_at=None,
            changed_at__lt=clock.now() - STUCK_AGE,
        )
        .exclude(Exists(UserTask.objects.filter(instance=here, status__in=OPEN_TASK)))
        .exclude(Exists(ServiceTaskRun.objects.filter(instance=here, status__in=OPEN_RUN)))
        .exclude(Exists(Timer.objects.filter(instance=here, status=Timer.Status.WAITING)))
        .exclude(Exists(MessageSubscription.objects.filter(instance=here, kind__in=["message", "signal"])))
        .exclude(Exists(Incident.objects.filter(instance=here, code="STUCK", resolved_at=None)))
    )
    rows = list(still.only("pk")[:500])
    for instance in rows:
        open_incident(instance.pk, element_id="", code="STUCK", message="Nothing is waited for")
    return len(rows)


def messages_not_taken() -> int:
    """How many messages with a key nobody has taken in their time; the cases that threw them have incidents."""
    return ThrownMessage.objects.filter(taken_at=None, thrown_at__lt=clock.now() - PATIENCE).count()


def old_unconsumed_messages() -> int:
    """How many kept messages no catch has taken within a week: a number for the monitor, not an incident."""
    return ReceivedMessage.objects.filter(
        consumed_at=None,
        received_at__lt=clock.now() - MESSAGE_AGE,
        instance__status=ProcessInstance.Status.RUNNING,
    ).count()


def _allowed(run: ServiceTaskRun) -> dt.timedelta:
    operator = find_operator(run.operator)
    return dt.timedelta(seconds=operator.timeout_s if operator is not None else 0)


def _told(code: str) -> Exists:
    """Whether an incident of this code is open for the row in hand."""
    return Exists(Incident.objects.filter(task_uid=OuterRef("pk"), code=code, resolved_at=None))
