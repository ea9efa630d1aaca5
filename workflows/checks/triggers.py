"""What events may wait for or throw, where, and what messages and timers say."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.catalogue import MESSAGES
from workflows.checks.problems import Problem, check_expression
from workflows.diagram import Diagram, Element
from workflows.engine.durations import is_timing, parse_cycle

_TRIGGERS: dict[str, set[str]] = {
    "startEvent": {"", "message"},
    "endEvent": {"", "terminate", "error"},
    "intermediateCatchEvent": {"message", "timer"},
    "boundaryEvent": {"message", "timer", "error"},
    "receiveTask": {"message"},
}
_HOSTS = {
    "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "subProcess", "callActivity",
}  # fmt: skip
_TRIGGER_NAMES = {
    "cancel": "cancel", "compensate": "compensation", "conditional": "conditional", "escalation": "escalation",
    "link": "link", "signal": "signal",
}  # fmt: skip


def check_triggers(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        allowed = _TRIGGERS.get(element.kind)
        if allowed is None:
            continue
        kinds = [trigger.kind for trigger in element.triggers] or [""]
        if len(kinds) > 1:
            yield Problem(element.id, "An event with several triggers is not supported")
        for kind in kinds:
            if kind not in allowed:
                word = _TRIGGER_NAMES.get(kind, kind)
                yield Problem(
                    element.id,
                    f"A {word} event is not supported here" if kind else "The event waits for nothing",
                )
        yield from _check_place(diagram, element)


def _check_place(diagram: Diagram, element: Element) -> Iterator[Problem]:
    kinds = {trigger.kind for trigger in element.triggers}
    if element.kind == "startEvent" and kinds and element.parent != diagram.key:
        yield Problem(element.id, "A subprocess starts with a plain start event")
    if element.kind == "endEvent" and "error" in kinds and element.parent == diagram.key:
        yield Problem(element.id, "An error end event is of use in a subprocess only")
    if element.kind != "boundaryEvent":
        return
    host = diagram.elements.get(element.attached_to)
    if host is None or host.kind not in _HOSTS:
        yield Problem(
            element.id, "A boundary event is attached to a task that waits or works, or a subprocess"
        )
    elif "error" in kinds and host.kind in {"userTask", "manualTask"}:
        yield Problem(element.id, "A user task throws no error")
    if "error" in kinds and not element.is_interrupting:
        yield Problem(element.id, "An error event always interrupts")


def check_messages(diagram: Diagram) -> Iterator[Problem]:
    for element, name in diagram.messages():
        if not name:
            yield Problem(element.id, "The message has no name")
        elif name not in MESSAGES:
            yield Problem(element.id, f"No event is called {name}; there are: {', '.join(sorted(MESSAGES))}")


def check_timers(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        for trigger in element.triggers:
            if trigger.kind != "timer":
                continue
            if trigger.cycle and (element.kind != "boundaryEvent" or element.is_interrupting):
                yield Problem(element.id, "Only a non-interrupting boundary timer may repeat")
            if trigger.cycle and is_timing(trigger.expression) and parse_cycle(trigger.expression) is None:
                yield Problem(element.id, "A repeating timer is written like R3/PT10M")
            if not is_timing(trigger.expression):
                yield from check_expression(element.id, trigger.expression)
