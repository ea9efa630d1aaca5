"""What a script may import: lists of members, never a module. A module leads to every other module.

The clock and chance are inputs: `datetime.datetime.now` is the moment the caller gave, `random` runs from the
caller's seed, and without one of them the script is told so.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import random
import re
import statistics
from collections.abc import Callable
from typing import Any

from .denials import deny
from .values import plain
from .words import Kind, Namespace

_MATH = (
    "acos", "asin", "atan", "atan2", "ceil", "copysign", "cos", "degrees", "dist", "e", "exp", "fabs", "floor",
    "fmod", "fsum", "hypot", "inf", "isclose", "isfinite", "isinf", "isnan", "isqrt", "log", "log10", "log2", "modf",
    "nan", "pi", "pow", "radians", "sin", "sqrt", "tan", "tau", "trunc",
)  # fmt: skip
_STATISTICS = ("fmean", "mean", "median", "median_high", "median_low", "mode", "pstdev", "quantiles", "stdev")
_RE = (
    "compile",
    "escape",
    "findall",
    "fullmatch",
    "match",
    "search",
    "split",
    "sub",
    "IGNORECASE",
    "MULTILINE",
)
_ROUNDINGS = ("ROUND_CEILING", "ROUND_DOWN", "ROUND_FLOOR", "ROUND_HALF_EVEN", "ROUND_HALF_UP", "ROUND_UP")


def _members(module: Any, names: tuple[str, ...]) -> Namespace:
    return Namespace({name: getattr(module, name) for name in names})


def _dumps(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def _loads(text: str) -> Any:
    return plain(json.loads(text))


def _datetime(now: dt.datetime | None) -> Namespace:
    def moment(timezone: dt.timezone | None = None) -> dt.datetime:
        if now is None:
            raise deny("clock")
        return now.astimezone(timezone) if timezone is not None else now

    def today() -> dt.date:
        return moment().date()

    kind = dt.datetime
    return Namespace({
        "date": Kind(dt.date, _of_numbers(dt.date), fromisoformat=dt.date.fromisoformat, today=today),
        "datetime": Kind(
            kind, _of_numbers(kind), combine=kind.combine, fromisoformat=kind.fromisoformat, now=moment,
            strptime=_strptime,
        ),
        "time": Kind(dt.time, _of_numbers(dt.time), fromisoformat=dt.time.fromisoformat),
        "timedelta": Kind(dt.timedelta),
        "timezone": Kind(dt.timezone, utc=dt.UTC),
    })  # fmt: skip


def _of_numbers(kind: Callable[..., Any]) -> Callable[..., Any]:
    """The kind as scripts call it: Python's own believes a text, too, as pickle writes one, whatever it says."""

    def make(*numbers: Any, **named: Any) -> Any:
        if numbers and type(numbers[0]) is str:
            raise TypeError
        return kind(*numbers, **named)

    return make


def _strptime(text: str, pattern: str) -> dt.datetime:
    return dt.datetime.strptime(text, pattern)  # noqa: DTZ007 - the script says what zone its texts are in


def _random(seed: str | None) -> Namespace:
    if seed is None:
        raise deny("chance")
    source = random.Random(seed)  # noqa: S311 - repeatable on purpose
    names = ("choice", "choices", "randint", "random", "sample", "shuffle", "uniform")
    return Namespace({name: getattr(source, name) for name in names})


class Importer:
    """What the import statements of one call give."""

    def __init__(self, *, now: str | None, seed: str | None) -> None:
        self._now, self._seed = now, seed

    def module(self, name: str) -> Namespace:
        if name == "datetime":
            return _datetime(dt.datetime.fromisoformat(self._now) if self._now else None)
        if name == "random":
            return _random(self._seed)
        if name not in _ALIKE:
            raise deny("import", name)
        return _ALIKE[name]


_ALIKE = {
    "decimal": Namespace(
        {"Decimal": Kind(decimal.Decimal)} | {name: getattr(decimal, name) for name in _ROUNDINGS}
    ),
    "json": Namespace({"dumps": _dumps, "loads": _loads}),
    "math": _members(math, _MATH),
    "re": _members(re, _RE),
    "statistics": _members(statistics, _STATISTICS),
}
MODULES = frozenset({"datetime", "random", *_ALIKE})
