"""Functions that make and read dates, times and durations.

Reference  DMN 1.5 §10.3.4.1 (table 72), §10.3.4.7, §10.3.4.8 (tables 78 to 80)
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from django.utils.translation import gettext as _

from common import clock
from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.functions.arguments import (
    Functions,
    as_clock,
    as_day,
    as_integer,
    as_length,
    as_number,
    as_string,
)
from workflows.decisions.feel.temporal import (
    make_date,
    make_time,
    months_between,
    parse_date,
    parse_date_and_time,
    parse_duration,
    parse_time,
    parse_zone,
    zone_of,
)
from workflows.decisions.feel.values import Value, YearsMonths, equal, kind_of

FUNCTIONS = Functions()
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@FUNCTIONS.define("date", "year", "month?", "day?")
def to_date(year: Value, month: Value, day: Value) -> date:
    """`date("2026-03-31")`, `date(a date and time)` or `date(2026, 3, 31)`."""
    if month is not None or day is not None:
        return make_date(as_integer(year), as_integer(month), as_integer(day))
    if isinstance(year, str):
        return parse_date(year)
    moment = as_day(year)
    return moment.date() if isinstance(moment, datetime) else moment


@FUNCTIONS.define("time", "hour", "minute?", "second?", "offset?")
def to_time(hour: Value, minute: Value, second: Value, offset: Value) -> time:
    """`time("14:30:00")`, `time(a date and time)` or `time(14, 30, 0, an offset)`."""
    if minute is None and second is None:
        return _time_from(hour)
    whole = as_number(second)
    seconds = int(whole)
    zone = zone_of(as_length(offset)) if offset is not None else None
    microsecond = int((whole - seconds) * 1_000_000)
    return make_time(as_integer(hour), as_integer(minute), seconds, microsecond, zone)


def _time_from(value: Value) -> time:
    if isinstance(value, str):
        return parse_time(value)
    if isinstance(value, datetime):
        return value.timetz()
    if isinstance(value, date):
        return time(tzinfo=UTC)
    return as_clock(value)


@FUNCTIONS.define("date and time", "date", "time?")
def to_date_and_time(day: Value, clock_: Value) -> datetime:
    """`date and time("2026-03-31T14:30:00")`, or of a date and a time, or into a time zone."""
    if clock_ is None:
        return day if isinstance(day, datetime) else parse_date_and_time(as_string(day))
    if isinstance(clock_, str):
        return _in_zone(day, parse_zone("@" + clock_))
    moment = as_day(day)
    return datetime.combine(moment.date() if isinstance(moment, datetime) else moment, as_clock(clock_))


def _in_zone(moment: Value, zone: tzinfo | None) -> datetime:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise FeelError(_("only a date and time with a zone can be told in another"))
    return moment.astimezone(zone)


@FUNCTIONS.define("duration", "from")
def to_duration(from_: Value) -> YearsMonths | timedelta:
    if isinstance(from_, timedelta | YearsMonths):
        return from_
    return parse_duration(as_string(from_))


@FUNCTIONS.define("years and months duration", "from", "to")
def years_and_months_duration(from_: Value, to: Value) -> YearsMonths:
    return months_between(as_day(from_), as_day(to))


@FUNCTIONS.define("now")
def now() -> datetime:
    return clock.now()


@FUNCTIONS.define("today")
def today() -> date:
    return clock.now().date()


@FUNCTIONS.define("day of year", "date")
def day_of_year(day: Value) -> Decimal:
    return Decimal(as_day(day).timetuple().tm_yday)


@FUNCTIONS.define("day of week", "date")
def day_of_week(day: Value) -> str:
    return DAYS[as_day(day).weekday()]


@FUNCTIONS.define("month of year", "date")
def month_of_year(day: Value) -> str:
    return MONTHS[as_day(day).month - 1]


@FUNCTIONS.define("week of year", "date")
def week_of_year(day: Value) -> Decimal:
    return Decimal(as_day(day).isocalendar().week)


@FUNCTIONS.define("is", "value1", "value2")
def is_same(value1: Value, value2: Value) -> bool:
    """Equal, and of the same kind and zone."""
    if kind_of(value1) != kind_of(value2):
        return False
    if isinstance(value1, time | datetime) and value1.utcoffset() != value2.utcoffset():
        return False
    return bool(equal(value1, value2))
