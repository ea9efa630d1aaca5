"""Closures of `for`, `some` and `every`.

Reference  DMN 1.5 §10.3.2.14, table 57
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from workflows.decisions.feel.frames import Code, Frame
from workflows.decisions.feel.values import Range, Value, kind_of

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Source:
    """What one name runs over: a list, a range, or from a value to another."""

    name: str
    start: Code
    end: Code | None

    def values(self, frame: Frame) -> Iterator[Value] | None:
        value = self.start(frame)
        if self.end is not None:
            return between(value, self.end(frame))
        if isinstance(value, list):
            return iter(value)
        if isinstance(value, Range):
            return _within(value)
        return iter(()) if value is None else iter((value,))


def between(start: Value, end: Value) -> Iterator[Value] | None:
    """Whole numbers or days from one to another, forwards or backwards; None where there are none."""
    step: Decimal | timedelta
    match start, end:
        case Decimal(), Decimal():
            step = Decimal(1)
        case datetime(), _:
            return None
        case date(), date():
            step = DAY
        case _:
            return None
    return _steps(start, end, step if start <= end else -step)


def _steps(start: Value, end: Value, step: Value) -> Iterator[Value]:
    value = start
    while value <= end if start <= end else value >= end:
        yield value
        if value == end:
            return
        value += step


def _within(interval: Range) -> Iterator[Value] | None:
    values = between(interval.start, interval.end)
    if values is None:
        return None
    return (
        value
        for value in values
        if (interval.start_included or value != interval.start)
        and (interval.end_included or value != interval.end)
    )


def frames_of(sources: tuple[Source, ...], frame: Frame, bound: Mapping[str, Value]) -> Iterator[Frame]:
    """A frame for every combination of values, the last name running fastest."""
    inner = frame.within(bound)
    if not sources:
        yield inner
        return
    first, *rest = sources
    values = first.values(inner)
    if values is None:
        frame.run.fail(_("“%(name)s” cannot run over values of this kind.") % {"name": first.name})
        return
    for value in values:
        frame.run.spend()
        yield from frames_of(tuple(rest), frame, {**bound, first.name: value})


def for_loop(sources: tuple[Source, ...], result: Code) -> Code:
    def evaluate(frame: Frame) -> Value:
        partial: list[Value] = []
        for inner in frames_of(sources, frame, {}):
            partial.append(result(inner.within({"partial": partial})))
            if len(partial) % 1024 == 0:
                frame.run.admit(len(partial))
        return partial

    return evaluate


def quantified(sources: tuple[Source, ...], condition: Code, *, is_universal: bool) -> Code:
    decisive = not is_universal

    def evaluate(frame: Frame) -> bool | None:
        unknown = False
        for inner in frames_of(sources, frame, {}):
            answer = condition(inner)
            if answer is decisive:
                return not is_universal
            if not isinstance(answer, bool):
                unknown = True
                frame.run.fail(
                    _("A condition is a %(kind)s where it should be true or false.")
                    % {"kind": kind_of(answer)}
                )
        return None if unknown else is_universal

    return evaluate
