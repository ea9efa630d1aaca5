"""Escalations that leave a called case: thrown at the call in its caller, each once, before the call is answered.

News tells of one as soon as it is thrown. The case's own state remembers it too, so that a call which is asked how
its case ended throws first what news has not brought yet. Caller and called case are never locked together.

Reference  BPMN 2.0.2 §10.5.1 (Escalation), §13.5.3
"""

from __future__ import annotations

import uuid

from common import clock
from common.errors import Conflict
from events.services import Event
from workflows.engine import ProcessRun
from workflows.models import HeldInput, ProcessInstance, ReceivedMessage, ServiceTaskRun
from workflows.stepping import WORKFLOW, Step, open_incident, open_step
from workflows.suspension.holding import CaseSuspended, hold

NOT_HEARD = "ESCALATION_NOT_HEARD"


def deliver(event: Event) -> None:
    """Throw at its call what a case has escalated; an incident where the case was not called by anybody."""
    told = event.payload
    thrower = ProcessInstance.objects.defer("state").get(pk=told["instance"])
    if thrower.call_id is None:
        open_incident(
            thrower.pk, element_id=told["element"], code=NOT_HEARD, message=told["code"], task_uid=event.uid
        )
        return
    throw_at_call(str(thrower.call_id), told["code"], _uid_of(thrower, told["number"]))


def deliver_all(case: ProcessInstance, run: ProcessRun) -> None:
    """Throw at its call everything a called case has escalated, as far as news has not done so."""
    for each in run.escalations:
        throw_at_call(str(case.call_id), each.name, _uid_of(case, each.key))


def throw_at_call(call: str, code: str, uid: str) -> None:
    """Throw an escalation at a call, once; kept where the caller is suspended, of no effect if it has left the call."""
    run = ServiceTaskRun.objects.only("pk", "instance_id", "element_id").get(pk=call)
    try:
        with open_step(run.instance_id, actor=WORKFLOW) as step:
            if step is not None and run.pk in step.run.waits.service_tasks and _is_new(step, uid, code):
                step.note("escalation.received", element_id=run.element_id, name=code)
                step.run.escalate(run.pk, code)
    except CaseSuspended:
        told = {"call": call, "code": code, "uid": uid}
        hold(run.instance_id, HeldInput.Kind.ESCALATION, uuid.UUID(uid), told)
    except Conflict:
        return  # the caller has ended meanwhile


def _uid_of(case: ProcessInstance, number: str) -> str:
    """The same for each escalation of a case, however often it is told."""
    return str(uuid.uuid5(case.uid, f"escalation:{number}"))


def _is_new(step: Step, uid: str, code: str) -> bool:
    """Whether the caller has not had it yet; the row is its receipt, and no message anybody waits for."""
    now = clock.now()
    _row, is_new = ReceivedMessage.objects.get_or_create(
        instance_id=step.instance.pk,
        event_uid=uid,
        defaults={"message": code, "payload": {}, "received_at": now, "consumed_at": now},
    )
    return is_new
