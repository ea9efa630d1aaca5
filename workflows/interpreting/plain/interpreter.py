"""Walking the tree of an expression: every part once at most."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from common.sentences import sentence as _
from workflows.interpreting.plain.errors import ExpressionError
from workflows.interpreting.plain.language import not_ours
from workflows.interpreting.plain.operations import calculate, call, check_weight, holds, item, number

_READING = (ast.Name, ast.Attribute, ast.Subscript)


def interpret(tree: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a checked tree over these names; raises ExpressionError."""
    try:
        value = _value(tree, names)
    except RecursionError as error:  # data nested deeper than any comparison goes
        raise ExpressionError(_("A value is nested too deeply")) from error
    if isinstance(value, list) and not isinstance(tree, _READING):
        check_weight(value)
    return value


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: C901, PLR0911 - one case a kind of node
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=owner, attr=name):
            return item(_value(owner, names), name)
        case ast.Subscript(value=owner, slice=key):
            return item(_value(owner, names), _value(key, names))
        case ast.BoolOp(op=op, values=values):
            return _boolean(op, values, names)
        case ast.UnaryOp(op=op, operand=operand):
            return _unary(op, _value(operand, names))
        case ast.BinOp(left=left, op=op, right=right):
            return calculate(type(op), _value(left, names), _value(right, names))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return _compare(_value(left, names), ops, [_value(each, names) for each in comparators])
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, names) else orelse, names)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_value(each, names) for each in elements]
        case ast.Call(func=ast.Name(id=name), args=args):
            return call(name, [_value(arg, names) for arg in args])
    raise not_ours(type(node).__name__)


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
    given = number(value)
    return -given if isinstance(op, ast.USub) else given


def _compare(left: Any, ops: list[ast.cmpop], rights: list[Any]) -> bool:
    for op, right in zip(ops, rights, strict=True):
        if not holds(type(op), left, right):
            return False
        left = right
    return True
