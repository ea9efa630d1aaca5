"""The process that interprets: confined for good, then asked for one value after another.

It has withdrawn as a script's process has (docs/decisions/0016): no file, no network, no rights, the calls of memory
and of one descriptor. It knows nothing but what a request holds; what it keeps are texts that it has read before.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import zoneinfo
from importlib import import_module
from types import ModuleType
from typing import Any

from common import clock
from common.sentences import Sentence
from workflows.decisions.expressions import FeelFault, evaluate
from workflows.interpreting.plain.errors import ExpressionError
from workflows.interpreting.plain.interpreter import interpret
from workflows.interpreting.plain.language import parse

SOCKET = 3
PLAIN, FEEL = "plain", "feel"
EXHAUSTED = b'{"code": "SCRIPT_MEMORY"}'
_CPU_S = 3600  # of all its calls; each is bounded by the wall's clock. Then the kernel ends it, and another begins.


def main() -> None:
    """Serve the socket on the descriptor named first, with as many bytes of memory as named second."""
    descriptor, memory = map(int, sys.argv[1:])
    _zones = _warm()
    os.dup2(descriptor, SOCKET)
    os.closerange(SOCKET + 1, 1 << 16)
    os.closerange(0, SOCKET)
    # As a script's process finds them, without the product.
    confinement, wire = map(import_module, ("inside.confinement", "inside.wire"))
    _send(wire, json.dumps(_confine(confinement, memory)).encode())
    while True:
        _send(wire, _answered(wire.next_request(SOCKET)))


def _confine(confinement: ModuleType, memory: int) -> dict[str, bool]:
    filter_ = confinement.call_filter(SOCKET, has_clock=True)
    is_apart = confinement.withdraw(memory=memory)
    sys.meta_path.clear()
    sys.addaudithook(_no_files)
    zoneinfo.reset_tzpath(to=())
    confinement.narrow(cpu_s=_CPU_S, filter_=filter_)
    return {"is_apart": is_apart, "has_filter": filter_ is not None}


def _no_files(event: str, _arguments: tuple[Any, ...]) -> None:
    """Whoever still looks for a file finds none, instead of ending the process by a call that is not left to it."""
    if event in {"open", "os.listdir", "os.scandir"}:
        raise FileNotFoundError


def _warm() -> list[zoneinfo.ZoneInfo]:
    """Every time zone, held as long as they are, and what is otherwise loaded when it is first used."""
    for language, text in ((PLAIN, "a.b == 1 and len(c) > 0"), (FEEL, "date(a) < now()"), (FEEL, "1 +")):
        _answered(
            json.dumps(
                {"language": language, "text": text, "names": {"a": "2026-01-01"}, "now": None}
            ).encode()
        )
    return [zoneinfo.ZoneInfo(name) for name in sorted(zoneinfo.available_timezones())]


def _answered(request: bytes) -> bytes:
    try:
        return json.dumps(_answer(json.loads(request))).encode()
    except MemoryError:
        return EXHAUSTED


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    moment = request["now"] and dt.datetime.fromisoformat(request["now"])
    clock.use_source(lambda: moment or dt.datetime.now(dt.UTC))
    try:
        return {"value": _value(request["language"], request["text"], request["names"])}
    except (ExpressionError, FeelFault) as fault:
        said = fault.args[0]
        return {"fault": (said if isinstance(said, Sentence) else Sentence(str(said))).kept()}


def _value(language: str, text: str, names: dict[str, Any]) -> Any:
    return evaluate(text, names) if language == FEEL else interpret(parse(text), names)


def _send(wire: ModuleType, answer: bytes) -> None:
    wire.send(SOCKET, len(answer).to_bytes(8, "big") + answer)
