"""FEEL on its own, outside a decision model: the text of a script task.

Reference  DMN 1.5 §10.3
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from common.errors import InvalidInput, ServiceError
from common.sentences import sentence as _
from workflows.decisions.feel.compiler import compile_node
from workflows.decisions.feel.errors import ExpressionError
from workflows.decisions.feel.frames import Code, Frame
from workflows.decisions.feel.functions import BUILTINS
from workflows.decisions.feel.functions.conversion import written
from workflows.decisions.feel.grammar import parse_expression
from workflows.decisions.feel.names import Names
from workflows.decisions.feel.reader import Vocabulary
from workflows.decisions.feel.values import Value, YearsMonths, from_python, weigh
from workflows.decisions.limits import Run

LARGEST = 2**63 - 1


class FeelFault(Exception):
    """The text is no FEEL expression, or evaluating it costs too much. The message holds no values."""


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression as JSON would hold it. What has no answer is None, as FEEL has it.

    Raises  FeelFault.
    """
    code = _compiled(text, frozenset(names))
    try:
        values = {name: from_python(value) for name, value in names.items()}
        value = code(Frame(BUILTINS, Run()).within(values))
        weigh(value)
        return as_json(value)
    except (ServiceError, ValueError) as error:
        raise FeelFault(*error.args) from error
    except RecursionError as error:
        raise FeelFault(_("The expression is nested too deeply.")) from error


def check(text: str, names: Iterable[str] = ()) -> None:
    """See that a text is a FEEL expression; raises FeelFault."""
    _compiled(text, frozenset(names))


def as_json(value: Value) -> Any:
    """A FEEL value in the words of JSON: whole numbers as such, dates and durations as their texts.

    Raises  InvalidInput for what a case could not keep: a number beyond 64 bits, a NUL, half a surrogate pair.
    """
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, date | datetime | time | timedelta | YearsMonths):
        return written(value)
    if isinstance(value, dict):
        return {_text(key): as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    return value if value is None or isinstance(value, bool) else _text(written(value))


def _number(value: Decimal) -> int | float:
    if abs(value) > LARGEST:
        raise InvalidInput(_("A number in the result is too large."), code="RESULT_NOT_KEPT")
    return int(value) if value == value.to_integral_value() else float(value)


def _text(text: str) -> str:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidInput(_("A text in the result cannot be stored."), code="RESULT_NOT_KEPT")
    return text


@lru_cache(maxsize=512)
def _compiled(text: str, names: frozenset[str]) -> Code:
    try:
        node, _unknown = parse_expression(text, Vocabulary(Names({*BUILTINS, *names})))
        return compile_node(node)
    except ExpressionError as error:
        raise FeelFault(error.message) from error
