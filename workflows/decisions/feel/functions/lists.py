"""List functions that look for, pick, add and remove items.

Reference  DMN 1.5 §10.3.4.4, table 75
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from workflows.decisions.feel.access import invoke
from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.functions.arguments import (
    Functions,
    as_function,
    as_integer,
    as_list,
    one_or_many,
)
from workflows.decisions.feel.operators import both, either
from workflows.decisions.feel.values import Function, Value, equal, pay_for_comparing
from workflows.decisions.limits import Run

FUNCTIONS = Functions()


@FUNCTIONS.define("count", "list")
def count(list_: Value) -> int:
    return len(as_list(list_))


@FUNCTIONS.define("all", "list", variadic=True)
def all_(*values: Value) -> bool | None:
    result: bool | None = True
    for item in one_or_many(values):
        result = both(result, item)
    return result


@FUNCTIONS.define("any", "list", variadic=True)
def any_(*values: Value) -> bool | None:
    result: bool | None = False
    for item in one_or_many(values):
        result = either(result, item)
    return result


@FUNCTIONS.define("sublist", "list", "start position", "length?")
def sublist(list_: Value, start_position: Value, length: Value) -> list[Value]:
    items = as_list(list_)
    first = _index(items, start_position)
    if length is None:
        return items[first:]
    size = as_integer(length)
    if size < 0 or first + size > len(items):
        raise FeelError(_("the list has fewer items"))
    return items[first : first + size]


@FUNCTIONS.define("append", "list", "item", variadic=True)
def append(list_: Value, *items: Value) -> list[Value]:
    return [*as_list(list_), *items]


@FUNCTIONS.define("concatenate", "list", variadic=True)
def concatenate(*lists: Value) -> list[Value]:
    return [item for one in lists for item in as_list(one)]


@FUNCTIONS.define("insert before", "list", "position", "newItem")
def insert_before(list_: Value, position: Value, new_item: Value) -> list[Value]:
    items = as_list(list_)
    index = _index(items, position)
    return [*items[:index], new_item, *items[index:]]


@FUNCTIONS.define("remove", "list", "position")
def remove(list_: Value, position: Value) -> list[Value]:
    items = as_list(list_)
    index = _index(items, position)
    return [*items[:index], *items[index + 1 :]]


@FUNCTIONS.define("reverse", "list")
def reverse(list_: Value) -> list[Value]:
    return as_list(list_)[::-1]


def _index(items: list[Value], position: Value) -> int:
    number = as_integer(position)
    if not number or abs(number) > len(items):
        raise FeelError(_("the list has no item at this position"))
    return number - 1 if number > 0 else len(items) + number


def _replaced(run: Run, values: list[Value]) -> list[Value]:
    """`list replace(list, position, newItem)` and `list replace(list, match, newItem)`."""
    items, place, new_item = as_list(values[0]), values[1], values[2]
    if isinstance(place, Function):
        matches = as_function(place)
        return [new_item if invoke(run, matches, [item, new_item]) is True else item for item in items]
    index = _index(items, place)
    return [*items[:index], new_item, *items[index + 1 :]]


def _contains(run: Run, values: Sequence[Value]) -> bool:
    items, element = as_list(values[0]), values[1]
    pay_for_comparing(run, element, times=len(items))
    return any(equal(item, element) for item in items)


def _places(run: Run, values: Sequence[Value]) -> list[Value]:
    items, match = as_list(values[0]), values[1]
    pay_for_comparing(run, match, times=len(items))
    return [Decimal(number) for number, item in enumerate(items, start=1) if equal(item, match)]


def _distinct(run: Run, items: Iterable[Value]) -> list[Value]:
    """Items without those equal to an earlier one: each comparison is paid for."""
    kept: list[Value] = []
    for item in items:
        run.spend(1 + len(kept))
        pay_for_comparing(run, item, times=len(kept))
        if not any(equal(item, other) for other in kept):
            kept.append(item)
    return kept


def _flat(run: Run, value: Value) -> list[Value]:
    """Items of nested lists in one list, without recursion: the nesting may be deep."""
    flat: list[Value] = []
    waiting = [iter(as_list(value))]
    while waiting:
        for item in waiting[-1]:
            run.spend()
            if isinstance(item, list):
                waiting.append(iter(item))
                break
            flat.append(item)
        else:
            waiting.pop()
    return flat


FUNCTIONS += [
    Function("list contains", ("list", "element"), _contains, 2),
    Function("index of", ("list", "match"), _places, 2),
    Function("distinct values", ("list",), lambda run, values: _distinct(run, as_list(values[0])), 1),
    Function("union", ("list",), lambda run, values: _distinct(run, concatenate(*values)), 1, variadic=True),
    Function("flatten", ("list",), lambda run, values: _flat(run, values[0]), 1),
    Function(
        "list replace", ("list", "position", "newItem"), lambda run, values: _replaced(run, list(values)), 3
    ),
]
