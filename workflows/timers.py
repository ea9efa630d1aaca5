"""Due timers as rows: swept in order, fired once under the instance's lock."""

from __future__ import annotations

import datetime as dt
import uuid

import structlog

from common import clock
from common.errors import Conflict, ServiceError
from workflows.models import ProcessInstance, Timer
from workflows.stepping import WORKFLOW, open_step

log = structlog.get_logger(__name__)

RETRY_AFTER_FAULT = dt.timedelta(minutes=5)


def fire_timer(uid: uuid.UUID) -> bool:
    """Fire one timer that is due; False if it is not, no longer waits, or its instance is in other hands.

    Reference  BPMN 2.0.2 §10.5.5
    """
    timer = Timer.objects.filter(pk=uid, status=Timer.Status.WAITING, due_at__lte=clock.now()).first()
    if timer is None:
        return False
    try:
        with open_step(timer.instance_id, actor=WORKFLOW, skip_locked=True) as step:
            # The instance's lock comes first everywhere, so the row is read again under it.
            if step is None or not _still_waits(timer.pk):
                return False
            closed = {"status": Timer.Status.FIRED, "closed_at": clock.now()}
            if not step.run.fire_timer(uid):
                closed["status"] = Timer.Status.CANCELLED
            Timer.objects.filter(pk=uid).update(**closed)
            step.settled.add(uid)
            step.note("timer.fired", element_id=timer.element_id, name=timer.name)
            return True
    except Conflict:
        Timer.objects.filter(pk=uid).update(status=Timer.Status.CANCELLED, closed_at=clock.now())
        return False
    except ServiceError as error:
        log.warning("timer.fault", timer=str(uid), code=error.code)
        Timer.objects.filter(pk=uid).update(due_at=clock.now() + RETRY_AFTER_FAULT)
        return False


def fire_due_timers(*, limit: int = 200) -> int:
    """Fire what is due, the longest due first; how many fired."""
    due = (
        Timer.objects.filter(
            status=Timer.Status.WAITING,
            due_at__lte=clock.now(),
            instance__status=ProcessInstance.Status.RUNNING,
        )
        .order_by("due_at", "element_id")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(fire_timer(uid) for uid in list(due))


def _still_waits(uid: uuid.UUID) -> bool:
    return Timer.objects.filter(pk=uid, status=Timer.Status.WAITING).exists()
