"""How the values of a key match a column: conditions in SQL with their parameters.

Every condition is put together from SQL of our own and parameters; nothing a peer sent becomes SQL.

Reference  PS3.4 §C.2.2.2.1 (single value), .2 (UID list), .3 (universal), .4 (wild card), .5 (range), .7 (empty value),
           .8 (multiple values)
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from archive.mpi.names import folded
from common.clock import parse_da
from common.errors import InvalidInput

EMPTY = '""'
_COMPONENTS = 5  # family, given, middle, prefix, suffix (PS3.5 §6.2.1.1)
_UID = re.compile(r"[0-9.]{1,64}")
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?")


@dataclass(frozen=True, slots=True)
class Condition:
    """A boolean expression and the parameters it holds, in order."""

    sql: str
    parameters: tuple[Any, ...] = ()


Matcher = Callable[[str, Sequence[str]], Condition]


def any_of(conditions: Sequence[Condition]) -> Condition:
    return _joined(" OR ", conditions)


def all_of(conditions: Sequence[Condition]) -> Condition:
    return _joined(" AND ", conditions)


def _joined(word: str, conditions: Sequence[Condition]) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    return Condition(
        "(" + word.join(condition.sql for condition in conditions) + ")",
        tuple(value for condition in conditions for value in condition.parameters),
    )


def matches_text(column: str, values: Sequence[str]) -> Condition:
    """Single value, several values, wild cards and the empty value, with regard to case."""
    exact = [value for value in values if not has_wildcard(value) and value != EMPTY]
    conditions = [
        Condition(f"{column} LIKE %s", (like_pattern(value),)) for value in values if has_wildcard(value)
    ]
    if EMPTY in values:
        conditions.append(Condition(f"COALESCE({column}, '') = ''"))
    if len(exact) == 1:
        conditions.append(Condition(f"{column} = %s", (exact[0],)))
    elif exact:
        conditions.append(Condition(f"{column} = ANY(%s::text[])", (exact,)))
    return any_of(conditions)


def matches_uid(column: str, values: Sequence[str]) -> Condition:
    """One UID or a list. Raises InvalidInput for what is no UID."""
    if not all(_UID.fullmatch(value) for value in values):
        raise InvalidInput("A UID key holds what is no UID", code="KEY_UID")
    return matches_text(column, values)


def matches_number(column: str, values: Sequence[str]) -> Condition:
    """Raises InvalidInput for what is no number."""
    try:
        numbers = [float(value) for value in values if value != EMPTY]
    except ValueError as error:
        raise InvalidInput("A numeric key holds what is no number", code="KEY_NUMBER") from error
    conditions = [Condition(f"{column} IS NULL")] if EMPTY in values else []
    if numbers:
        conditions.append(Condition(f"{column} = ANY(%s::double precision[])", (numbers,)))
    return any_of(conditions)


def matches_person(column: str, values: Sequence[str]) -> Condition:
    """A name kept as one text: without regard to case, and without its trailing components."""
    conditions = []
    for value in values:
        if value == EMPTY:
            conditions.append(Condition(f"COALESCE({column}, '') = ''"))
        else:
            patterns = [like_pattern(value.rstrip("^=")), like_pattern(value.rstrip("^=") + "^*")]
            conditions += [Condition(f"upper({column}) LIKE upper(%s)", (pattern,)) for pattern in patterns]
    return any_of(conditions)


def matches_date(column: str, values: Sequence[str]) -> Condition:
    return any_of([_date(column, value) for value in values])


def _date(column: str, value: str) -> Condition:
    if value == EMPTY:
        return Condition(f"{column} IS NULL")
    since, until = date_range(value)
    return between(column, since, until)


def matches_time(column: str, values: Sequence[str]) -> Condition:
    return any_of([_time(column, value) for value in values])


def _time(column: str, value: str) -> Condition:
    if value == EMPTY:
        return Condition(f"{column} IS NULL")
    since, until = time_range(value)
    return between(column, since, until)


def matches_datetime(date: str, time: str, date_key: str, time_key: str) -> Condition:
    """A date and a time range that are one range (PS3.4 §C.2.2.2.5.4)."""
    since_day, until_day = date_range(date_key)
    since, until = time_range(time_key)
    moment = f"({date} + COALESCE({time}, '00:00'::time))"
    conditions = [between(date, since_day, until_day)]
    if since_day is not None:
        conditions.append(
            Condition(f"{moment} >= %s::timestamp", (dt.datetime.combine(since_day, since or dt.time.min),))
        )
    if until_day is not None:
        conditions.append(
            Condition(f"{moment} <= %s::timestamp", (dt.datetime.combine(until_day, until or dt.time.max),))
        )
    return all_of(conditions)


def between(column: str, since: Any, until: Any) -> Condition:
    conditions = []
    if since is not None:
        conditions.append(Condition(f"{column} >= %s", (since,)))
    if until is not None:
        conditions.append(Condition(f"{column} <= %s", (until,)))
    return all_of(conditions) if conditions else Condition("true")


def date_range(value: str) -> tuple[dt.date | None, dt.date | None]:
    """The days a DA key matches: one day, `from-`, `-to` or `from-to`.

    Raises  InvalidInput for anything else.
    """
    first, dash, last = value.partition("-")
    since, until = parse_da(first), parse_da(last if dash else first)
    if (first.strip() and since is None) or (dash and last.strip() and until is None) or not (since or until):
        raise InvalidInput("A date key is no date and no range of dates", code="DATE_KEY")
    return since, until


def time_range(value: str) -> tuple[dt.time | None, dt.time | None]:
    """The times a TM key matches; a time told to the minute matches all of that minute.

    Raises  InvalidInput for what is no time and no range of times.
    """
    first, dash, last = (part.strip() for part in value.partition("-"))
    if not first and not last:
        raise InvalidInput("A time key is no time and no range of times", code="TIME_KEY")
    since = _time_of(first, is_upper=False) if first else None
    until = _time_of(last if dash else first, is_upper=True) if (last or not dash) else None
    return since, until


def _time_of(text: str, *, is_upper: bool) -> dt.time:
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidInput("A time key is no time and no range of times", code="TIME_KEY")
    hour, minute, second, fraction = match.groups()
    fill = ("59", "59", "9") if is_upper else ("0", "0", "0")
    try:
        return dt.time(
            int(hour), int(minute or fill[0]), int(second or fill[1]), int((fraction or "").ljust(6, fill[2]))
        )
    except ValueError as error:
        raise InvalidInput("A time key is no time and no range of times", code="TIME_KEY") from error


def matches_patient_name(alphabetic: str, ideographic: str, values: Sequence[str]) -> Condition:
    """A PN key against the two component groups the index keeps.

    A key of one group is tried on each group it may be of. Components a key leaves out or empty are open.
    """
    return any_of([_patient_name(alphabetic, ideographic, value) for value in values])


def _patient_name(alphabetic: str, ideographic: str, value: str) -> Condition:
    if value == EMPTY:
        return Condition(f"({alphabetic} IN ('', '^') AND {ideographic} = '')")
    first, equals, rest = value.partition("=")
    second = rest.partition("=")[0]
    conditions = []
    if first.strip("*^"):
        condition = _components(alphabetic, folded(first))
        if not equals and not first.isascii():
            ideograms = Condition(f"{ideographic} LIKE %s", (like_pattern(first.replace("^", "")),))
            condition = any_of([condition, ideograms])
        conditions.append(condition)
    if second.strip("*^"):
        conditions.append(Condition(f"{ideographic} LIKE %s", (like_pattern(second.replace("^", "")),)))
    return all_of(conditions) if conditions else Condition("true")


def _components(column: str, key: str) -> Condition:
    """A folded key against the folded components, of which family and given name are always there.

    Every pattern begins as the key does, so that an index of prefixes serves it. A key that ends within a name
    also matches names that go on with further components.
    """
    parts = key.split("^")[:_COMPONENTS]
    while parts[-1] in ("", "*"):
        parts.pop()
    pattern = "^".join(part or "*" for part in parts)
    if len(parts) == 1:
        pattern = pattern if pattern.endswith("*") else f"{pattern}^*"
    if pattern.endswith("*") or len(parts) == _COMPONENTS:
        return Condition(f"{column} LIKE %s", (like_pattern(pattern),))
    whole, begun = like_pattern(pattern), like_pattern(f"{pattern}^*")
    return Condition(f"({column} LIKE %s OR {column} LIKE %s)", (whole, begun))


def has_wildcard(value: str) -> bool:
    return "*" in value or "?" in value


def like_pattern(value: str) -> str:
    """The LIKE pattern of a value with wild cards."""
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return re.sub(r"\*+", "%", escaped).replace("?", "_")
