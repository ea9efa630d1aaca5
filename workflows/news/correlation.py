"""Messages with a correlation key: one is for whoever waits for that key, the longest waiting first.

The row is the truth: a message that nobody waits for yet stays and is offered again, by the step that begins to wait
and by a duty. Where nobody can ever take it, or nobody has within ten minutes, its thrower gets an incident; it is
still given to the first who waits for it, and the incident is resolved then.

Reference  BPMN 2.0.2 §8.4.2 (Correlation), §10.5.1 (a message is consumed by one receiver)
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from common import clock
from common.errors import Conflict, ServiceError
from workflows.engine import MessageWait, Thrown
from workflows.models import MessageSubscription, ProcessDefinition, ProcessInstance, ThrownMessage
from workflows.news import throwing
from workflows.starting.starts import begin_by, beginning_with
from workflows.stepping import (
    WORKFLOW,
    Step,
    open_incident,
    open_step,
    resolve_incidents,
    use_take_correlated,
)

log = structlog.get_logger(__name__)

NOT_TAKEN = "MESSAGE_NOT_TAKEN"
LONGEST_PAUSE = dt.timedelta(minutes=1)


class _NoLongerWaitsError(Exception):
    """Somebody or something else was quicker."""


def send_message(
    name: str, *, key: str, payload: Mapping[str, Any], site_code: str, subjects: Mapping[str, str]
) -> uuid.UUID:
    """Send a message from outside the processes: by its key, or without one as news about its subjects."""
    thrown = Thrown("message", name, "", key, payload)
    with transaction.atomic():
        return throwing.publish(thrown, site_code=site_code, subjects=subjects)


def offer(uid: uuid.UUID) -> bool:
    """Give a message to who waits for its key, or have it begin a process; False if nobody takes it now."""
    with transaction.atomic():
        row = (
            ThrownMessage.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=uid, taken_at=None)
            .first()
        )
        if row is None:
            return False
        if _give(row):
            return True
        if _begin(row):
            _mark_taken(row)
            return True
        _wait_on(row)
        return False


def offer_due(*, limit: int = 200) -> int:
    """Offer again what nobody has taken; how many were taken."""
    due = ThrownMessage.objects.filter(taken_at=None, next_offer_at__lte=clock.now())
    return sum(offer(uid) for uid in list(due.order_by("next_offer_at").values_list("pk", flat=True)[:limit]))


def take_early(step: Step, waits: Iterable[MessageWait]) -> None:
    """Give a step what was thrown before it began to wait."""
    keyed = {(wait.message, wait.key): wait for wait in waits if wait.kind == "message" and wait.key}
    if not keyed:
        return
    named = Q(pk__in=[])
    for name, key in keyed:
        named |= Q(name=name, key=key)
    early = ThrownMessage.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        named, taken_at=None
    )
    for row in early.order_by("thrown_at", "pk"):
        wait = keyed.get((row.name, row.key))
        if wait is not None and _catch(step, wait.uid, row):
            del keyed[row.name, row.key]


use_take_correlated(take_early)


def _give(row: ThrownMessage) -> bool:
    waiting = MessageSubscription.objects.filter(
        kind="message",
        message=row.name,
        key=row.key,
        instance__status=ProcessInstance.Status.RUNNING,
        instance__suspended_at=None,
    ).order_by("since", "uid")
    return any(_give_to(row, *each) for each in waiting.values_list("uid", "instance_id")[:20])


def _give_to(row: ThrownMessage, uid: uuid.UUID, instance: int) -> bool:
    try:
        with open_step(instance, actor=WORKFLOW) as step:
            if step is None or not _catch(step, uid, row):
                raise _NoLongerWaitsError  # nothing is written then, and the instance is free again
    except (Conflict, _NoLongerWaitsError):
        return False
    except ServiceError as error:
        if error.code != "PROCESS_FAULT":
            raise
        return False  # the incident is open at who should have taken it
    return True


def _catch(step: Step, uid: uuid.UUID, row: ThrownMessage) -> bool:
    wait = step.run.waits.messages.get(uid)
    if wait is None or not step.run.catch_message(uid, row.payload):
        return False
    step.note("message.received", element_id=wait.element_id, name=row.name, event_uid=str(row.pk))
    _mark_taken(row)  # before the step looks for what came early: an event that listens on takes it once
    return True


def _mark_taken(row: ThrownMessage) -> None:
    ThrownMessage.objects.filter(pk=row.pk).update(taken_at=clock.now(), next_offer_at=None)
    if row.instance_id is not None:
        resolve_incidents(row.instance_id, task_uid=row.pk)


def _begin(row: ThrownMessage) -> bool:
    """Whether an active process begins with it."""
    data = {"site_code": row.site_code, **row.payload}
    begun: list[ProcessInstance] = []
    for definition in beginning_with(row.name):
        try:
            begun += begin_by(
                definition, "message", row.name, data=data, subjects=row.subjects, key=str(row.pk)
            )
        except ServiceError as error:
            log.warning("process.start_failed", process=definition.key, message=row.name, code=error.code)
    return bool(begun)


def _wait_on(row: ThrownMessage) -> None:
    """Offer it again later, at growing distances; tell its thrower once nobody may be expected to take it."""
    now = clock.now()
    age = now - row.thrown_at
    row.next_offer_at = now + min(max(age, throwing.FIRST_OFFER), LONGEST_PAUSE)
    row.save(update_fields=["next_offer_at"])
    if row.instance_id is not None and (age >= throwing.PATIENCE or not _could_be_taken(row.name)):
        open_incident(
            row.instance_id,
            element_id=row.element_id,
            code=NOT_TAKEN,
            message=row.name,
            task_uid=row.pk,
        )


def _could_be_taken(name: str) -> bool:
    """Whether any process that runs or may begin has a place for such a message."""
    catches = Q(catch_messages__contains=[name])
    return ProcessDefinition.objects.filter(
        Q(is_active=True) & (catches | Q(start_messages__contains=[name]))
        | catches & Q(instances__status=ProcessInstance.Status.RUNNING)
    ).exists()
