"""Running a program over data: the names it finds, and what it leaves behind."""

from __future__ import annotations

import builtins
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from .methods import method, part
from .modules import importer
from .programs import Program
from .rewriting import MEMBER, METHOD, MODULE, PART
from .values import plain
from .words import WORDS, Namespace


def run(program: Program, request: Mapping[str, Any], *, is_narrowed: bool) -> dict[str, Any]:
    """The value of an expression, or the variables a script made or changed."""
    names = _names(request, words={} if is_narrowed else vars(builtins))
    if request.get("is_expression"):
        return {"value": plain(eval(program.code, names))}  # noqa: S307 - this process is for nothing else
    before = {name: json.dumps(value) for name, value in request["data"].items()}
    exec(program.code, names)  # noqa: S102
    return {"values": _changed(names, before, tools=program.tools)}


def _names(request: Mapping[str, Any], *, words: dict[str, Any]) -> dict[str, Any]:
    """What the script finds: our words, then the data, which may take a word's name but none of our guards'."""
    moment = request.get("now")
    now = dt.datetime.fromisoformat(moment) if moment else None
    data = {name: value for name, value in request["data"].items() if name.isidentifier() and name[0] != "_"}
    guards = {
        PART: part,
        METHOD: method,
        MODULE: importer(now=now, seed=request.get("seed")),
        MEMBER: Namespace.member,
        "__builtins__": words,
    }
    return {**WORDS, **data, **guards}


def _changed(names: dict[str, Any], before: dict[str, str], *, tools: frozenset[str]) -> dict[str, Any]:
    """The variables that are new or differ. What scripts work with, and names with an underscore, stay inside."""
    return {
        name: plain(value)
        for name, value in names.items()
        if not (name[0] == "_" or name.endswith("()") or name in tools or WORDS.get(name, before) is value)
        and not (callable(value) or type(value) is Namespace)
        and (name not in before or _written(value) != before[name])
    }


def _written(value: Any) -> str | None:
    try:
        return json.dumps(value)
    except (TypeError, ValueError):  # no JSON: `plain` has the word for it
        return None
