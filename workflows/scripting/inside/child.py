"""One call, in a process of its own: a request comes in on descriptor 3, an answer goes out, the process ends.

Everything slow was done before the fork; after `confine` nothing is left but memory, this descriptor and the
end. Answers are words of ours and names out of the script's own text, never values it worked on.
"""

from __future__ import annotations

import ast
import builtins
import datetime as dt
import json
import os
from types import TracebackType
from typing import Any

from . import denials
from .denials import Denied
from .language import TEXT, Script, narrowed
from .methods import method, part
from .modules import MODULES, importer
from .rewriting import MEMBER, METHOD, MODULE, PART
from .values import NotPlain, plain
from .words import WORDS, Namespace

SOCKET = 3
READY = b"+"
_MISTAKES = frozenset(
    {"kind", "key"}
)  # results that are no JSON; the others are no values a store could keep
EXHAUSTED = json.dumps({"code": "SCRIPT_MEMORY"}).encode()


_WARMING = {
    "do": "run",
    "source": """
import re, datetime
def f(x):
    return [f"{y:.1f}" for y in x if y > 0]
z = a.b(f(x), *c) if x else {}
""",
    "data": {"x": [], "y": {"a": 1.5}},
}


def serve(*, is_narrowed: bool) -> None:
    """Answer the one request of this process.

    Before it comes, something like it is done once: the pages a call writes to become this process's own while
    nobody waits, which is most of what a call would cost.
    """
    _answer(_WARMING, is_narrowed=is_narrowed)
    _send(READY)
    try:
        answer = json.dumps(
            _answer(_request(), is_narrowed=is_narrowed), ensure_ascii=False, allow_nan=False
        ).encode()
    except (MemoryError, RecursionError):
        answer = EXHAUSTED
    _send(answer)


def _answer(request: dict[str, Any], *, is_narrowed: bool) -> dict[str, Any]:
    try:
        values = _run(request, is_narrowed=is_narrowed)
    except BaseException as error:  # whatever a script raises is told, by its kind and line
        values = _failure(error)
    return _denied(denials.remembered[0]) if denials.remembered else values


def _failure(error: BaseException) -> dict[str, Any]:
    line = _line(error.__traceback__)
    match error:
        case Denied():
            return _denied(error)
        case SyntaxError():
            return {"code": "SCRIPT_FAILED", "line": error.lineno, "why": "SyntaxError"}
        case NotPlain():
            code = "SCRIPT_FAILED" if str(error) in _MISTAKES else "SCRIPT_DENIED"
            return {"code": code, "why": f"result {error}"}
        case MemoryError() | RecursionError():
            return {"code": "SCRIPT_MEMORY", "line": line}
        case NameError():
            is_pythons = hasattr(builtins, str(error.name))  # a word of Python's that is none of ours
            code = "SCRIPT_DENIED" if is_pythons else "SCRIPT_FAILED"
            return {"code": code, "line": line, "why": "name", "what": error.name}
    return {"code": "SCRIPT_FAILED", "line": line, "why": type(error).__name__}


def _run(request: dict[str, Any], *, is_narrowed: bool) -> dict[str, Any]:
    source, is_expression = request["source"], request["do"] == "evaluate"
    read = narrowed if is_narrowed else _as_it_is
    script = read(source, is_expression=is_expression, modules=MODULES)
    try:
        code = compile(script.tree, TEXT, "eval" if is_expression else "exec", dont_inherit=True, optimize=0)
    except (MemoryError, RecursionError):
        raise Denied("depth") from None
    if request["do"] == "check":
        return {"values": {}}
    names = _names(request, words={} if is_narrowed else vars(builtins))
    before = {name: json.dumps(value) for name, value in request["data"].items()}
    if is_expression:
        return {"value": plain(eval(code, names))}  # noqa: S307 - this process is for nothing else
    exec(code, names)  # noqa: S102
    return {"values": _changed(names, before, tools=script.imported)}


def _names(request: dict[str, Any], *, words: dict[str, Any]) -> dict[str, Any]:
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


def _denied(denial: Denied) -> dict[str, Any]:
    line = denial.line or _line(denial.__traceback__)
    return {"code": "SCRIPT_DENIED", "line": line, "why": denial.why, "what": denial.what}


def _line(trace: TracebackType | None) -> int | None:
    """The line of the script that was running, the innermost where it called functions of its own."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == TEXT:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _as_it_is(source: str, *, is_expression: bool, modules: frozenset[str]) -> Script:  # noqa: ARG001
    """For the tests of the other wall: Python, unchecked."""
    return Script(ast.parse(source, TEXT, mode="eval") if is_expression else ast.parse(source, TEXT))


def _request() -> dict[str, Any]:
    """Length, then JSON. The one who asks has gone if it ends early: so do we."""
    length = int.from_bytes(_read(8), "big")
    request: dict[str, Any] = json.loads(_read(length))
    return request


def _read(length: int) -> bytes:
    parts, left = [], length
    while left:
        part = os.read(SOCKET, min(left, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _send(answer: bytes) -> None:
    view = memoryview(answer)
    while view:
        view = view[os.write(SOCKET, view) :]
