"""The methods a script may call, by the exact kind of the value. Bound methods are never values of a script."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections.abc import Callable
from typing import Any

from . import words
from .denials import deny
from .rewriting import MEMBER, METHOD, PART
from .words import Kind, Namespace

_DATE = {"isoformat", "isoweekday", "replace", "strftime", "weekday", "toordinal"}
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset({
        "capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii",
        "isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "join", "ljust", "lower",
        "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition",
        "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper", "zfill",
    }),
    list: frozenset({
        "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
    }),
    dict: frozenset({"clear", "copy", "get", "pop", "setdefault", "update"}),
    tuple: frozenset({"count", "index"}),
    int: frozenset({"bit_length"}),
    float: frozenset({"is_integer"}),
    decimal.Decimal: frozenset({"quantize", "normalize", "is_nan", "to_integral_value"}),
    dt.date: frozenset(_DATE),
    dt.datetime: frozenset({*_DATE, "astimezone", "date", "time", "timestamp"}),
    dt.time: frozenset({"isoformat", "replace", "strftime"}),
    dt.timedelta: frozenset({"total_seconds"}),
    re.Pattern: frozenset({"findall", "finditer", "fullmatch", "match", "search", "split", "sub"}),
    re.Match: frozenset({"end", "group", "groupdict", "groups", "span", "start"}),
}  # fmt: skip
# A view of a dictionary would give sets, whose order is not the script's to know: lists instead.
_LISTED = frozenset({"items", "keys", "values"})
# Some of their methods import on their way (`time`, `re`), with the words of whoever calls: so that has to be us.
_IMPORTING = frozenset({dt.date, dt.datetime, dt.time, re.Pattern})
_READ: dict[type, frozenset[str]] = {
    dt.date: frozenset({"year", "month", "day"}),
    dt.datetime: frozenset({"year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo"}),
    dt.time: frozenset({"hour", "minute", "second", "microsecond"}),
    dt.timedelta: frozenset({"days", "seconds", "microseconds"}),
}


def method(owner: Any, name: str) -> Any:
    """What `owner.name(...)` calls."""
    kind = type(owner)
    if kind is Namespace or kind is Kind:
        return owner.member(name)
    if name in _METHODS.get(kind, ()):
        called = getattr(owner, name)
        return _by_us(called) if kind in _IMPORTING else called
    if kind is dict and name in _LISTED:
        return lambda: list(getattr(owner, name)())
    raise deny("method", name)


def _by_us(called: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        return called(*arguments, **named)

    return call


def part(owner: Any, name: str) -> Any:
    """What `owner.name` reads: a key of an object, null where there is none; or a part of a moment."""
    kind = type(owner)
    if kind is dict:
        return owner.get(name)
    if owner is None:
        return None
    if kind is Namespace or kind is Kind:
        return owner.member(name)
    if name in _READ.get(kind, ()):
        return getattr(owner, name)
    raise deny("attribute", name)


WORDS: dict[str, Any] = {**words.WORDS, METHOD: method, PART: part, MEMBER: Namespace.member}
"""All a script finds without importing it; what stands in for Python's builtins."""
