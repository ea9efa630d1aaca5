"""What is made of values: comparing, calculating, the functions. Every value made here is bounded.

`*` takes numbers only, and there is neither `**` nor `<<`: nothing is repeated, nothing grows by its own size.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_noop

from common.sentences import Sentence
from common.sentences import sentence as _
from workflows.interpreting.plain.errors import ExpressionError

MAX_NUMBER = 10**15
MAX_LENGTH = 10_000
MAX_PARTS = 100_000
MAX_DIGITS = 15
LETTERS_A_PART = 64


def item(owner: Any, key: Any) -> Any:
    if isinstance(owner, dict) and isinstance(key, str | int):
        return owner.get(key)
    if isinstance(owner, list) and type(key) is int:
        return owner[key] if -len(owner) <= key < len(owner) else None
    if owner is None:
        return None
    raise ExpressionError(_("A value of the kind %(kind)s has no parts") % {"kind": kind_of(owner)})


def calculate(op: type[ast.operator], left: Any, right: Any) -> Any:
    if op is ast.Add and isinstance(left, str) and isinstance(right, str):
        return bounded(left + right)
    try:
        return bounded(ARITHMETIC[op](number(left), number(right)))
    except ZeroDivisionError as error:
        raise ExpressionError(_("Division by zero")) from error
    except OverflowError as error:  # of data: JSON's numbers may be as large as anybody writes them
        raise ExpressionError(_("The number is too large")) from error


def holds(op: type[ast.cmpop], left: Any, right: Any) -> bool:
    if op in (ast.In, ast.NotIn):
        found = right is not None and _contains(right, left)
        return found is (op is ast.In)
    if op in _ORDERS and (left is None or right is None):
        return False
    try:
        return bool(_COMPARISONS[op](left, right))
    except TypeError as error:
        kinds = {"left": kind_of(left), "right": kind_of(right)}
        raise ExpressionError(_("Cannot compare: %(left)s with %(right)s") % kinds) from error


def _is_same(left: Any, right: Any) -> bool:
    """What `is` says: equal and of one kind. Whether two numbers are one object in memory is nobody's to know."""
    return type(left) is type(right) and bool(left == right)


def _contains(container: Any, member: Any) -> bool:
    if isinstance(container, str):
        return isinstance(member, str) and member in container
    if isinstance(container, list):
        return member in container
    if isinstance(container, dict):
        return isinstance(member, str) and member in container
    raise ExpressionError(_("A value of the kind %(kind)s contains nothing") % {"kind": kind_of(container)})


def call(name: str, args: list[Any]) -> Any:
    try:
        return bounded(FUNCTIONS[name](*args))
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ExpressionError(_("%(name)s() cannot take these values") % {"name": name}) from error


def number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(_("A number is needed; this is: %(kind)s") % {"kind": kind_of(value)})
    return value


def _digits(value: Any) -> int | None:
    """Places to round to: to minus a billion places, 10 would be raised to the power of a billion."""
    if value is None:
        return None
    if type(value) is not int or abs(value) > MAX_DIGITS:
        raise ExpressionError(_("Numbers are rounded to %(most)d places at most") % {"most": MAX_DIGITS})
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ExpressionError(_("A text is needed; this is: %(kind)s") % {"kind": kind_of(value)})
    return value


def kind_of(value: Any) -> Sentence:
    """What a value is, in words: what JSON has, and nothing else gets here."""
    return Sentence(_KINDS.get(type(value), type(value).__name__))


def bounded(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= MAX_NUMBER:
        raise ExpressionError(_("The number is too large"))
    if isinstance(value, str) and len(value) > MAX_LENGTH:
        raise ExpressionError(_("The text is too long"))
    return value


def check_weight(value: Any) -> None:
    """A list written in an expression may name the same data many times over: what it comes to is bounded."""
    waiting, seen = [value], 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, str):
            seen += len(part) // LETTERS_A_PART
        seen += 1
        if seen > MAX_PARTS:
            raise ExpressionError(_("The list is too long"))


_KINDS: dict[type, str] = {
    bool: gettext_noop("true or false"),
    dict: gettext_noop("an object"),
    float: gettext_noop("a number"),
    int: gettext_noop("a number"),
    list: gettext_noop("a list"),
    str: gettext_noop("a text"),
    type(None): gettext_noop("nothing"),
}
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: _is_same,
    ast.IsNot: lambda left, right: not _is_same(left, right),
}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "len": len,
    "lower": lambda text: _text(text).lower(),
    "max": max,
    "min": min,
    "round": lambda value, digits=None: round(number(value), _digits(digits)),
    "starts_with": lambda text, prefix: _text(text).startswith(_text(prefix)),
    "upper": lambda text: _text(text).upper(),
}
