"""Conditions and values in diagrams: a small language, read as Python syntax and interpreted apart.

Nothing of a model is ever handed to `eval` or `exec`: `workflows/interpreting/plain` parses the text and refuses every
node that is not on its list, walks the tree, and bounds what is made of values. As in FEEL, what is not there is null:
an unknown name, key or index is None, and an order comparison with None is false. `a.b` reads key `b` of an object,
never an attribute of anything.

A constant, a name, a part of what it names: that is reading data, and is done here. Whatever compares, calculates or
calls is done by a confined process. What needs more than this language is a script, or an expression whose language is
Python: that goes to the sandbox of scripts. docs/decisions/0019 tells why.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from workflows.diagram.formal import IN_PYTHON
from workflows.interpreting.asking import PLAIN, Fault, interpreted
from workflows.interpreting.plain.errors import ExpressionError
from workflows.interpreting.plain.interpreter import interpret
from workflows.interpreting.plain.language import parse
from workflows.scripting import ScriptError, check_script, evaluate_script

__all__ = ["ExpressionError", "check", "evaluate", "names_in"]

_IN_THE_TRAIL = "expression"


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression over these names.

    Raises  ExpressionError for text outside the language, and for values an operation cannot take; ScriptError, which
            may be tried again, where it has to be run and there is no sandbox now.
    """
    tree = _read_here(text)
    if tree is not None:
        return interpret(tree, names)
    try:
        return _apart(text, names)
    except Fault as fault:
        raise ExpressionError(*fault.args) from fault
    except ScriptError as error:
        if not error.permanent:
            raise
        raise ExpressionError(error.message) from error


def check(text: str) -> None:
    """See that an expression could be evaluated; raises ExpressionError naming what is not allowed."""
    if not text.startswith(IN_PYTHON):
        parse(text)
        return
    try:
        check_script(text.removeprefix(IN_PYTHON), name=_IN_THE_TRAIL, is_expression=True)
    except ScriptError as error:
        raise ExpressionError(error.message) from error


@lru_cache(maxsize=512)
def names_in(text: str) -> frozenset[str]:
    """The names an expression asks for."""
    tree = ast.parse(text.removeprefix(IN_PYTHON), mode="eval")
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


@lru_cache(maxsize=512)
def _read_here(text: str) -> ast.expr | None:
    """What an expression reads, if it does no more; None where it has to be run."""
    if text.startswith(IN_PYTHON):
        return None
    tree = parse(text)
    return tree if reads_only(tree) else None


def reads_only(tree: ast.expr) -> bool:
    """Whether a checked expression is a constant, a name, or a part of what it names by a constant key."""
    match tree:
        case ast.Constant() | ast.Name():
            return True
        case ast.Attribute(value=owner) | ast.Subscript(value=owner, slice=ast.Constant()):
            return reads_only(owner)
    return False


def _apart(text: str, names: Mapping[str, Any]) -> Any:
    if text.startswith(IN_PYTHON):
        return evaluate_script(text.removeprefix(IN_PYTHON), names, name=_IN_THE_TRAIL)
    asked = {name: names[name] for name in names_in(text.strip()) if name in names}
    return interpreted(PLAIN, text, asked, name=_IN_THE_TRAIL)
