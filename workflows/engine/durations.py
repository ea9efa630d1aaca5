"""ISO 8601 durations and repeating intervals as diagrams write them: `PT30M`, `P1D`, `R3/PT10M`."""

from __future__ import annotations

import datetime as dt
import re

_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_CYCLE = re.compile(r"R(\d*)/(P.+)")


def is_timing(text: str) -> bool:
    """Whether the text itself is a duration, a repetition or a moment, rather than an expression."""
    return parse_duration(text) is not None or parse_cycle(text) is not None or parse_moment(text) is not None


def parse_duration(text: str) -> dt.timedelta | None:
    """The duration, or None; years and months are left out, as their length depends on the day."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def parse_cycle(text: str) -> tuple[int, dt.timedelta] | None:
    """How often (-1 for ever) and at which distance, or None."""
    match = _CYCLE.fullmatch(text.strip())
    if match is None:
        return None
    every = parse_duration(match.group(2))
    if every is None or every <= dt.timedelta(0):
        return None
    return int(match.group(1) or -1), every


def parse_moment(text: str) -> dt.datetime | None:
    """A date and time with offset, or None."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
