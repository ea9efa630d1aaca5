"""Which of our event definitions an element of the diagram asks for."""

from __future__ import annotations

from collections.abc import Callable

from workflows.diagram import Element, EventTrigger
from workflows.engine.catching import Awaited
from workflows.engine.conditions import AwaitedCondition
from workflows.engine.raising import AwaitedCancel, AwaitedError, AwaitedEscalation
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


def awaited_for(element: Element) -> Awaited:
    """What an element waits for; it has one trigger, of a kind that can be caught."""
    trigger = element.triggers[0]
    return _KINDS[trigger.kind](element, trigger)
