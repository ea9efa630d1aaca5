"""Matching of optional keys, which the index keeps as DICOM JSON in `attributes`.

Reference  PS3.4 §C.2.2.2.6 (sequence matching: all keys within the same item)
"""

from __future__ import annotations

from collections.abc import Sequence

from archive.studies.queries.matching import (
    EMPTY,
    Condition,
    Matcher,
    all_of,
    any_of,
    date_range,
    matches_number,
    matches_person,
    matches_text,
    time_range,
)
from archive.studies.queries.requests import Key

_NAME_GROUPS = "concat_ws('=', {0}->>'Alphabetic', {0}->>'Ideographic')"


def matches_kept(holder: str, key: Key, *, depth: int = 0) -> Condition:
    """Whether the DICOM JSON object `holder` has the attribute of a key with a value that matches."""
    values = f"{holder}->'{key.tag:08X}'->'Value'"
    name = f"v{depth}"
    if key.items:
        wanted = [
            matches_kept(f"{name}.x", within, depth=depth + 1)
            for within in key.items
            if not within.is_universal
        ]
        return _exists(f"jsonb_array_elements({values}) {name}(x)", all_of(wanted))
    if EMPTY in key.values:
        others = [value for value in key.values if value != EMPTY]
        absent = Condition(f"{values} IS NULL")
        return (
            any_of([absent, matches_kept(holder, Key(key.tag, key.vr, tuple(others)))]) if others else absent
        )
    if key.vr == "PN":
        column = _NAME_GROUPS.format(f"{name}.x")
        return _exists(f"jsonb_array_elements({values}) {name}(x)", matches_person(column, key.values))
    matcher = _MATCHERS.get(key.vr, matches_text)
    column = f"{name}.x::double precision" if matcher is matches_number else f"{name}.x"
    return _exists(f"jsonb_array_elements_text({values}) {name}(x)", matcher(column, key.values))


def _exists(source: str, condition: Condition) -> Condition:
    return Condition(f"EXISTS (SELECT 1 FROM {source} WHERE {condition.sql})", condition.parameters)  # noqa: S608


def _dates(column: str, values: Sequence[str]) -> Condition:
    ranges = [date_range(value) for value in values]
    return any_of(
        [
            _text_between(
                column, since.strftime("%Y%m%d") if since else "", until.strftime("%Y%m%d") if until else ""
            )
            for since, until in ranges
        ]
    )


def _times(column: str, values: Sequence[str]) -> Condition:
    ranges = [time_range(value) for value in values]
    return any_of(
        [
            _text_between(
                column,
                since.strftime("%H%M%S") if since else "",
                until.strftime("%H%M%S.%f") if until else "",
            )
            for since, until in ranges
        ]
    )


def _text_between(column: str, since: str, until: str) -> Condition:
    """Dates and times of fixed form are in the order of their text."""
    conditions = [Condition(f"{column} >= %s", (since,))] if since else []
    if until:
        conditions.append(Condition(f"{column} <= %s", (until,)))
    return all_of(conditions)


_MATCHERS: dict[str, Matcher] = {"DA": _dates, "TM": _times, "DS": matches_number, "IS": matches_number}
