"""When timers are due: durations, moments, repetitions, expressions.

Reference  BPMN 2.0.2 §10.5.5 (Timer); ISO 8601
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem, check_expression
from workflows.diagram import Diagram, Element
from workflows.engine.durations import looks_like_timing, parse_cycle, parse_duration, parse_moment
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
            yield Problem(element.id, _("Only a non-interrupting boundary or start event may repeat"))
        yield from check_timing(element.id, trigger.expression, is_cycle=trigger.cycle)


def check_timing(
    element_id: str, text: str, *, is_cycle: bool = False, what: str = "expression"
) -> Iterator[Problem]:
    """A text that says when, or an expression that will. What looks like a time is never read as a name."""
    if not looks_like_timing(text):
        yield from check_expression(element_id, text, what=what)
    elif is_cycle and parse_cycle(text) is None:
        yield Problem(
            element_id, _("A repeating timer is written like R3/PT10M, once or more, a second apart or more")
        )
    elif not is_cycle and parse_duration(text) is None and parse_moment(text) is None:
        yield Problem(
            element_id,
            _(
                "When is a duration of weeks, days, hours, minutes and seconds of at most a hundred years, like "
                "P1DT12H, or a moment with its offset, like 2026-03-02T08:00+08:00"
            ),
        )


def _check_start(element: Element, text: str) -> Iterator[Problem]:
    """A process begun by the clock has no data yet: when and where it begins stands in the diagram."""
    if parse_schedule(text) is None:
        yield Problem(
            element.id,
            _("When the process begins is a moment, R/PT1H, or minute hour day month weekday: 30 6 * * 1-5"),
        )
    if not element.extension("start", "site"):
        yield Problem(element.id, _("The clock knows no site: consilium:start says where the process begins"))


def _may_repeat(element: Element) -> bool:
    return element.kind in {"boundaryEvent", "startEvent"} and not element.is_interrupting
