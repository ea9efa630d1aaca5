"""Conversions, `not`, and the texts of values.

Reference  DMN 1.5 §10.3.4.1, table 72; §10.3.4.2
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.functions.arguments import Functions, as_string
from workflows.decisions.feel.temporal import text_of
from workflows.decisions.feel.values import Range, Value, YearsMonths, weigh

FUNCTIONS = Functions()
NUMBER = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{1,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,4})?")
SEPARATORS = {" ", ",", "."}


@FUNCTIONS.define("not", "negand")
def negate_truth(negand: Value) -> bool | None:
    return not negand if isinstance(negand, bool) else None


@FUNCTIONS.define("number", "from", "grouping separator?", "decimal separator?")
def number(from_: Value, grouping: Value, decimal: Value) -> Decimal:
    if isinstance(from_, Decimal):
        return from_
    text = as_string(from_)
    if grouping is not None:
        if as_string(grouping) not in SEPARATORS or grouping == decimal:
            raise FeelError(
                _("the grouping separator is a space, a comma or a period, and not the decimal one")
            )
        text = text.replace(grouping, "")
    if decimal is not None:
        if as_string(decimal) not in SEPARATORS - {" "}:
            raise FeelError(_("the decimal separator is a comma or a period"))
        text = text.replace(decimal, ".")
    if NUMBER.fullmatch(text) is None:
        raise FeelError(_("the text is not a number"))
    return Decimal(text)


@FUNCTIONS.define("string", "from")
def string(from_: Value) -> str | None:
    weigh(from_)
    return None if from_ is None else written(from_)


def written(value: Value, *, depth: int = 0) -> str:  # noqa: PLR0911 - one line a kind
    """The text of any value; texts within lists and contexts stand in quotation marks."""
    if depth > 32:
        raise FeelError(_("the value is nested too deeply"))
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return value if depth == 0 else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case Decimal():
            return number_text(value)
        case date() | time() | datetime() | timedelta() | YearsMonths():
            return text_of(value)
        case list():
            return "[" + ", ".join(written(item, depth=depth + 1) for item in value) + "]"
        case dict():
            entries = (f"{key}: {written(item, depth=depth + 1)}" for key, item in value.items())
            return "{" + ", ".join(entries) + "}"
        case Range():
            ends = (
                written(end, depth=depth + 1) if end is not None else "" for end in (value.start, value.end)
            )
            brackets = ("[" if value.start_included else "(", "]" if value.end_included else ")")
            return brackets[0] + "..".join(ends) + brackets[1]
    return "function"


def number_text(value: Decimal) -> str:
    """A number without exponent and without zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
