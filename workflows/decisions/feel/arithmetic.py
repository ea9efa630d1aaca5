"""FEEL's six operators on two values: + - * / ** and the unary minus.

Numbers are IEEE 754 decimal128: 34 digits, half to even. Where an operation has no result it is null.

Reference  DMN 1.5 §10.3.2.11, tables 45 to 48
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, DecimalException

from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.temporal import add_months
from workflows.decisions.feel.values import DECIMAL128, Value, YearsMonths

MIDNIGHT = time()


def add(left: Value, right: Value) -> Value:
    match left, right:
        case Decimal(), Decimal():
            return DECIMAL128.add(left, right)
        case str(), str():
            return left + right
        case timedelta(), timedelta():
            return left + right
        case YearsMonths(), YearsMonths():
            return YearsMonths(left.months + right.months)
        case ((timedelta() | YearsMonths()), (date() | time())):
            return _shift(right, left)
        case ((date() | time()), (timedelta() | YearsMonths())):
            return _shift(left, right)
    raise FeelError(_("%(operator)s does not fit these values") % {"operator": "+"})


def subtract(left: Value, right: Value) -> Value:  # noqa: PLR0911 - one line a pair of kinds
    match left, right:
        case Decimal(), Decimal():
            return DECIMAL128.subtract(left, right)
        case (timedelta(), timedelta()) | (datetime(), datetime()):
            return _difference(left, right)
        case YearsMonths(), YearsMonths():
            return YearsMonths(left.months - right.months)
        case ((date() | time()), timedelta()):
            return _shift(left, -right)
        case date(), YearsMonths():
            return _shift(left, YearsMonths(-right.months))
        case date(), date():
            return _difference(_as_moment(left), _as_moment(right))
        case time(), time():
            return _difference(datetime.combine(date.min, left), datetime.combine(date.min, right))
    raise FeelError(_("%(operator)s does not fit these values") % {"operator": "-"})


def multiply(left: Value, right: Value) -> Value:
    match left, right:
        case Decimal(), Decimal():
            return DECIMAL128.multiply(left, right)
        case (Decimal(), (timedelta() | YearsMonths())):
            return _scale(right, left)
        case ((timedelta() | YearsMonths()), Decimal()):
            return _scale(left, right)
    raise FeelError(_("%(operator)s does not fit these values") % {"operator": "*"})


def divide(left: Value, right: Value) -> Value:
    match left, right:
        case Decimal(), Decimal():
            return DECIMAL128.divide(left, right)
        case ((timedelta() | YearsMonths()), Decimal()):
            return _scale(left, DECIMAL128.divide(Decimal(1), right))
        case timedelta(), timedelta():
            return DECIMAL128.divide(_microseconds(left), _microseconds(right))
        case YearsMonths(), YearsMonths():
            return DECIMAL128.divide(Decimal(left.months), Decimal(right.months))
    raise FeelError(_("%(operator)s does not fit these values") % {"operator": "/"})


def power(left: Value, right: Value) -> Value:
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return DECIMAL128.power(left, right)
    raise FeelError(_("%(operator)s does not fit these values") % {"operator": "**"})


def negate(value: Value) -> Value:
    match value:
        case Decimal():
            return DECIMAL128.minus(value)
        case timedelta():
            return -value
        case YearsMonths():
            return YearsMonths(-value.months)
    raise FeelError(_("a minus does not fit this value"))


OPERATORS: Mapping[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}


def calculate(operator: str, left: Value, right: Value) -> Value:
    """The value of an arithmetic expression; null where one side is null.

    Raises  FeelError if the operator does not fit, divides by zero or leaves the range of numbers.
    """
    if left is None or right is None:
        return None
    try:
        return OPERATORS[operator](left, right)
    except DecimalException as error:
        raise FeelError(_("%(operator)s has no result for these numbers") % {"operator": operator}) from error
    except OverflowError as error:
        raise FeelError(_("%(operator)s leaves the calendar") % {"operator": operator}) from error


def _shift(moment: Value, by: timedelta | YearsMonths) -> Value:
    if isinstance(by, YearsMonths):
        if not isinstance(moment, date):
            raise FeelError(_("a time of day has no months"))
        return add_months(moment, by.months)
    if isinstance(moment, time):
        return (datetime.combine(date(2000, 1, 1), moment) + _within_a_day(by)).timetz()
    if isinstance(moment, datetime):
        return moment + by
    return (datetime.combine(moment, MIDNIGHT) + by).date()


def _within_a_day(length: timedelta) -> timedelta:
    return length % timedelta(days=1)


def _as_moment(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, MIDNIGHT)


def _difference(left: Value, right: Value) -> timedelta:
    try:
        return left - right  # type: ignore[no-any-return]
    except TypeError as error:
        raise FeelError(_("one time has a zone and the other has none")) from error


def _scale(length: timedelta | YearsMonths, factor: Decimal) -> timedelta | YearsMonths:
    if isinstance(length, YearsMonths):
        return YearsMonths(int(DECIMAL128.multiply(Decimal(length.months), factor)))
    return timedelta(microseconds=int(DECIMAL128.multiply(_microseconds(length), factor)))


def _microseconds(length: timedelta) -> Decimal:
    return Decimal(length // timedelta(microseconds=1))
