"""Dates, times and durations: from their ISO 8601 texts, to them, and the properties they have.

Years run from 1 to 9999 and fractions of a second to the microsecond: Python's calendar, not all of XML
Schema's.

Reference  DMN 1.5 §10.3.2.3.5 to §10.3.2.3.8, table 54 (properties)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.values import Value, YearsMonths, kind_of

DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
TIME = re.compile(r"T?(\d{2}):(\d{2}):(\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2}(?::\d{2})?|@[\w/+-]{1,64})?")
YEARS_MONTHS = re.compile(r"(-?)P(?=\d)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?")
DAYS_TIME = re.compile(
    r"(-?)P(?=[\dT])(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?"
)


def parse_date(text: str) -> date:
    match = DATE.fullmatch(text)
    if match is None:
        raise FeelError(_("date() needs a text such as 2026-03-31"))
    return make_date(*(int(part) for part in match.groups()))


def make_date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except (ValueError, OverflowError) as error:
        raise FeelError(_("there is no such day")) from error


def parse_time(text: str) -> time:
    match = TIME.fullmatch(text)
    if match is None:
        raise FeelError(_("time() needs a text such as 14:30:00 or 14:30:00+08:00"))
    hour, minute, second, fraction, zone = match.groups()
    microsecond = int(Decimal(fraction or 0) * 1_000_000)
    return make_time(int(hour), int(minute), int(second), microsecond, parse_zone(zone))


def make_time(hour: int, minute: int, second: int, microsecond: int, zone: tzinfo | None) -> time:
    try:
        return time(hour, minute, second, microsecond, tzinfo=zone)
    except (ValueError, OverflowError) as error:
        raise FeelError(_("there is no such time of day")) from error


def parse_zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text == "Z":
        return UTC
    if text.startswith("@"):
        try:
            return ZoneInfo(text[1:])
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise FeelError(_("there is no such time zone")) from error
    hours, minutes, *seconds = (int(part) for part in text[1:].split(":"))
    offset = timedelta(hours=hours, minutes=minutes, seconds=sum(seconds))
    return zone_of(-offset if text[0] == "-" else offset)


def zone_of(offset: timedelta) -> tzinfo:
    try:
        return timezone(offset)
    except ValueError as error:
        raise FeelError(_("a zone lies less than 24 hours from UTC")) from error


def parse_date_and_time(text: str) -> datetime:
    day, separator, clock = text.partition("T")
    if not separator:
        return datetime.combine(parse_date(day), time())
    return datetime.combine(parse_date(day), parse_time(clock))


def parse_duration(text: str) -> YearsMonths | timedelta:
    match = YEARS_MONTHS.fullmatch(text)
    if match is not None:
        months = int(match.group(2) or 0) * 12 + int(match.group(3) or 0)
        return YearsMonths(-months if match.group(1) else months)
    match = DAYS_TIME.fullmatch(text)
    if match is None:
        raise FeelError(_("duration() needs a text such as P3D, PT30M or P1Y6M"))
    days, hours, minutes, seconds = match.groups()[1:]
    try:
        length = timedelta(
            days=int(days or 0),
            hours=int(hours or 0),
            minutes=int(minutes or 0),
            microseconds=int(Decimal(seconds or 0) * 1_000_000),
        )
    except OverflowError as error:
        raise FeelError(_("the duration is too long")) from error
    return -length if match.group(1) else length


def parse_temporal(text: str) -> Value:
    """The value of `@"..."`, whichever of the kinds its text has."""
    for parse in (parse_date, parse_time, parse_date_and_time, parse_duration):
        try:
            return parse(text)
        except FeelError:
            continue
    raise FeelError(_("@ needs the text of a date, a time, a date and time or a duration"))


def add_months(day: date, months: int) -> date:
    """The same day so many months on, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(day.day, 27, -1):
        try:
            return day.replace(year=year, month=month + 1, day=last)
        except (ValueError, OverflowError):
            continue
    try:
        return day.replace(year=year, month=month + 1)
    except (ValueError, OverflowError) as error:
        raise FeelError(_("the date lies outside the calendar")) from error


