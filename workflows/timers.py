"""Due timers as rows: swept in order, fired once under the instance's lock."""

from __future__ import annotations

import datetime as dt
import uuid

import structlog
from django.db.models import QuerySet

from common import clock
from common.errors import Conflict, ServiceError
from common.prepared import LeanQuery, Slot
from workflows.models import ProcessInstance, Timer
from workflows.stepping import WORKFLOW, open_step
from workflows.suspension.holding import CaseSuspended

log = structlog.get_logger(__name__)

RETRY_AFTER_FAULT = dt.timedelta(minutes=5)


def fire_timer(uid: uuid.UUID) -> bool:
    """Fire one timer that is due; False if it is not, no longer waits, or its instance is in other hands.

    Reference  BPMN 2.0.2 §10.5.5
    """
    timer = _DUE_TIMER.first(uid=uid, now=clock.now())
    if timer is None:
        return False
    try:
        with open_step(timer.instance_id, actor=WORKFLOW, skip_locked=True) as step:
            if step is None:
                return False
            if not step.run.fire_timer(uid):  # the process left it, or another daemon came before
                _close_unfired(uid)
                return False
            timer.status, timer.closed_at = Timer.Status.FIRED, clock.now()
            step.changes.update(timer, "status", "closed_at")
            step.settled.add(uid)
            step.note("timer.fired", element_id=timer.element_id, name=timer.name)
            return True
    except Conflict as refusal:
        if not isinstance(refusal, CaseSuspended):  # else it waits with the case
            _close_unfired(uid)
        return False
    except ServiceError as error:
        log.warning("timer.fault", timer=str(uid), code=error.code)
        Timer.objects.filter(pk=uid).update(due_at=clock.now() + RETRY_AFTER_FAULT)
        return False


def fire_due_timers(*, limit: int = 200) -> int:
    """Fire what is due, the longest due first; how many fired.

    Daemons side by side have the same list; each passes over the instances the other has in hand.
    """
    return sum(fire_timer(uid) for uid in list(due_timers()[:limit]))


def due_timers() -> QuerySet[Timer, uuid.UUID]:
    """The keys of timers that are due, the longest due first."""
    return (
        Timer.objects.filter(
            status=Timer.Status.WAITING,
            due_at__lte=clock.now(),
            instance__status=ProcessInstance.Status.RUNNING,
            instance__suspended_at=None,
        )
        .order_by("due_at", "element_id")
        .values_list("pk", flat=True)
    )


def _close_unfired(uid: uuid.UUID) -> None:
    Timer.objects.filter(pk=uid, status=Timer.Status.WAITING).update(
        status=Timer.Status.CANCELLED, closed_at=clock.now()
    )


_DUE_TIMER = LeanQuery(
    lambda: Timer.objects.filter(pk=Slot("uid"), status=Timer.Status.WAITING, due_at__lte=Slot("now"))
)
