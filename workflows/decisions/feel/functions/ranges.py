"""Relations of points and ranges (Allen's interval algebra).

Reference  DMN 1.5 §10.3.4.9, table 81
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.functions.arguments import Functions
from workflows.decisions.feel.values import Range, Value, compare, equal

FUNCTIONS = Functions()


def as_interval(value: Value) -> Range:
    """A range as it is, a point as the range of itself."""
    if isinstance(value, Range):
        if value.start is None or value.end is None:
            raise FeelError(_("a range that is open to infinity has no such relation"))
        return value
    if value is None:
        raise FeelError(_("it needs a point or a range, not a null"))
    return Range(value, value, start_included=True, end_included=True)


def _order(left: Value, right: Value) -> int:
    order = compare(left, right)
    if order is None:
        raise FeelError(_("the two have no order"))
    return order


def _ends_before(left: Range, right: Range) -> bool:
    """Whether all of left lies before right."""
    order = _order(left.end, right.start)
    return order < 0 or (order == 0 and not (left.end_included and right.start_included))


def _starts_no_later(left: Range, right: Range) -> bool:
    order = _order(left.start, right.start)
    return order < 0 or (order == 0 and (left.start_included or not right.start_included))


def _ends_no_earlier(left: Range, right: Range) -> bool:
    order = _order(left.end, right.end)
    return order > 0 or (order == 0 and (left.end_included or not right.end_included))


def _same_start(left: Range, right: Range) -> bool:
    return _order(left.start, right.start) == 0 and left.start_included == right.start_included


def _same_end(left: Range, right: Range) -> bool:
    return _order(left.end, right.end) == 0 and left.end_included == right.end_included


@FUNCTIONS.define("before", "point1", "point2")
def before(left: Value, right: Value) -> bool:
    return _ends_before(as_interval(left), as_interval(right))


@FUNCTIONS.define("after", "point1", "point2")
def after(left: Value, right: Value) -> bool:
    return before(right, left)


@FUNCTIONS.define("meets", "range1", "range2")
def meets(left: Value, right: Value) -> bool:
    first, second = as_interval(left), as_interval(right)
    return first.end_included and second.start_included and _order(first.end, second.start) == 0


@FUNCTIONS.define("met by", "range1", "range2")
def met_by(left: Value, right: Value) -> bool:
    return meets(right, left)


@FUNCTIONS.define("overlaps", "range1", "range2")
def overlaps(left: Value, right: Value) -> bool:
    return not before(left, right) and not before(right, left)


@FUNCTIONS.define("overlaps before", "range1", "range2")
def overlaps_before(left: Value, right: Value) -> bool:
    first, second = as_interval(left), as_interval(right)
    return (
        overlaps(first, second)
        and _starts_no_later(first, second)
        and not _same_start(first, second)
        and _ends_no_earlier(second, first)
    )


@FUNCTIONS.define("overlaps after", "range1", "range2")
def overlaps_after(left: Value, right: Value) -> bool:
    return overlaps_before(right, left)


@FUNCTIONS.define("includes", "range", "point")
def includes(left: Value, right: Value) -> bool:
    first, second = as_interval(left), as_interval(right)
    return _starts_no_later(first, second) and _ends_no_earlier(first, second)


@FUNCTIONS.define("during", "point", "range")
def during(left: Value, right: Value) -> bool:
    return includes(right, left)


@FUNCTIONS.define("finishes", "point", "range")
def finishes(left: Value, right: Value) -> bool:
    return _same_end(as_interval(left), as_interval(right)) and includes(right, left)


@FUNCTIONS.define("finished by", "range", "point")
def finished_by(left: Value, right: Value) -> bool:
    return finishes(right, left)


@FUNCTIONS.define("starts", "point", "range")
def starts(left: Value, right: Value) -> bool:
    return _same_start(as_interval(left), as_interval(right)) and includes(right, left)


@FUNCTIONS.define("started by", "range", "point")
def started_by(left: Value, right: Value) -> bool:
    return starts(right, left)


@FUNCTIONS.define("coincides", "point1", "point2")
def coincides(left: Value, right: Value) -> bool:
    return bool(equal(as_interval(left), as_interval(right)))
