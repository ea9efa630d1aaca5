"""Running a program over data: the names it finds, and what it leaves behind."""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping
from typing import Any

from .methods import WORDS
from .modules import Importer
from .programs import Program
from .rewriting import MODULE
from .values import plain
from .words import Namespace


def run(program: Program, request: Mapping[str, Any], *, is_narrowed: bool) -> dict[str, Any]:
    """The value of an expression, or the variables a script made or changed."""
    names = _names(request, words=WORDS if is_narrowed else vars(builtins))
    if request.get("is_expression"):
        return {"value": plain(eval(program.code, names))}  # noqa: S307 - this process is for nothing else
    before = {name: json.dumps(value) for name, value in request["data"].items()}
    exec(program.code, names)  # noqa: S102
    return {"values": _changed(names, before, tools=program.tools)}


def _names(request: Mapping[str, Any], *, words: dict[str, Any]) -> dict[str, Any]:
    """What the script finds: the data, and behind it our words in place of Python's own.

    Data may take a word's name, but none of our guards': those are no identifiers.
    """
    data = {name: value for name, value in request["data"].items() if name.isidentifier() and name[0] != "_"}
    guards = {
        MODULE: Importer(now=request.get("now"), seed=request.get("seed")).module,
        "__builtins__": words,
    }
    return {**data, **guards}


def _changed(names: dict[str, Any], before: dict[str, str], *, tools: frozenset[str]) -> dict[str, Any]:
    """The variables that are new or differ. What scripts work with, and names with an underscore, stay inside."""
    return {
        name: plain(value)
        for name, value in names.items()
        if not (name[0] == "_" or name == MODULE or name in tools)
        and not (callable(value) or type(value) is Namespace)
        and (name not in before or _written(value) != before[name])
    }


def _written(value: Any) -> str | None:
    try:
        return json.dumps(value)
    except (TypeError, ValueError):  # no JSON: `plain` has the word for it
        return None
