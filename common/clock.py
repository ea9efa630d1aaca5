"""Now, and the DICOM and HL7 ways of writing it. Every other module asks here, so tests can move time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable


def _machine_clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


_source: Callable[[], dt.datetime] = _machine_clock


def now() -> dt.datetime:
    """The present moment, aware, in UTC."""
    return _source()


def use_source(source: Callable[[], dt.datetime] | None) -> None:
    """Let `source` tell the time in this process; None returns to the machine's clock."""
    global _source  # noqa: PLW0603 - the clock is one for the whole process
    _source = source or _machine_clock


def format_da(day: dt.date) -> str:
    """A DICOM DA or HL7 date, YYYYMMDD (PS3.5 §6.2)."""
    return day.strftime("%Y%m%d")


def format_tm(moment: dt.datetime | dt.time) -> str:
    """A DICOM TM, HHMMSS.FFFFFF (PS3.5 §6.2)."""
    return moment.strftime("%H%M%S.%f")


def format_dtm(moment: dt.datetime) -> str:
    """An HL7 TS/DTM with offset, YYYYMMDDHHMMSS+ZZZZ (HL7 v2.5.1 §2.A.22)."""
    return moment.strftime("%Y%m%d%H%M%S%z")


def parse_da(value: str | None) -> dt.date | None:
    """The date in a DA, also in the retired form with dots; None where there is none to be read."""
    digits = (value or "").strip().replace(".", "")
    if not re.fullmatch(r"\d{8}", digits):
        return None
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def parse_tm(value: str | None) -> dt.time | None:
    """The time in a TM (HH, HHMM, HHMMSS, HHMMSS.F to .FFFFFF); None where there is none to be read."""
    match = re.fullmatch(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?", (value or "").strip())
    if match is None:
        return None
    hour, minute, second, fraction = match.groups()
    try:
        return dt.time(int(hour), int(minute or 0), int(second or 0), int((fraction or "0").ljust(6, "0")))
    except ValueError:
        return None


def parse_dtm(value: str | None) -> dt.datetime | None:
    """The moment in an HL7 TS/DTM of any precision; without an offset it is taken as UTC."""
    match = re.fullmatch(
        r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.(\d{1,6})\d*)?([+-]\d{4})?",
        (value or "").strip(),
    )
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    zone = dt.UTC
    try:
        if offset:
            span = dt.timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
            zone = dt.timezone(-span if offset[0] == "-" else span)
        return dt.datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0),
            int(second or 0), int((fraction or "0").ljust(6, "0")), tzinfo=zone,
        )  # fmt: skip
    except ValueError:
        return None
