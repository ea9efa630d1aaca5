"""How a built-in function is declared, and how its arguments are taken for what they should be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar

from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.values import Function, Range, Value, kind_of
from workflows.decisions.limits import Run

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Value])


class Functions(list[Function]):
    """The functions of one module; `define` adds one and leaves the Python function as it is."""

    def define(self, name: str, *parameters: str, variadic: bool = False) -> Callable[[F], F]:
        """Declare a function. A parameter that ends in `?` may be left out and is then None."""
        names = tuple(parameter.rstrip("?") for parameter in parameters)
        required = sum(not parameter.endswith("?") for parameter in parameters)

        def added(python: F) -> F:
            def invoke(run: Run, values: Sequence[Value]) -> Value:
                run.admit(sum(len(value) for value in values if isinstance(value, str | list | dict)))
                return as_feel(python(*values))

            self.append(Function(name, names, invoke, required, variadic))
            return python

        return added


def as_feel(result: Value) -> Value:
    """A result whose counts and positions are numbers of FEEL."""
    if type(result) is int:
        return Decimal(result)
    if isinstance(result, list) and result and type(result[0]) is int:
        return [Decimal(number) for number in result]
    return result


def _taken(value: Value, python_type: type[T] | tuple[type[T], ...], kind: str) -> T:
    if isinstance(value, list) and len(value) == 1 and python_type is not list:
        value = value[0]
    if not isinstance(value, python_type) or (isinstance(value, bool) and python_type is not bool):
        raise FeelError(_("it needs a %(kind)s, not a %(value)s") % {"kind": kind, "value": kind_of(value)})
    return value


def as_string(value: Value) -> str:
    return _taken(value, str, "string")


def as_number(value: Value) -> Decimal:
    return _taken(value, Decimal, "number")


def as_integer(value: Value) -> int:
    number = as_number(value)
    if number != number.to_integral_value() or abs(number) > 10**12:
        raise FeelError(_("it needs a whole number"))
    return int(number)


def as_list(value: Value) -> list[Value]:
    """A list as it is, any other value as a list of one, null as nothing to work on."""
    if value is None:
        raise FeelError(_("it needs a list, not a null"))
    return value if isinstance(value, list) else [value]


def as_context(value: Value) -> dict[str, Value]:
    return _taken(value, dict, "context")


def as_range(value: Value) -> Range:
    return _taken(value, Range, "range")


def as_function(value: Value) -> Function:
    return _taken(value, Function, "function")


def as_day(value: Value) -> date:
    """A date, or a date and time."""
    return _taken(value, date, "date")


def as_moment(value: Value) -> datetime:
    return _taken(value, datetime, "date and time")


def as_clock(value: Value) -> time:
    return _taken(value, time, "time")


def as_length(value: Value) -> timedelta:
    return _taken(value, timedelta, "days and time duration")


def one_or_many(values: Sequence[Value]) -> list[Value]:
    """The items of `f(list)` and of `f(a, b, c)` alike."""
    if len(values) == 1 and isinstance(values[0], list):
        return list(values[0])
    return list(values)
