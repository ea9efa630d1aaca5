"""What was kept for a case that goes on again, applied one by one in the order it came.

Each is applied as it would have been when it came, in a transaction that forgets it too: a worker that dies between
two of them leaves the rest to the duty.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction

from events.services import Event
from workflows.calling import escalations
from workflows.locks import lock_instance
from workflows.machines import answers
from workflows.models import HeldInput
from workflows.news import messages, signals

Kind = HeldInput.Kind


def apply_held(*, instance_pk: int | None = None, limit: int = 200) -> int:
    """Apply what is kept for cases that are not suspended any more, or for one of them; how many there were."""
    ready = HeldInput.objects.filter(instance__suspended_at=None).order_by("pk")
    if instance_pk is not None:
        ready = ready.filter(instance=instance_pk)
    return sum(_apply(pk) for pk in list(ready.values_list("pk", flat=True)[:limit]))


def _apply(pk: int) -> bool:
    with transaction.atomic():
        held = HeldInput.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
        instance = lock_instance(held.instance_id) if held is not None else None
        if held is None or instance is None or instance.suspended_at is not None:
            return False
        _APPLY[Kind(held.kind)](held)
        held.delete()
        return True


def _apply_message(held: HeldInput) -> None:
    messages.hand_over(held.instance_id, _event_of(held))


def _apply_signal(held: HeldInput) -> None:
    signals.hand_over(_event_of(held))


def _apply_answer(held: HeldInput) -> None:
    answers.complete_service_task(held.about, result=held.payload["result"])


def _apply_failure(held: HeldInput) -> None:
    answers.settle_failure(answers.find_run(held.about), **held.payload)


def _apply_escalation(held: HeldInput) -> None:
    escalations.throw_at_call(**held.payload)


def _event_of(held: HeldInput) -> Event:
    told = held.payload
    return Event(held.about, told["name"], told["payload"], uuid.UUID(told["trace_id"]))


_APPLY: dict[HeldInput.Kind, Callable[[HeldInput], Any]] = {
    Kind.MESSAGE: _apply_message,
    Kind.SIGNAL: _apply_signal,
    Kind.ANSWER: _apply_answer,
    Kind.FAILURE: _apply_failure,
    Kind.ESCALATION: _apply_escalation,
}
