"""Every state has a legal age: what is older becomes an incident that a person sees.

A failed step opens its incident itself; here is found what merely stands still.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

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
AT_ONCE = 500
M = TypeVar("M", ServiceTaskRun, Timer)
_IN_A_MOVING_CASE = Q(instance__status=ProcessInstance.Status.RUNNING, instance__suspended_at=None)


def open_incidents_for_old_states() -> int:
    """Open an incident for whatever is older than it may be; how many states were found.

    In a suspended case nothing is too old: it is to stand still.
    """
    return _overdue_steps() + _unstarted_steps() + _overdue_timers() + _stuck_instances()


def _overdue_steps() -> int:
    """Steps at work, or waiting for their answer, beyond what their operator allows."""
    now = clock.now()
    at_work = [ServiceTaskRun.Status.RUNNING, ServiceTaskRun.Status.PENDING]
    busy = ServiceTaskRun.objects.filter(_IN_A_MOVING_CASE, status__in=at_work)
    rows = [run for run in _untold(busy, "STEP_OVERDUE") if run.queued_at + _allowed(run) < now]
    return _tell("STEP_OVERDUE", [(run, f"{run.operator} has not answered in time") for run in rows])


def _unstarted_steps() -> int:
    """Steps no worker has taken: the queue has no worker, or is far behind."""
    waiting = ServiceTaskRun.objects.filter(
        _IN_A_MOVING_CASE,
        status=ServiceTaskRun.Status.QUEUED,
        attempts=0,
        queued_at__lt=clock.now() - QUEUE_AGE,
    )
    rows = _untold(waiting, "NO_WORKER")
    return _tell("NO_WORKER", [(run, f"No worker has taken {run.operator}") for run in rows])


def _overdue_timers() -> int:
    late = Timer.objects.filter(
        _IN_A_MOVING_CASE, status=Timer.Status.WAITING, due_at__lt=clock.now() - TIMER_AGE
    )
    return _tell(
        "TIMER_LATE", [(timer, "A due timer was not fired") for timer in _untold(late, "TIMER_LATE")]
    )


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
    rows = list(still.only("pk")[:AT_ONCE])
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


def _untold(rows: QuerySet[M], code: str) -> list[M]:
    """Some of the rows for which no incident of this code is open."""
    told = Incident.objects.filter(task_uid=OuterRef("pk"), code=code, resolved_at=None)
    return list(rows.exclude(Exists(told))[:AT_ONCE])


def _tell(code: str, found: Sequence[tuple[ServiceTaskRun | Timer, str]]) -> int:
    for row, message in found:
        open_incident(
            row.instance_id, element_id=row.element_id, code=code, message=message, task_uid=row.uid
        )
    return len(found)
