"""ISO 8601 durations and repeating intervals as diagrams write them: `PT30M`, `P1D`, `R3/PT10M`."""

from __future__ import annotations

import datetime as dt
import re

_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_CYCLE = re.compile(r"R(\d{0,9})/(P.+)")
_LOOKS = re.compile(r"[-+]?P(?:\d[\d.,]*[YMWD])*(?:T(?:\d[\d.,]*[HMS])*)?|R-?\d*/.*|\d{4}-\d\d-\d\d.*")

LONGEST = dt.timedelta(days=36525)
"""A hundred years: whoever waits longer has written something else than what was meant."""
SHORTEST_CYCLE = dt.timedelta(seconds=1)
_YEARS = range(1900, 9000)


def is_timing(text: str) -> bool:
    """Whether the text itself is a duration, a repetition or a moment, rather than an expression."""
    return parse_duration(text) is not None or parse_cycle(text) is not None or parse_moment(text) is not None


def looks_like_timing(text: str) -> bool:
    """Whether a text is written as ISO 8601 writes times, whether we can read it or not."""
    return is_timing(text) or _LOOKS.fullmatch(text.strip()) is not None


def parse_duration(text: str) -> dt.timedelta | None:
    """The duration, or None; years and months are left out, as their length depends on the day."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    try:
        duration = dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return None
    return duration if duration <= LONGEST else None


def parse_cycle(text: str) -> tuple[int, dt.timedelta] | None:
    """How often (-1 for ever) and at which distance, or None; never is no repetition, and a second the shortest."""
    match = _CYCLE.fullmatch(text.strip())
    if match is None:
        return None
    every = parse_duration(match.group(2))
    times = int(match.group(1) or -1)
    if every is None or every < SHORTEST_CYCLE or times == 0:
        return None
    return times, every


def parse_moment(text: str) -> dt.datetime | None:
    """A date and time with offset that every clock here can tell, or None."""
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment.year in _YEARS else None
