"""Moments as DICOM writes them (DT), of any precision and with or without an offset from UTC.

Reference  PS3.5 §6.2 (DT), PS3.4 §C.2.2.2.5.3 (range matching of DT)
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

from django.utils import timezone

from common.errors import InvalidInput

_DT = re.compile(
    r"(?P<Y>\d{4})(?:(?P<M>\d{2})(?:(?P<D>\d{2})(?:(?P<h>\d{2})(?:(?P<m>\d{2})(?:(?P<s>\d{2})(?:\.(?P<f>\d{1,6}))?)?)?)?)?)?"
    r"(?P<zone>[+-]\d{4})?"
)
_RANGE = re.compile(
    r"(?P<first>\d{4,14}(?:\.\d{1,6})?(?:[+-]\d{4})?)?-(?P<last>\d{4,14}(?:\.\d{1,6})?(?:[+-]\d{4})?)?"
)
Span = tuple[dt.datetime, dt.datetime]


def written(moment: dt.datetime) -> str:
    """The moment as a DT of our time zone, with its offset."""
    return timezone.localtime(moment).strftime("%Y%m%d%H%M%S.%f%z")


def moment_of(text: str, *, offset: str = "") -> dt.datetime:
    """The first moment a DT stands for. `offset` is the data set's own (0008,0201). Raises  InvalidInput."""
    return span_of(text, offset=offset)[0]


def span_of(text: str, *, offset: str = "") -> Span:
    """The first and the last moment a DT stands for. Raises  InvalidInput for what is none."""
    match = _DT.fullmatch(text.strip())
    if match is None:
        raise InvalidInput("A value is no date and time", code="DATETIME")
    zone = _zone(match["zone"] or offset)
    try:
        year, month = int(match["Y"]), int(match["M"] or 1)
        start = dt.datetime(
            year, month, int(match["D"] or 1), int(match["h"] or 0), int(match["m"] or 0),
            min(int(match["s"] or 0), 59), int((match["f"] or "0").ljust(6, "0")), tzinfo=zone,
        )  # fmt: skip
        last_month = int(match["M"] or 12)
        end = dt.datetime(
            year, last_month, int(match["D"] or calendar.monthrange(year, last_month)[1]), int(match["h"] or 23),
            int(match["m"] or 59), min(int(match["s"] or 59), 59), int((match["f"] or "").ljust(6, "9")), tzinfo=zone,
        )  # fmt: skip
        return start.astimezone(dt.UTC), end.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("A value is no date and time", code="DATETIME") from error


def range_of(text: str) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The moments a matching key covers: one DT, `from-`, `-to` or `from-to`. Raises  InvalidInput.

    What can be read as one DT with an offset west of Greenwich is one.
    """
    whole = _DT.fullmatch(text.strip())
    if whole is not None and (whole["zone"] is None or int(whole["zone"][1:3]) <= 14):
        return span_of(text)
    match = _RANGE.fullmatch(text.strip())
    if match is None or not (match["first"] or match["last"]):
        raise InvalidInput("A key is no date and time, and no range of them", code="DATETIME_KEY")
    since = span_of(match["first"])[0] if match["first"] else None
    until = span_of(match["last"])[1] if match["last"] else None
    return since, until


def _zone(offset: str) -> dt.tzinfo:
    if not offset:
        return timezone.get_current_timezone()
    sign = -1 if offset[0] == "-" else 1
    try:
        return dt.timezone(sign * dt.timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5])))
    except ValueError as error:
        raise InvalidInput("An offset from UTC is none", code="DATETIME") from error
