"""Conditions and values in diagrams: a small language, read as Python syntax and interpreted here.

Nothing of a model is ever handed to `eval` or `exec`: `language` parses the text and refuses every node that is
not on its list, `interpreter` walks the tree, `operations` bounds what is made of values. As in FEEL, what is not
there is null: an unknown name, key or index is None, and an order comparison with None is false. `a.b` reads key
`b` of an object, never an attribute of anything.

Every part is evaluated at most once, there is no loop and no call of anything but FUNCTIONS, and every value made on
the way is bounded; so an evaluation costs what reading its data costs, once a part, and needs neither a process of
its own nor a clock to end it. What needs more is a script, or an expression whose language is Python: that goes to
the sandbox of scripts. docs/decisions/0019 tells why.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from workflows.diagram.formal import IN_PYTHON
from workflows.expressions.errors import ExpressionError
from workflows.expressions.interpreter import interpret
from workflows.expressions.language import parse
from workflows.scripting import ScriptError, check_script, evaluate_script

__all__ = ["ExpressionError", "check", "evaluate", "names_in"]

_IN_THE_TRAIL = "expression"


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression over these names.

    Raises  ExpressionError for text outside the language, and for values an operation cannot take; ScriptError, which
            may be tried again, for one in Python where there is no sandbox now.
    """
    if text.startswith(IN_PYTHON):
        return _sandboxed(text, names)
    return interpret(parse(text), names)


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


def _sandboxed(text: str, names: Mapping[str, Any]) -> Any:
    try:
        return evaluate_script(text.removeprefix(IN_PYTHON), names, name=_IN_THE_TRAIL)
    except ScriptError as error:
        if not error.permanent:
            raise
        raise ExpressionError(error.message) from error
