"""What an expression may say: the nodes of Python's syntax that are on the list, and how many of them."""

from __future__ import annotations

import ast
from functools import lru_cache

from common.sentences import sentence as _
from workflows.interpreting.plain.errors import ExpressionError
from workflows.interpreting.plain.operations import ARITHMETIC, FUNCTIONS, bounded

MAX_TEXT = 600
MAX_NODES = 120
_PARTS = (ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.List, ast.Tuple)


@lru_cache(maxsize=2048)
def parse(text: str) -> ast.expr:
    """The checked tree of an expression; raises ExpressionError naming what is not allowed."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(_("An expression has at most %(max_text)s characters") % {"max_text": MAX_TEXT})
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError(_("Not an expression: %(text)s") % {"text": repr(text[:80])}) from error
    if sum(1 for _node in ast.walk(tree)) > MAX_NODES:
        raise ExpressionError(_("The expression has too many parts; use a script task, or two steps"))
    _check(tree)
    return tree


def _check(node: ast.expr) -> None:  # noqa: C901 - one case a kind of node
    """Refuse by name every node that is not of the language."""
    match node:
        case ast.Constant(value=value):
            if not isinstance(value, str | int | float | bool | None):
                raise ExpressionError(
                    _("A value of type %(kind)s is not allowed") % {"kind": type(value).__name__}
                )
            bounded(value)
        case ast.Name(id=name):
            _check_name(name)
        case ast.Attribute(value=owner, attr=name):
            _check_name(name)
            _check(owner)
        case ast.Subscript(value=owner, slice=key):
            _check(owner)
            _check(key)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            for arg in args:
                _check(arg)
        case ast.Call():
            raise ExpressionError(
                _("Only these functions may be called: %(names)s; use a script task for more")
                % {"names": ", ".join(FUNCTIONS)}
            )
        case _ if isinstance(node, _PARTS):
            for child in ast.iter_child_nodes(node):
                _check_part(child)
        case _:
            raise not_ours(type(node).__name__)


def _check_part(node: ast.AST) -> None:
    if isinstance(node, ast.expr):
        _check(node)
    elif isinstance(node, ast.operator) and type(node) not in ARITHMETIC:
        raise not_ours(_("The operator %(kind)s") % {"kind": type(node).__name__})
    elif isinstance(node, ast.Invert):
        raise not_ours(_("The operator %(kind)s") % {"kind": "~"})


def not_ours(what: str) -> ExpressionError:
    return ExpressionError(
        _("%(kind)s is not part of the expression language; use a script task") % {"kind": what}
    )


def _check_name(name: str) -> None:
    if name.startswith("_"):
        raise ExpressionError(_("Names must not start with an underscore: %(name)s") % {"name": name})
