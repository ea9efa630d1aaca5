"""FEEL's kinds of value in Python's words, and when two values are equal or in order.

number is Decimal, string str, boolean bool, date date, time time, date and time datetime, days and time
duration timedelta, list list, context dict, null None; the rest is defined here.

Reference  DMN 1.5 §10.3.2.2, §10.3.2.3, tables 53 to 55
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from math import isfinite
from typing import Any, TypeAlias

from django.utils.translation import gettext as _

from workflows.decisions.limits import DecisionTooCostly, Run

Value: TypeAlias = Any  # one of the kinds above; which one is known only when it is there

DECIMAL128 = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)

HEAVIEST = 20_000
LETTERS_A_PART = 64
PARTS_A_STEP = 16


@dataclass(frozen=True, slots=True, order=True)
class YearsMonths:
    """A years and months duration."""

    months: int


@dataclass(frozen=True, slots=True)
class Range:
    """An interval; an end that is None is open to infinity."""

    start: Value
    end: Value
    start_included: bool
    end_included: bool


@dataclass(frozen=True, slots=True)
class Function:
    """Something that can be invoked. `variadic` takes its arguments as one list too."""

    name: str
    parameters: tuple[str, ...]
    invoke: Callable[[Run, Sequence[Value]], Value]
    required: int
    variadic: bool = False


KINDS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (Decimal, "number"),
    (str, "string"),
    (datetime, "date and time"),
    (date, "date"),
    (time, "time"),
    (timedelta, "days and time duration"),
    (YearsMonths, "years and months duration"),
    (list, "list"),
    (dict, "context"),
    (Range, "range"),
    (Function, "function"),
)
ORDERED = frozenset(
    {
        "number",
        "string",
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
    }
)


_KIND_OF_TYPE = dict(KINDS)


def kind_of(value: Value) -> str:
    known = _KIND_OF_TYPE.get(type(value))
    if known is not None:
        return known
    for python_type, kind in KINDS:
        if isinstance(value, python_type):
            return kind
    return "null"


def equal(left: Value, right: Value) -> bool | None:
    """Whether two values are equal; None where they are of different kinds."""
    if left is None or right is None:
        return left is right
    if kind_of(left) != kind_of(right):
        return None
    if isinstance(left, list | dict):
        weigh(left)
    return _equal(left, right)


def _equal(left: Value, right: Value) -> bool | None:
    if left is None or right is None:
        return left is right
    if kind_of(left) != kind_of(right):
        return None
    if isinstance(left, list):
        return len(left) == len(right) and all(_equal(*pair) for pair in zip(left, right, strict=True))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_equal(value, right[key]) for key, value in left.items())
    return bool(left == right)


def weigh(value: Value) -> int:
    """How many parts a value has when it is written out: it may be the same list, or text, many times over.

    Long texts and numbers of many digits count as several.

    Raises  DecisionTooCostly if walking through it would take too long.
    """
    waiting, seen = [value], 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part.values())
            seen += sum(len(key) for key in part) // LETTERS_A_PART
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, str):
            seen += len(part) // LETTERS_A_PART
        elif isinstance(part, Decimal):
            seen += abs(part.adjusted()) // LETTERS_A_PART
        seen += 1
        if seen > HEAVIEST:
            raise DecisionTooCostly(_("A value has more than %(most)s parts.") % {"most": HEAVIEST})
    return seen


def pay_for_comparing(run: Run, value: Value, *, times: int = 1) -> None:
    """Have the run pay for looking into a list or context, so many times, before it is done."""
    if isinstance(value, list | dict):
        run.spend(times * (1 + weigh(value) // PARTS_A_STEP))


def compare(left: Value, right: Value) -> int | None:
    """Negative, zero or positive as left is before, with or after right; None where there is no order."""
    kind = kind_of(left)
    if kind not in ORDERED or kind != kind_of(right):
        return None
    try:
        return int(left > right) - int(left < right)
    except (TypeError, OverflowError):  # one time knows its zone and the other does not
        return None


def is_in_range(value: Value, interval: Range) -> bool | None:
    """Whether a value lies in an interval; None where they cannot be compared."""
    if interval.start is not None:
        order = compare(value, interval.start)
        if order is None:
            return None
        if order < 0 or (order == 0 and not interval.start_included):
            return False
    if interval.end is not None:
        order = compare(value, interval.end)
        if order is None:
            return None
        return order < 0 or (order == 0 and interval.end_included)
    return value is not None


def from_python(value: object, *, depth: int = 0) -> Value:  # noqa: PLR0911 - one line a kind
    """A Python value as FEEL sees it; whatever FEEL has no word for becomes its text.

    Raises  ValueError if it is nested deeper than any fact should be.
    """
    if depth > 32:
        raise ValueError(_("the value is nested too deeply"))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value)) if isfinite(value) else None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, Mapping):
        return {str(key): from_python(item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [from_python(item, depth=depth + 1) for item in value]
    if kind_of(value) != "null":
        return value
    return str(value)
