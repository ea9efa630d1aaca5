"""Conditions and values in diagrams: a small language, read as Python syntax and interpreted here.

Nothing of a model is ever handed to `eval` or `exec`: the text is parsed, every node must be on the list
below, and the tree is walked by this module. As in FEEL, what is not there is null: an unknown name, key
or index is None, and an order comparison with None is false. `a.b` reads key `b` of an object, never an
attribute of anything.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

MAX_TEXT = 600
MAX_NODES = 120
MAX_NUMBER = 10**15
MAX_LENGTH = 10_000


class ExpressionError(Exception):
    """The text is not of the language, or its values do not fit the operation. The message is for designers."""


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression over these names.

    Raises  ExpressionError for text outside the language, and for values an operation cannot take.
    """
    return _value(parse(text), names)


@lru_cache(maxsize=2048)
def parse(text: str) -> ast.expr:
    """The checked tree of an expression; raises ExpressionError naming what is not allowed."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(_("An expression has at most %(max_text)s characters") % {"max_text": MAX_TEXT})
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError(_("Not an expression: %(text)s") % {"text": repr(text[:80])}) from error
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise ExpressionError(_("The expression has too many parts; make it two steps of the diagram"))
    _check(tree)
    return tree


_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "len": len,
    "lower": lambda text: _text(text).lower(),
    "max": max,
    "min": min,
    "round": round,
    "starts_with": lambda text, prefix: _text(text).startswith(_text(prefix)),
    "upper": lambda text: _text(text).upper(),
}
FUNCTIONS = tuple(_FUNCTIONS)
_PARTS = (ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.List, ast.Tuple)


def _check(node: ast.expr) -> None:  # noqa: C901 - one case a kind of node
    """Refuse by name every node that is not of the language."""
    match node:
        case ast.Constant(value=value):
            if not isinstance(value, str | int | float | bool | None):
                raise ExpressionError(
                    _("A value of type %(kind)s is not allowed") % {"kind": type(value).__name__}
                )
            _bounded(value)
        case ast.Name(id=name):
            _check_name(name)
        case ast.Attribute(value=owner, attr=name):
            _check_name(name)
            _check(owner)
        case ast.Subscript(value=owner, slice=key):
            _check(owner)
            _check(key)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            for arg in args:
                _check(arg)
        case ast.Call():
            raise ExpressionError(
                _("Only these functions may be called: %(names)s") % {"names": ", ".join(FUNCTIONS)}
            )
        case _ if isinstance(node, _PARTS):
            for child in ast.iter_child_nodes(node):
                _check_part(child)
        case _:
            raise ExpressionError(
                _("%(kind)s is not part of the expression language") % {"kind": type(node).__name__}
            )


def _check_part(node: ast.AST) -> None:
    if isinstance(node, ast.expr):
        _check(node)
    elif isinstance(node, ast.operator) and type(node) not in _ARITHMETIC:
        raise ExpressionError(
            _("The operator %(kind)s is not part of the expression language") % {"kind": type(node).__name__}
        )
    elif isinstance(node, ast.Invert):
        raise ExpressionError(_("The operator ~ is not part of the expression language"))


def _check_name(name: str) -> None:
    if name.startswith("_"):
        raise ExpressionError(_("Names must not start with an underscore: %(name)s") % {"name": name})


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: C901, PLR0911 - one case a kind of node
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=owner, attr=name):
            return _item(_value(owner, names), name)
        case ast.Subscript(value=owner, slice=key):
            return _item(_value(owner, names), _value(key, names))
        case ast.BoolOp(op=op, values=values):
            return _boolean(op, values, names)
        case ast.UnaryOp(op=op, operand=operand):
            return _unary(op, _value(operand, names))
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(op, _value(left, names), _value(right, names))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return _compare(_value(left, names), ops, [_value(each, names) for each in comparators])
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, names) else orelse, names)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_value(each, names) for each in elements]
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(name, [_value(arg, names) for arg in args])
    raise ExpressionError(f"{type(node).__name__} is not part of the expression language")


def _item(owner: Any, key: Any) -> Any:
    if isinstance(owner, dict) and isinstance(key, str | int):
        return owner.get(key)
    if isinstance(owner, list) and type(key) is int:
        return owner[key] if -len(owner) <= key < len(owner) else None
    if owner is None:
        return None
    raise ExpressionError(f"A value of type {type(owner).__name__} has no parts")


def _boolean(op: ast.boolop, values: list[ast.expr], names: Mapping[str, Any]) -> Any:
    result: Any = None
    for each in values:
        result = _value(each, names)
        if bool(result) is isinstance(op, ast.Or):
            return result
    return result


def _unary(op: ast.unaryop, value: Any) -> Any:
    if isinstance(op, ast.Not):
        return not value
    number = _number(value)
    return -number if isinstance(op, ast.USub) else number


def _arithmetic(op: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(op, ast.Add) and isinstance(left, str) and isinstance(right, str):
        return _bounded(left + right)
    try:
        return _bounded(_ARITHMETIC[type(op)](_number(left), _number(right)))
    except ZeroDivisionError as error:
        raise ExpressionError("Division by zero") from error


def _compare(left: Any, ops: list[ast.cmpop], rights: list[Any]) -> bool:
    for op, right in zip(ops, rights, strict=True):
        if not _holds(op, left, right):
            return False
        left = right
    return True


def _holds(op: ast.cmpop, left: Any, right: Any) -> bool:
    if isinstance(op, ast.In | ast.NotIn):
        found = right is not None and _contains(right, left)
        return found is isinstance(op, ast.In)
    if isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) and (left is None or right is None):
        return False
    try:
        return bool(_COMPARISONS[type(op)](left, right))
    except TypeError as error:
        raise ExpressionError(f"Cannot compare {type(left).__name__} with {type(right).__name__}") from error


def _contains(container: Any, member: Any) -> bool:
    if isinstance(container, str):
        return isinstance(member, str) and member in container
    if isinstance(container, list):
        return member in container
    if isinstance(container, dict):
        return isinstance(member, str) and member in container
    raise ExpressionError(f"A value of type {type(container).__name__} contains nothing")


def _call(name: str, args: list[Any]) -> Any:
    try:
        return _bounded(_FUNCTIONS[name](*args))
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ExpressionError(f"{name}() cannot take these values") from error


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"A number is needed, not {type(value).__name__}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ExpressionError(f"A text is needed, not {type(value).__name__}")
    return value


def _bounded(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= MAX_NUMBER:
        raise ExpressionError(_("The number is too large"))
    if isinstance(value, str) and len(value) > MAX_LENGTH:
        raise ExpressionError(_("The text is too long"))
    return value
