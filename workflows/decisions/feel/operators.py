"""Closures of the operators: arithmetic, comparison, ternary logic, `instance of`.

Reference  DMN 1.5 §10.3.2.6 (logic), §10.3.2.11 to §10.3.2.13, table 50
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from workflows.decisions.feel.arithmetic import calculate, negate
from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.frames import Code, Frame
from workflows.decisions.feel.values import Value, compare, equal, kind_of, pay_for_comparing

ORDER: Mapping[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def compare_by(operator: str, left: Value, right: Value) -> bool | None:
    """The truth of a comparison; None where the values cannot be compared."""
    if operator in {"=", "!="}:
        same = equal(left, right)
        return same if operator == "=" or same is None else not same
    order = compare(left, right)
    return None if order is None else ORDER[operator](order)


def both(left: Value, right: Value) -> bool | None:
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def either(left: Value, right: Value) -> bool | None:
    if left is True or right is True:
        return True
    return False if left is False and right is False else None


def binary(operator: str, left: Code, right: Code) -> Code:
    """The closure of a binary operator."""
    if operator == "and":
        return lambda frame: False if (value := left(frame)) is False else both(value, right(frame))
    if operator == "or":
        return lambda frame: True if (value := left(frame)) is True else either(value, right(frame))
    if operator in {"=", "!=", *ORDER}:
        return compared(operator, left, right)
    return _arithmetic(operator, left, right)


def compared(operator: str, left: Code, right: Code) -> Code:
    """The closure of a comparison."""

    def evaluate(frame: Frame) -> bool | None:
        one = left(frame)
        pay_for_comparing(frame.run, one)
        return compare_by(operator, one, right(frame))

    return evaluate


def _arithmetic(operator: str, left: Code, right: Code) -> Code:
    def evaluate(frame: Frame) -> Value:
        frame.run.spend()
        first, second = left(frame), right(frame)
        try:
            value = calculate(operator, first, second)
        except FeelError:
            return frame.run.fail(
                _("“%(operator)s” has no result for a %(first)s and a %(second)s like these.")
                % {"operator": operator, "first": kind_of(first), "second": kind_of(second)}
            )
        if isinstance(value, str):
            frame.run.admit(len(value))
        return value

    return evaluate


def negation(operand: Code) -> Code:
    def evaluate(frame: Frame) -> Value:
        value = operand(frame)
        if value is None:
            return None
        try:
            return negate(value)
        except (FeelError, OverflowError):
            return frame.run.fail(_("“-” has no result for a %(kind)s.") % {"kind": kind_of(value)})

    return evaluate


def between(value: Code, low: Code, high: Code) -> Code:
    def evaluate(frame: Frame) -> bool | None:
        tested = value(frame)
        return both(compare_by(">=", tested, low(frame)), compare_by("<=", tested, high(frame)))

    return evaluate


def instance_of(value: Code, type_name: str) -> Code:
    wanted = type_name.partition("<")[0].strip()

    def evaluate(frame: Frame) -> bool:
        kind = kind_of(value(frame))
        if wanted == "Any":
            return kind != "null"
        return kind == ("null" if wanted == "Null" else wanted)

    return evaluate
