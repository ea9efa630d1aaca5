"""Reading what came out of the sandbox. It is a stranger's word: nothing of it is believed unseen."""

from __future__ import annotations

import json
import re
import signal
from typing import Any

from workflows.scripting.errors import DENIED, FAILED, MEMORY, TIMEOUT
from workflows.scripting.inside.values import NotPlain, plain
from workflows.scripting.worker import Outcome

_KINDS: dict[str, type] = {"values": dict, "value": object, "program": str}
_WORD = re.compile(r"[A-Za-z][A-Za-z ]{0,30}")


class Refusal(Exception):
    """Why there is no result: a code of ours, and what may be told of it."""

    def __init__(self, code: str, *, line: int | None = None, why: str = "", what: str = "") -> None:
        super().__init__(code)
        self.code, self.line, self.why, self.what = code, line, why, what


def read_answer(outcome: Outcome, *, source: str, gives: str) -> dict[str, Any]:
    """The answer of a child that ended well; `gives` is what it was asked for.

    Raises  Refusal for every other end, and for an answer that is none.
    """
    if outcome.is_late:
        raise Refusal(TIMEOUT)
    if outcome.is_too_long:
        raise Refusal(MEMORY, why="result size")
    if outcome.status != 0:
        raise _ended_by(outcome.status)
    answer = _parsed(outcome.output)
    if "code" in answer:
        raise _told(answer, source)
    if gives not in answer or not isinstance(answer[gives], _KINDS[gives]):
        raise Refusal(DENIED, why="crash")
    return answer


def _ended_by(status: int | None) -> Refusal:
    """What a signal says of the call it ended."""
    if status == -signal.SIGSYS:
        return Refusal(DENIED, why="call")
    if status == -signal.SIGXCPU:
        return Refusal(TIMEOUT)
    if status == -signal.SIGKILL:
        return Refusal(MEMORY)  # not by us: the kernel was short of memory
    return Refusal(DENIED, why="crash")


def _parsed(output: bytes) -> dict[str, Any]:
    try:
        answer = plain(json.loads(output))
    except NotPlain as error:
        raise Refusal(DENIED, why=f"result {error}") from None
    except (ValueError, RecursionError):
        raise Refusal(DENIED, why="crash") from None
    if not isinstance(answer, dict):
        raise Refusal(DENIED, why="crash")
    return answer


def _told(answer: dict[str, Any], source: str) -> Refusal:
    """A refusal by the language. Words must look like words, and names must stand in the script's own text."""
    code, line, why, what = (answer.get(key) for key in ("code", "line", "why", "what"))
    return Refusal(
        code if code in (MEMORY, DENIED, FAILED) else DENIED,
        line=line if isinstance(line, int) and 0 < line <= source.count("\n") + 1 else None,
        why=why if isinstance(why, str) and _WORD.fullmatch(why) else "",
        what=what
        if isinstance(what, str) and what.isidentifier() and (what in source or what in _NODES)
        else "",
    )


_NODES = frozenset({
    "AnnAssign", "AsyncFor", "AsyncFunctionDef", "AsyncWith", "Await", "BitAnd", "ClassDef", "Delete", "Global",
    "Match", "MatMult", "Nonlocal", "Raise", "Set", "SetComp", "Slice", "TryStar", "With", "Yield", "YieldFrom",
    "bytes", "complex", "decorator", "ellipsis", "int",
})  # fmt: skip
