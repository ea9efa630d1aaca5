"""Numbers about lists: min, max, sum, mean, median, mode, product, stddev.

Reference  DMN 1.5 §10.3.4.4, table 75
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce

from django.utils.translation import gettext as _

from workflows.decisions.feel.arithmetic import add
from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.functions.arguments import Functions, as_number, one_or_many
from workflows.decisions.feel.values import DECIMAL128, Value, compare

FUNCTIONS = Functions()


def extreme(items: list[Value], *, largest: bool) -> Value:
    """The first or last of values that have an order; null where there is no value."""
    found: Value = None
    for number, item in enumerate(items):
        order = compare(item, item if number == 0 else found)
        if order is None:
            raise FeelError(_("its items have no order"))
        if number == 0 or (order > 0 if largest else order < 0):
            found = item
    return found


@FUNCTIONS.define("min", "list", variadic=True)
def minimum(*values: Value) -> Value:
    return extreme(one_or_many(values), largest=False)


@FUNCTIONS.define("max", "list", variadic=True)
def maximum(*values: Value) -> Value:
    return extreme(one_or_many(values), largest=True)


@FUNCTIONS.define("sum", "list", variadic=True)
def total(*values: Value) -> Value:
    items = one_or_many(values)
    if any(item is None or isinstance(item, str) for item in items):
        raise FeelError(_("its items are not all numbers"))
    return reduce(add, items) if items else None


@FUNCTIONS.define("mean", "list", variadic=True)
def mean(*values: Value) -> Decimal | None:
    numbers = [as_number(item) for item in one_or_many(values)]
    return DECIMAL128.divide(reduce(DECIMAL128.add, numbers), Decimal(len(numbers))) if numbers else None


@FUNCTIONS.define("product", "list", variadic=True)
def product(*values: Value) -> Decimal | None:
    numbers = [as_number(item) for item in one_or_many(values)]
    return reduce(DECIMAL128.multiply, numbers) if numbers else None


@FUNCTIONS.define("median", "list", variadic=True)
def median(*values: Value) -> Decimal | None:
    numbers = sorted(as_number(item) for item in one_or_many(values))
    if not numbers:
        return None
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return DECIMAL128.divide(DECIMAL128.add(numbers[middle - 1], numbers[middle]), Decimal(2))


@FUNCTIONS.define("stddev", "list", variadic=True)
def standard_deviation(*values: Value) -> Decimal | None:
    """The deviation of a sample: divided by one less than the count."""
    numbers = [as_number(item) for item in one_or_many(values)]
    if len(numbers) < 2:
        return None
    centre = DECIMAL128.divide(reduce(DECIMAL128.add, numbers), Decimal(len(numbers)))
    squares = [DECIMAL128.power(DECIMAL128.subtract(number, centre), 2) for number in numbers]
    variance = DECIMAL128.divide(reduce(DECIMAL128.add, squares), Decimal(len(numbers) - 1))
    return DECIMAL128.sqrt(variance)


@FUNCTIONS.define("mode", "list", variadic=True)
def mode(*values: Value) -> list[Decimal]:
    counts: dict[Decimal, int] = {}
    for item in one_or_many(values):
        counts[as_number(item)] = counts.get(as_number(item), 0) + 1
    most = max(counts.values(), default=0)
    return sorted(number for number, count in counts.items() if count == most)
