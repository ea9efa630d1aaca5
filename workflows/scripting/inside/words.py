"""The functions and kinds a script has without importing anything; none is a type of Python's own."""

from __future__ import annotations

import builtins
import datetime as dt
import decimal
import re
from collections.abc import Callable, Mapping
from typing import Any

from .denials import deny
from .language import ERRORS

MOST_BITS = 4096
LONGEST = 10_000_000
_SCALARS = frozenset({
    str, int, float, bool, type(None), decimal.Decimal,
    dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone,
})  # fmt: skip
_ADDRESS = re.compile(r" at 0x[0-9a-f]")


class Namespace:
    """A module as a script sees it: the members listed, and nothing of the module itself."""

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = dict(members)

    def member(self, name: str) -> Any:
        if name not in self._members:
            raise deny("attribute", name)
        return self._members[name]


class Kind(Namespace):
    """What stands for a type: it can be called and asked for with isinstance(), and has the members listed."""

    __slots__ = ("_make", "type")

    def __init__(self, kind: type, make: Callable[..., Any] | None = None, **members: Any) -> None:
        super().__init__(members)
        self.type = kind
        self._make = make or kind

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._make(*arguments, **named)


def shown(value: Any) -> Any:
    """The value, if its text is the same wherever the script runs: a function's would hold an address."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is list or kind is tuple:
        for each in value:
            shown(each)
        return value
    if kind is dict:
        for key, each in value.items():
            shown(key)
            shown(each)
        return value
    if isinstance(value, Exception):
        shown(value.args)
        if _ADDRESS.search(str(value)):  # Python's own sentences show whatever would not do
            raise deny("text")
        return value
    raise deny("text")


def formatted(value: Any, pattern: str) -> str:
    """A value in an f-string after its colon. A moment's needs `time`, which no script can import."""
    return format(shown(value), pattern)


def _text(value: Any = "") -> str:
    return str(shown(value))


def _is_instance(value: Any, kinds: Any) -> bool:
    asked = kinds if type(kinds) is tuple else (kinds,)
    return any(
        isinstance(value, each.type if type(each) is Kind else each if type(each) is type else ())
        for each in asked
    )


def times(left: Any, right: Any) -> Any:
    """`left * right`: a sequence is not repeated beyond LONGEST, an integer does not grow beyond MOST_BITS."""
    for one, other in ((left, right), (right, left)):
        if type(one) in (str, list, tuple) and type(other) is int and len(one) * other > LONGEST:
            raise deny("growth")
    _check_bits(left, right, lambda one, other: one + other)
    return left * right


def power(left: Any, right: Any) -> Any:
    """`left ** right`."""
    _check_bits(left, right, lambda one, _other: one * max(right, 1))
    return left**right


def shift(left: Any, right: Any) -> Any:
    """`left << right`."""
    _check_bits(left, right, lambda one, _other: one + max(right, 0))
    return left << right


def modulo(left: Any, right: Any) -> Any:
    """`left % right`, which for a text on the left is formatting."""
    return left % (shown(right) if type(left) is str else right)


def _check_bits(left: Any, right: Any, grown: Callable[[int, int], int]) -> None:
    if type(left) is int and type(right) is int and grown(left.bit_length(), right.bit_length()) > MOST_BITS:
        raise deny("growth")


_GUARDS = {"times()": times, "power()": power, "shift()": shift, "modulo()": modulo}


def augment(owner: Any, key: Any, guard: Callable[[Any, Any], Any], value: Any) -> None:
    """`owner[key] *= value`, and the like."""
    owner[key] = guard(owner[key], value)


def _round(number: Any, digits: int | None = None) -> Any:
    return round(number, digits)


_FUNCTIONS = (
    "abs", "all", "any", "chr", "divmod", "enumerate", "filter", "len", "map", "max", "min", "next", "ord", "range",
    "reversed", "sorted", "sum", "zip",
)  # fmt: skip

WORDS: dict[str, Any] = {
    **{name: getattr(builtins, name) for name in _FUNCTIONS},
    **{name: getattr(builtins, name) for name in sorted(ERRORS)},
    **_GUARDS,
    "augment()": augment,
    "formatted()": formatted,
    "shown()": shown,
    "bool": Kind(bool),
    "dict": Kind(dict, fromkeys=dict.fromkeys),
    "float": Kind(float),
    "int": Kind(int),
    "isinstance": _is_instance,
    "list": Kind(list),
    "pow": power,
    "round": _round,
    "str": Kind(str, _text),
    "tuple": Kind(tuple),
}
