"""When timers are due: durations, moments, repetitions, expressions.

Reference  BPMN 2.0.2 §10.5.5 (Timer); ISO 8601
"""

from __future__ import annotations

from collections.abc import Iterator

from workflows.checks.problems import Problem, check_expression
from workflows.diagram import Diagram, Element
from workflows.engine.durations import is_timing, parse_cycle
from workflows.engine.schedules import parse_schedule


def check_timers(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        trigger = element.trigger("timer")
        if trigger is None:
            continue
        if diagram.begins(element):
            yield from _check_start(element, trigger.expression)
            continue
        if trigger.cycle and not _may_repeat(element):
            yield Problem(element.id, "Only a non-interrupting boundary or start event may repeat")
        if trigger.cycle and is_timing(trigger.expression) and parse_cycle(trigger.expression) is None:
            yield Problem(element.id, "A repeating timer is written like R3/PT10M")
        if not is_timing(trigger.expression):
            yield from check_expression(element.id, trigger.expression)


def _check_start(element: Element, text: str) -> Iterator[Problem]:
    """A process begun by the clock has no data yet: when and where it begins stands in the diagram."""
    if parse_schedule(text) is None:
        yield Problem(
            element.id,
            "When the process begins is a moment, R/PT1H, or minute hour day month weekday: 30 6 * * 1-5",
        )
    if not element.extension("start", "site"):
        yield Problem(element.id, "The clock knows no site: consilium:start says where the process begins")


def _may_repeat(element: Element) -> bool:
    return element.kind in {"boundaryEvent", "startEvent"} and not element.is_interrupting
