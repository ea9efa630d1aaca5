"""One call, in a process of its own: a request comes in on descriptor 3, an answer goes out, the process ends.

Everything slow was done before the fork; after `confine` nothing is left but memory, this descriptor and the
end. Answers are words of ours and names out of the script's own text, never values it worked on.
"""

from __future__ import annotations

import builtins
import json
from types import TracebackType
from typing import Any

from . import denials
from .denials import Denied
from .language import TEXT
from .programs import program_of
from .running import run
from .values import NotPlain
from .wire import next_request, send

SOCKET = 3
READY = b"+"
_REHEARSALS = 20
EXHAUSTED = json.dumps({"code": "SCRIPT_MEMORY"}).encode()
_MISTAKES = frozenset({"kind", "key"})  # results that are no JSON; the others are none a store could keep
_WARMING = """
import re, datetime
def f(x):
    return [f"{y:.1f}" for y in x if y > 0]
z = a.b(f(x), *c) if x else {}
"""


def warming() -> dict[str, Any]:
    """A request like those to come; made once, by the zygote."""
    program = program_of({"source": _WARMING}, is_narrowed=True)
    return {"do": "run", "data": {"x": [], "y": {"a": 1.5}}, **program.written()}


def rehearse(warm: dict[str, Any]) -> None:
    """Do it in the zygote until Python has specialised our code (PEP 659), which each child would begin anew."""
    for _ in range(_REHEARSALS):
        _encoded(warm, is_narrowed=True)


def serve(warm: dict[str, Any], *, is_narrowed: bool) -> None:
    """Answer the one request of this process.

    Before it comes, something like it is done once: the pages a call writes to become this process's own while
    nobody waits, which is most of what a call would cost.
    """
    _encoded(warm, is_narrowed=is_narrowed)
    send(SOCKET, READY)
    send(SOCKET, _encoded(json.loads(next_request(SOCKET)), is_narrowed=is_narrowed))


def _encoded(request: dict[str, Any], *, is_narrowed: bool) -> bytes:
    try:
        answer = _answer(request, is_narrowed=is_narrowed)
        return json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
    except (MemoryError, RecursionError):
        return EXHAUSTED


def _answer(request: dict[str, Any], *, is_narrowed: bool) -> dict[str, Any]:
    try:
        program = program_of(request, is_narrowed=is_narrowed)
        if request["do"] == "make":
            return program.written()
        answer = run(program, request, is_narrowed=is_narrowed)
    except BaseException as error:  # whatever a script raises is told, by its kind and line
        answer = _failure(error)
    return _denied(denials.remembered[0]) if denials.remembered else answer


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
