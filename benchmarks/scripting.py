"""One call of a short script after another, data in and out as JSON; and how soon one that never ends is ended.

Ours is `run_script`: a process of its own a call, forked ahead, confined, the source checked and rewritten each
time. The peer is what is usually done for as much separation, a fresh Python a call, and has no confinement at
all. RestrictedPython runs in our own process: it neither bounds time and memory nor has a second wall, and is a
reference only. No database takes part.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import django

from benchmarks.runner import Row, measure_in_turn, missing

SOURCE = """
total = sum(row["slices"] for row in series if row["modality"] in ("CT", "MR"))
label = f"{patient.upper()} {total:05d}"
if total > 100:
    priority = "STAT"
"""
DATA: dict[str, Any] = {
    "patient": "a1",
    "priority": "ROUTINE",
    "series": [{"modality": modality, "slices": 40} for modality in ("CT", "MR", "SR", "CT", "OT")],
}
EXPECTED = {"total": 120, "label": "A1 00120", "priority": "STAT"}
FRESH = """
import json, sys
asked = json.load(sys.stdin)
names = asked["data"]
exec(asked["source"], names)
del names["__builtins__"]
json.dump(names, sys.stdout)
"""
WALL_MS = 1000.0
Call = Callable[[], dict[str, Any]]


def run(*, quick: bool) -> list[Row]:
    count, rounds = (50, 3) if quick else (300, 5)
    os.environ.update(
        DATABASE_URL="postgres://nobody@127.0.0.1:1/none", SECRET_KEY="bench",  # noqa: S106 - never connected
        DJANGO_SETTINGS_MODULE="config.settings.test", SCRIPT_WALL_SECONDS=str(WALL_MS / 1e3),
    )  # fmt: skip
    django.setup()
    from workflows.scripting import calls  # noqa: PLC0415 - after the settings

    began = time.perf_counter()
    ours(calls)
    cold_ms = (time.perf_counter() - began) * 1e3
    contestants: dict[str, Callable[[], float]] = {"ours": lambda: _median_ms(lambda: ours(calls), count)}
    contestants["fresh"] = lambda: _median_ms(fresh, max(count // 10, 5))
    has_restricted = importlib.util.find_spec("RestrictedPython") is not None
    if has_restricted:
        contestants["restricted"] = lambda: _median_ms(_restricted(), count)
    figures = {name: median for name, (median, _each) in measure_in_turn(contestants, rounds=rounds).items()}
    case, reference = "a call of a short script, median", "RestrictedPython in-process"
    rows = [
        Row(
            case,
            figures["ours"],
            "fresh Python",
            figures["fresh"],
            "ms",
            count * rounds,
            higher_is_better=False,
        ),
        Row(case, figures["ours"], "asked for", 2.0, "ms", count * rounds, higher_is_better=False),
        Row("the first call of a process", cold_ms, "", None, "ms", 1, higher_is_better=False),
        _ended(calls, rounds),
    ]
    if has_restricted:
        rows.insert(1, Row(
            case, figures["ours"], reference, figures["restricted"], "ms", count * rounds,
            higher_is_better=False, is_reference=True,
        ))  # fmt: skip
    else:
        rows.insert(1, missing(case, ours=figures["ours"], peer_name=reference, unit="ms", n=count))
    calls.pool().close()
    return rows


def ours(calls: Any) -> dict[str, Any]:
    answer: dict[str, Any] = calls.run_script(SOURCE, DATA, name="bench")
    assert answer == EXPECTED
    return answer


def fresh() -> dict[str, Any]:
    """A Python of its own a call, which reads JSON and writes JSON."""
    asked = json.dumps({"source": SOURCE, "data": DATA})
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", FRESH], input=asked, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    assert {name: answer[name] for name in EXPECTED} == EXPECTED
    return EXPECTED


def _restricted() -> Call:
    """RestrictedPython with the guards its documentation asks for, compiled anew each call as ours is."""
    package = importlib.import_module("RestrictedPython")
    guards = importlib.import_module("RestrictedPython.Guards")
    evaluation = importlib.import_module("RestrictedPython.Eval")

    def call() -> dict[str, Any]:
        code = package.compile_restricted(SOURCE, "<bench>", "exec")
        names = {
            "__builtins__": {**guards.safe_builtins, "sum": sum},
            "_getattr_": guards.safer_getattr,
            "_getitem_": evaluation.default_guarded_getitem,
            "_getiter_": evaluation.default_guarded_getiter,
            **json.loads(json.dumps(DATA)),
        }
        exec(code, names)  # noqa: S102 - the peer's way
        assert {name: names[name] for name in EXPECTED} == EXPECTED
        return EXPECTED

    return call


def _ended(calls: Any, rounds: int) -> Row:
    """How long after its limit a loop without end was ended, the worst of these."""
    over = []
    for _ in range(rounds):
        began = time.perf_counter()
        outcome = calls.pool().ask(
            json.dumps({"do": "run", "source": "while True:\n    pass", "data": {}}).encode()
        )
        over.append((time.perf_counter() - began) * 1e3 - WALL_MS)
        # By the wall's clock or, on a machine at rest, by the processor's, whichever strikes first.
        assert outcome.is_late or outcome.status == -signal.SIGXCPU
    case = "an endless loop, ended so long after its limit"
    return Row(case, max(*over, 0.1), "asked for", 1000.0, "ms", rounds, higher_is_better=False)


def _median_ms(call: Call, count: int) -> float:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took)
