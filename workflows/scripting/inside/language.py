"""What a script may say: Python, narrowed to the nodes listed here, and no way to look behind a value.

The tree is checked before anything runs. An attribute is never Python's own: `a.b(...)` calls a method that
`methods` knows for values of that kind, and `a.b` reads key `b`, as everywhere else in our diagrams. A name that
begins with two underscores is refused wherever it stands; identifiers are compared after Python's own
normalisation (PEP 3131), so there is no second spelling of one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .denials import Denied
from .rewriting import Rewriting

TEXT = "script"  # what a script's text is called in traces; no file
MAX_TEXT = 32_000
MAX_NODES = 10_000
MAX_NUMBER = 10**18

ERRORS = frozenset({
    "ArithmeticError", "AssertionError", "IndexError", "KeyError", "LookupError", "TypeError", "ValueError",
    "ZeroDivisionError",
})  # fmt: skip

_STATEMENTS = (
    ast.Expr, ast.Assign, ast.AugAssign, ast.For, ast.While, ast.If, ast.Break, ast.Continue, ast.Pass,
    ast.FunctionDef, ast.Return, ast.Try, ast.ExceptHandler, ast.Raise, ast.Assert, ast.Import, ast.ImportFrom,
    ast.Delete,
)  # fmt: skip
_EXPRESSIONS = (
    ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.Lambda, ast.IfExp, ast.Dict, ast.ListComp,
    ast.DictComp, ast.GeneratorExp, ast.Compare, ast.Call, ast.JoinedStr, ast.FormattedValue, ast.Constant,
    ast.Attribute, ast.Subscript, ast.Starred, ast.Name, ast.List, ast.Tuple, ast.Slice,
)  # fmt: skip
_PARTS = (
    ast.Module, ast.Expression, ast.arguments, ast.arg, ast.keyword, ast.alias, ast.comprehension,
    ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip
_ALLOWED = (*_STATEMENTS, *_EXPRESSIONS, *_PARTS)


class Script:
    """A script ready to be compiled, and the names its imports bind: tools, not results."""

    def __init__(self, tree: ast.Module | ast.Expression, imported: frozenset[str] = frozenset()) -> None:
        self.tree, self.imported = tree, imported


def narrowed(source: str, *, is_expression: bool, modules: frozenset[str]) -> Script:
    """A script, checked and rewritten so that every step we watch goes through us.

    Raises  Denied, with the line, for what is not of the language; SyntaxError for what is not Python.
    """
    if len(source) > MAX_TEXT:
        raise Denied("length")
    tree = _parsed(source, is_expression=is_expression)
    imported = set()
    for count, node in enumerate(ast.walk(tree)):
        if count > MAX_NODES:
            raise Denied("length")
        _check(node)
        if isinstance(node, ast.Import | ast.ImportFrom):
            _check_modules(node, modules)
            imported |= {alias.asname or alias.name for alias in node.names}
    try:
        rewritten = Rewriting().visit(tree)
    except RecursionError:
        raise Denied("depth") from None
    return Script(ast.fix_missing_locations(rewritten), frozenset(imported))


def _parsed(source: str, *, is_expression: bool) -> ast.Module | ast.Expression:
    try:
        if is_expression:
            return ast.parse(source.strip(), TEXT, mode="eval")
        return ast.parse(source, TEXT)
    except (MemoryError, RecursionError):
        raise Denied("depth") from None
    except ValueError as error:  # a NUL or half a surrogate pair in the text
        raise SyntaxError from error


def _check(node: ast.AST) -> None:
    if not isinstance(node, _ALLOWED) or isinstance(node, ast.MatMult):
        raise _refused("syntax", node, type(node).__name__)
    check = _CHECKS.get(type(node))
    if check is not None:
        check(node)


def _check_modules(node: ast.Import | ast.ImportFrom, modules: frozenset[str]) -> None:
    if isinstance(node, ast.ImportFrom):
        asked = {"." * node.level + (node.module or "")}
    else:
        asked = {alias.name for alias in node.names}
    for name in asked - modules:
        raise _refused("import", node, name)


def _check_alias(node: Any) -> None:
    if node.name == "*":
        raise _refused("import", node)
    for name in (node.name, node.asname or ""):
        _check_name(node, name)


def _check_attribute(node: Any) -> None:
    if node.attr.startswith("_"):
        raise _refused("hidden name", node, node.attr)
    if not isinstance(node.ctx, ast.Load):
        raise _refused("attribute", node, node.attr)


def _check_function(node: Any) -> None:
    _check_name(node, node.name)
    if node.decorator_list:
        raise _refused("syntax", node, "decorator")


def _check_constant(node: Any) -> None:
    value = node.value
    if not isinstance(value, str | int | float | bool | None) or (
        isinstance(value, int) and abs(value) > MAX_NUMBER
    ):
        raise _refused("constant", node, type(value).__name__)


def _check_comprehension(node: Any) -> None:
    if node.is_async:
        raise _refused("syntax", node.target, "AsyncFor")


def _check_delete(node: Any) -> None:
    if not all(isinstance(target, ast.Subscript) for target in node.targets):
        raise _refused("syntax", node, "Delete")


def _check_in_place(node: Any) -> None:
    if isinstance(node.target, ast.Subscript) and isinstance(node.target.slice, ast.Slice):
        raise _refused("syntax", node, "Slice")


def _check_raise(node: Any) -> None:
    if node.cause is not None:
        raise _refused("syntax", node, "Raise")


def _check_except(node: Any) -> None:
    """An `except` names what it catches; out of memory, recursion and denials are not among it."""
    _check_name(node, node.name or "")
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    for each in caught:
        if not isinstance(each, ast.Name) or each.id not in ERRORS:
            raise _refused("except", node)


def _check_name(node: ast.AST, name: str) -> None:
    if name.startswith("__"):
        raise _refused("hidden name", node, name)


def _refused(why: str, node: ast.AST, what: str = "") -> Denied:
    return Denied(why, what=what, line=getattr(node, "lineno", None))


_CHECKS: dict[type[ast.AST], Callable[[Any], None]] = {
    ast.Attribute: _check_attribute,
    ast.AugAssign: _check_in_place,
    ast.Constant: _check_constant,
    ast.Delete: _check_delete,
    ast.ExceptHandler: _check_except,
    ast.FunctionDef: _check_function,
    ast.Name: lambda node: _check_name(node, node.id),
    ast.Raise: _check_raise,
    ast.alias: _check_alias,
    ast.comprehension: _check_comprehension,
    ast.arg: lambda node: _check_name(node, node.arg),
    ast.keyword: lambda node: _check_name(node, node.arg or ""),
}
