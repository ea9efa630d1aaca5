"""When processes begin by the clock: a moment, a repetition, or minute, hour, day, month and weekday.

The five fields are those of POSIX crontab; a day of the month and a weekday that are both written mean either.

Reference  BPMN 2.0.2 §10.5.2 (Timer Start Event); ISO 8601; IEEE Std 1003.1 crontab
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from workflows.engine.durations import parse_cycle, parse_moment

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_PART = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?")
_LONGEST = dt.timedelta(days=366 * 8)  # 29 February may be eight years away


@dataclass(frozen=True, slots=True)
class Schedule:
    """The beginnings a text asks for. `times` is how many are left, -1 for no end."""

    times: int
    moment: dt.datetime | None = None
    every: dt.timedelta | None = None
    fields: tuple[frozenset[int], ...] = ()
    either_day: bool = False

    def after(self, moment: dt.datetime) -> dt.datetime | None:
        """The first beginning later than a moment, in that moment's time zone; None if there is none."""
        if self.moment is not None:
            return self.moment if self.moment > moment else None
        if self.every is not None:
            return moment + self.every
        return self._next_minute(moment)

    def _next_minute(self, moment: dt.datetime) -> dt.datetime | None:
        minutes, hours = self.fields[:2]
        at = moment.replace(second=0, microsecond=0) + dt.timedelta(minutes=1)
        while at - moment < _LONGEST:
            if not self._on_day(at):
                at = at.replace(hour=0, minute=0) + dt.timedelta(days=1)
            elif at.hour not in hours:
                at = at.replace(minute=0) + dt.timedelta(hours=1)
            elif at.minute not in minutes:
                at += dt.timedelta(minutes=1)
            else:
                return at
        return None

    def _on_day(self, at: dt.datetime) -> bool:
        _minutes, _hours, days, months, weekdays = self.fields
        fits = (at.day in days, at.isoweekday() % 7 in weekdays)
        return at.month in months and (any(fits) if self.either_day else all(fits))


def parse_schedule(text: str) -> Schedule | None:
    """The schedule a timer start event writes, or None."""
    moment = parse_moment(text)
    if moment is not None:
        return Schedule(times=1, moment=moment)
    cycle = parse_cycle(text)
    if cycle is not None:
        return Schedule(times=cycle[0], every=cycle[1])
    return _crontab(text.split())


def _crontab(words: list[str]) -> Schedule | None:
    if len(words) != len(_RANGES):
        return None
    fields = [_field(word, *limits) for word, limits in zip(words, _RANGES, strict=True)]
    if not all(fields):
        return None
    fields[4] = frozenset(day % 7 for day in fields[4])  # 7 is Sunday too
    return Schedule(times=-1, fields=tuple(fields), either_day="*" not in (words[2][0], words[4][0]))


def _field(word: str, low: int, high: int) -> frozenset[int]:
    """The values a field allows; none where it cannot be read."""
    values: set[int] = set()
    for part in word.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return frozenset()
        first = int(match[1]) if match[1] else low
        last = int(match[2]) if match[2] else (first if match[1] and not match[3] else high)
        step = int(match[3] or 1)
        if not (low <= first <= last <= high and step):
            return frozenset()
        values |= set(range(first, last + 1, step))
    return frozenset(values)
