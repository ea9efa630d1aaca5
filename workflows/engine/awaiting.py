"""Which of our event definitions an element of the diagram asks for."""

from __future__ import annotations

from collections.abc import Callable

from workflows.diagram import Element, EventTrigger
from workflows.engine.catching import Awaited
from workflows.engine.conditions import AwaitedCondition
from workflows.engine.raising import AwaitedCancel, AwaitedError, AwaitedEscalation
from workflows.engine.several import AwaitedAll, AwaitedAny
from workflows.engine.subscribing import AwaitedMessage, AwaitedSignal
from workflows.engine.timing import timer_of

_KINDS: dict[str, Callable[[Element, EventTrigger], Awaited]] = {
    "timer": timer_of,
    "message": AwaitedMessage,
    "signal": AwaitedSignal,
    "conditional": AwaitedCondition,
    "error": AwaitedError,
    "escalation": AwaitedEscalation,
    "cancel": AwaitedCancel,
}


def awaited_for(element: Element) -> Awaited | AwaitedAny:
    """What an element waits for; its triggers are of kinds that can be caught."""
    awaited = [_KINDS[trigger.kind](element, trigger) for trigger in element.triggers]
    if len(awaited) == 1:
        return awaited[0]
    for position, each in enumerate(awaited):
        each.position = position
    return AwaitedAll(element, awaited) if element.needs_all else AwaitedAny(element, awaited)