def months_between(start: date, end: date) -> YearsMonths:
    """Whole months from start to end, negative backwards."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    elif months < 0 and end.day > start.day:
        months += 1
    return YearsMonths(months)


def text_of(value: Value) -> str:
    """The ISO 8601 text of a date, a time or a duration."""
    if isinstance(value, YearsMonths):
        years, months = divmod(abs(value.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return ("-" if value.months < 0 else "") + "P" + text
    if isinstance(value, timedelta):
        return _duration_text(value)
    if isinstance(value, datetime):
        return f"{value.date().isoformat()}T{_clock_text(value.timetz())}"
    if isinstance(value, time):
        return _clock_text(value)
    return str(value.isoformat())


def _clock_text(clock: time) -> str:
    text = clock.replace(tzinfo=None).isoformat()
    if clock.microsecond:
        text = text.rstrip("0")
    zone = clock.tzinfo
    if isinstance(zone, ZoneInfo):
        return f"{text}@{zone.key}"
    offset = clock.utcoffset()
    if offset is None:
        return text
    return text + ("Z" if not offset else clock.isoformat()[-6:])


def _duration_text(length: timedelta) -> str:
    sign, length = ("-", -length) if length < timedelta() else ("", length)
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{length.microseconds:06d}".rstrip("0") if length.microseconds else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction or not (length.days or clock):
        clock += f"{seconds}{fraction}S"
    return f"{sign}P" + (f"{length.days}D" if length.days else "") + (f"T{clock}" if clock else "")


def _signed(value: timedelta, unit: Callable[[timedelta], int]) -> Decimal:
    return Decimal(-unit(-value) if value < timedelta() else unit(value))


def _second(value: time | datetime) -> Decimal:
    return Decimal(value.second) + Decimal(value.microsecond) / 1_000_000


def _zone_name(value: time | datetime) -> str | None:
    if isinstance(value.tzinfo, ZoneInfo):
        return value.tzinfo.key
    return None if value.tzinfo is None else value.tzname()


DAY_PROPERTIES: Mapping[str, Callable[[Value], Value]] = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(value.isoweekday()),
}
CLOCK_PROPERTIES: Mapping[str, Callable[[Value], Value]] = {
    "hour": lambda value: Decimal(value.hour),
    "minute": lambda value: Decimal(value.minute),
    "second": _second,
    "time offset": lambda value: value.utcoffset(),
    "timezone": _zone_name,
}
PROPERTIES: Mapping[str, Mapping[str, Callable[[Value], Value]]] = {
    "date": DAY_PROPERTIES,
    "time": CLOCK_PROPERTIES,
    "date and time": {**DAY_PROPERTIES, **CLOCK_PROPERTIES},
    "days and time duration": {
        "days": lambda value: _signed(value, lambda length: length.days),
        "hours": lambda value: _signed(value, lambda length: length.seconds // 3600),
        "minutes": lambda value: _signed(value, lambda length: length.seconds // 60 % 60),
        "seconds": lambda value: _signed(value, lambda length: length.seconds % 60),
    },
    "years and months duration": {
        "years": lambda value: Decimal(int(value.months / 12)),
        "months": lambda value: Decimal(abs(value.months) % 12 * (1 if value.months >= 0 else -1)),
    },
    "range": {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}
PROPERTY_NAMES = frozenset(name for properties in PROPERTIES.values() for name in properties)


def property_of(value: Value, name: str) -> Value:
    """A property of a date, a time, a duration or a range.

    Raises  FeelError if this kind of value has no such property.
    """
    kind = kind_of(value)
    read = PROPERTIES.get(kind, {}).get(name)
    if read is None:
        raise FeelError(_("a %(kind)s has no “%(name)s”") % {"kind": kind, "name": name})
    return read(value)
