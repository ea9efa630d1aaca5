"""A script made ready to run, once: checked, rewritten, compiled, and written down for the calls that follow.

It is made by a child that runs nothing, and run by children that read nothing of its source.
"""

from __future__ import annotations

import ast
import marshal
from collections.abc import Mapping
from types import CodeType
from typing import Any

from .denials import Denied
from .language import TEXT, Script, narrowed
from .modules import MODULES


class Program:
    """Code, and the names its imports bind: tools, not results."""

    def __init__(self, code: CodeType, tools: frozenset[str] = frozenset()) -> None:
        self.code, self.tools = code, tools

    def written(self) -> dict[str, Any]:
        return {"program": marshal.dumps(self.code).hex(), "tools": sorted(self.tools)}


def program_of(request: Mapping[str, Any], *, is_narrowed: bool) -> Program:
    """What a request asks to run: a program that was made before, or one made of its source.

    Raises  Denied, SyntaxError for a source that is refused.
    """
    if "program" in request:
        code = marshal.loads(bytes.fromhex(request["program"]))  # noqa: S302 - of a child's that ran nothing
        return Program(code, frozenset(request["tools"]))
    is_expression = bool(request.get("is_expression"))
    read = narrowed if is_narrowed else _as_it_is
    script = read(request["source"], is_expression=is_expression, modules=MODULES)
    try:
        mode = "eval" if is_expression else "exec"
        code = compile(script.tree, TEXT, mode, dont_inherit=True, optimize=0)
    except (MemoryError, RecursionError):
        raise Denied("depth") from None
    return Program(code, script.imported)


def _as_it_is(source: str, *, is_expression: bool, modules: frozenset[str]) -> Script:  # noqa: ARG001
    """For the tests of the other wall: Python, unchecked."""
    return Script(ast.parse(source, TEXT, mode="eval") if is_expression else ast.parse(source, TEXT))
