"""Shifting dates by whole days: what lies between two dates of a patient stays as long as it was."""

from __future__ import annotations

import datetime as dt
import re

_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(.*)", re.DOTALL)
_OLD_DATE = re.compile(r"(\d{4})\.(\d{2})\.(\d{2})()")
_TIME_OR_OFFSET = re.compile(r"[+-]?\d{2,6}(\.\d{1,6})?|\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?")


def is_time_or_offset(value: str) -> bool:
    """Whether a value is a time of day or an offset from UTC, and nothing else."""
    return _TIME_OR_OFFSET.fullmatch(value.strip()) is not None


def shifted(value: str, *, days: int) -> str | None:
    """A DA or DT value moved back by `days`; None where it holds no whole date to move.

    Of a DT the time and the offset from UTC stay. A year or month alone cannot be moved by days.
    """
    found = _DATE.fullmatch(value.strip()) or _OLD_DATE.fullmatch(value.strip())
    if found is None:
        return None
    try:
        day = dt.date(int(found[1]), int(found[2]), int(found[3])) - dt.timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{day:%Y%m%d}{found[4]}" if day.year >= 1000 else None
