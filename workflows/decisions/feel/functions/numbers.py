"""Numeric functions, in decimal128.

Reference  DMN 1.5 §10.3.4.5, table 76
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    DecimalException,
)

from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.functions.arguments import Functions, as_integer, as_number
from workflows.decisions.feel.values import DECIMAL128, Value, YearsMonths

FUNCTIONS = Functions()
SMALLEST_SCALE, LARGEST_SCALE = -6111, 6176
ROUNDINGS = {
    "floor": (ROUND_FLOOR, "scale?"),
    "ceiling": (ROUND_CEILING, "scale?"),
    "round up": (ROUND_UP, "scale"),
    "round down": (ROUND_DOWN, "scale"),
    "round half up": (ROUND_HALF_UP, "scale"),
    "round half down": (ROUND_HALF_DOWN, "scale"),
    "decimal": (ROUND_HALF_EVEN, "scale"),
}


def rounded(value: Value, scale: Value, rounding: str) -> Decimal:
    """A number with so many digits after the point, or as it is where it has fewer than can be told."""
    digits = as_integer(scale) if scale is not None else 0
    if not SMALLEST_SCALE <= digits <= LARGEST_SCALE:
        raise FeelError(
            _("the scale lies between %(least)s and %(most)s")
            % {"least": SMALLEST_SCALE, "most": LARGEST_SCALE}
        )
    number = as_number(value)
    if -int(number.as_tuple().exponent) <= digits:
        return number
    unit = DECIMAL128.scaleb(Decimal(1), -digits)
    return _defined(lambda: number.quantize(unit, rounding=rounding, context=DECIMAL128))


def _rounding(rounding: str) -> Callable[[Value, Value], Decimal]:
    return lambda n, scale: rounded(n, scale, rounding)


for name, (how, parameter) in ROUNDINGS.items():
    FUNCTIONS.define(name, "n", parameter)(_rounding(how))


@FUNCTIONS.define("abs", "n")
def absolute(n: Value) -> Value:
    if isinstance(n, timedelta):
        return abs(n)
    if isinstance(n, YearsMonths):
        return YearsMonths(abs(n.months))
    return DECIMAL128.abs(as_number(n))


@FUNCTIONS.define("modulo", "dividend", "divisor")
def modulo(dividend: Value, divisor: Value) -> Decimal:
    left, right = as_number(dividend), as_number(divisor)
    return _defined(lambda: _remainder(left, right))


def _remainder(left: Decimal, right: Decimal) -> Decimal:
    """The remainder that has the sign of the divisor."""
    quotient = DECIMAL128.divide(left, right).to_integral_value(ROUND_FLOOR)
    return DECIMAL128.subtract(left, DECIMAL128.multiply(right, quotient))


@FUNCTIONS.define("sqrt", "number")
def sqrt(number: Value) -> Decimal:
    value = as_number(number)
    return _defined(lambda: DECIMAL128.sqrt(value))


@FUNCTIONS.define("log", "number")
def log(number: Value) -> Decimal:
    value = as_number(number)
    if value <= 0:
        raise FeelError(_("it has no result for this number"))
    return _defined(lambda: DECIMAL128.ln(value))


@FUNCTIONS.define("exp", "number")
def exp(number: Value) -> Decimal:
    value = as_number(number)
    return _defined(lambda: DECIMAL128.exp(value))


@FUNCTIONS.define("odd", "number")
def odd(number: Value) -> bool:
    return as_integer(number) % 2 == 1


@FUNCTIONS.define("even", "number")
def even(number: Value) -> bool:
    return as_integer(number) % 2 == 0


def _defined(calculation: Callable[[], Decimal]) -> Decimal:
    try:
        return calculation()
    except DecimalException as error:
        raise FeelError(_("it has no result for this number")) from error
