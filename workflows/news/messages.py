"""News for processes: an event's name is the message's name, its subjects find the instances.

News that comes before an instance waits for it is kept until a catch takes it. A patient alone joins an
event to a case only if the event names nothing closer: a patient may have two cases at once. A message that
was thrown with a correlation key goes by that key instead, see `correlation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from common import clock
from common.errors import Conflict, ServiceError
from events.services import Event
from workflows.models import HeldInput, ProcessInstance, ProcessSubject, ReceivedMessage
from workflows.news import correlation
from workflows.starting.starts import begin_by, beginning_with
from workflows.stepping import WORKFLOW, Step, open_incident, open_step
from workflows.suspension.holding import CaseSuspended, as_payload, hold

LOOSE_KINDS = frozenset({"patient"})


def receive_event(event: Event) -> None:
    """Start the processes that begin with this event, and hand it to the instances it concerns.

    Safe to be told twice: starts have a key, and an instance takes an event once.
    """
    thrown: Mapping[str, Any] = event.payload.get("thrown", {})
    if thrown.get("key"):
        correlation.offer(event.uid)
        return
    begun = [
        begin_by(
            definition,
            "message",
            event.name,
            data=event.payload,
            subjects=event.subjects,
            key=str(event.uid),
        )
        for definition in beginning_with(event.name)
    ]
    concerned = _concerned(event)
    for pk in concerned:
        hand_over(pk, event)
    if thrown.get("instance") and not concerned and not any(begun):
        open_incident(
            thrown["instance"], element_id=thrown["element"], code="MESSAGE_NOT_TAKEN", message=event.name,
            task_uid=event.uid,
        )  # fmt: skip


def _concerned(event: Event) -> list[int]:
    """Running instances whose definition catches this message and that share a subject with the event."""
    subjects = event.subjects
    close = {kind: uid for kind, uid in subjects.items() if kind not in LOOSE_KINDS}
    shared = Q(pk__in=[])
    for kind, uid in (close or subjects).items():
        shared |= Q(kind=kind, uid=uid)
    return list(
        ProcessInstance.objects.filter(
            pk__in=ProcessSubject.objects.filter(shared).values("instance_id"),
            status=ProcessInstance.Status.RUNNING,
            definition__catch_messages__contains=[event.name],
        )
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def hand_over(pk: int, event: Event) -> None:
    """Give news to one case; kept where the case is suspended."""
    try:
        with open_step(pk, actor=WORKFLOW) as step:
            if step is not None:
                _take(step, event)
    except CaseSuspended:
        hold(pk, HeldInput.Kind.MESSAGE, event.uid, as_payload(event))
    except Conflict:
        return  # the case has ended meanwhile
    except ServiceError as error:
        if error.code != "PROCESS_FAULT":
            raise
        _keep(pk, event)
        open_incident(pk, element_id="", code="MESSAGE_NOT_TAKEN", message=event.name)


def _take(step: Step, event: Event) -> None:
    row = _keep(step.instance.pk, event)
    if row is None:
        return
    step.add_subjects(event.subjects)
    step.note("message.received", name=event.name, event_uid=str(event.uid))
    for uid, wait in step.run.waits.messages.items():
        is_meant = (wait.kind, wait.message, wait.key) == ("message", event.name, "")
        if is_meant and step.run.catch_message(uid, event.payload):
            row.consumed_at = clock.now()
            row.save(update_fields=["consumed_at"])
            return


def _keep(pk: int, event: Event) -> ReceivedMessage | None:
    """The row of a message new to this instance; None if it has had it already."""
    row, is_new = ReceivedMessage.objects.get_or_create(
        instance_id=pk,
        event_uid=event.uid,
        defaults={"message": event.name, "payload": event.payload, "received_at": clock.now()},
    )
    return row if is_new else None
