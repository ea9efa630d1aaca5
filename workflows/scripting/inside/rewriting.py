"""Sends what we watch through functions of ours: attributes, imports, texts made of values, growing numbers.

The functions go by names that no source can spell, so no script can call, shadow or replace them.
"""

from __future__ import annotations

import ast
from typing import Any

PART, METHOD, SHOWN, FORMATTED, MODULE, MEMBER, AUGMENT = (
    "part()",
    "method()",
    "shown()",
    "formatted()",
    "module()",
    "member()",
    "augment()",
)
GROWING: dict[type[ast.operator], str] = {
    ast.Mult: "times()",
    ast.Pow: "power()",
    ast.LShift: "shift()",
    ast.Mod: "modulo()",
}


class Rewriting(ast.NodeTransformer):
    """The tree as it is run."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        return _call(PART, node.value, ast.Constant(node.attr), at=node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        called = node.func
        if not isinstance(called, ast.Attribute):
            return self.generic_visit(node)
        owner = self.visit(called.value)
        node.func = ast.Name("", ast.Load())  # visited above, and never itself
        self.generic_visit(node)
        node.func = _call(METHOD, owner, ast.Constant(called.attr), at=called)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        self.generic_visit(node)
        if node.format_spec is not None and node.conversion == -1:
            node.value, node.format_spec = _call(FORMATTED, node.value, node.format_spec, at=node), None
        else:
            node.value = _call(SHOWN, node.value, at=node)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        guard = GROWING.get(type(node.op))
        return _call(guard, node.left, node.right, at=node) if guard else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        guard = GROWING.get(type(node.op))
        if guard is None:
            return self.generic_visit(node)
        target, value = node.target, self.visit(node.value)
        if isinstance(target, ast.Name):
            grown = _call(guard, ast.Name(target.id, ast.Load()), value, at=node)
            return ast.copy_location(ast.Assign([target], grown), node)
        assert isinstance(target, ast.Subscript)  # attributes as targets are refused before  # noqa: S101
        owner, key = self.visit(target.value), self.visit(target.slice)
        augmented = _call(AUGMENT, owner, key, ast.Name(guard, ast.Load()), value, at=node)
        return ast.copy_location(ast.Expr(augmented), node)

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        return [_bound(each.asname or each.name, _module(each.name, node), node) for each in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        module = _module(node.module or "", node)
        return [
            _bound(each.asname or each.name, _call(MEMBER, module, ast.Constant(each.name), at=node), node)
            for each in node.names
        ]


def _module(name: str, at: ast.AST) -> ast.Call:
    return _call(MODULE, ast.Constant(name), at=at)


def _bound(name: str, value: ast.expr, at: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], value), at)


def _call(name: str, *arguments: Any, at: ast.AST) -> ast.Call:
    call = ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
    return ast.copy_location(call, at)
