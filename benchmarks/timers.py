"""How late timers fire while 10 000 wait, by the daemons and the worker that the product runs.

Of the timers a part falls due one after the other over some seconds, and as many again at one moment; the others wait
beside them. Each firing is a whole step: restored from the database, with history, audit, outbox, and the next task.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._cases import import_process, multiply, product, radiologist_at_bench
from benchmarks._servers import spawned
from benchmarks.runner import Row
from benchmarks.workflow import BPMN as TASKS

WAITING = 10_000
ALLOWED_S = 2.0
BPMN = TASKS.replace(
    '<bpmn:startEvent id="start"/>',
    '<bpmn:startEvent id="start"/><bpmn:intermediateCatchEvent id="pause" name="pause"><bpmn:timerEventDefinition>'
    "<bpmn:timeDate>due</bpmn:timeDate></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>",
).replace(
    '<bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="a"/>',
    '<bpmn:sequenceFlow id="f0" sourceRef="start" targetRef="pause"/>'
    '<bpmn:sequenceFlow id="f1" sourceRef="pause" targetRef="a"/>',
)


def run(*, quick: bool) -> list[Row]:
    count, seconds = (60, 6) if quick else (400, 20)
    with product() as (folder, environment):
        radiologist_at_bench()
        import_process(folder, BPMN)
        rows = []
        for daemons in (1, 2):
            spread = [number * seconds / count for number in range(count)]
            for name, offsets in ((f"spread over {seconds} s", spread), ("all at one moment", [0.0] * count)):
                with _daemons(folder, environment, daemons):
                    lateness = _lateness(offsets)
                case = f"{name}, {daemons} daemon{'s' if daemons > 1 else ''}"
                rows += _rows(case, lateness, is_reference=name.startswith("all"))
        return rows


def _rows(case: str, lateness: list[float], *, is_reference: bool) -> list[Row]:
    ordered = sorted(lateness)
    figures = {"p50": statistics.median(ordered), "p99": ordered[int(len(ordered) * 0.99)]}
    return [
        Row(
            f"{case}: {name} lateness", max(seconds, 0.001), "allowed", ALLOWED_S, "s", len(ordered),
            higher_is_better=False, is_reference=is_reference or name == "p50",
        )
        for name, seconds in figures.items()
    ]  # fmt: skip


def _lateness(offsets: list[float]) -> list[float]:
    """Seconds between when each timer was due and when it had fired."""
    # Django is set up by now; its models cannot be imported before.
    from workflows import services  # noqa: PLC0415
    from workflows.models import Timer  # noqa: PLC0415

    person, site = radiologist_at_bench()
    begin = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=5 + 0.06 * len(offsets))
    keys = []
    for offset in offsets:
        due = begin + dt.timedelta(seconds=offset)
        instance = services.start_process(
            "Benchmark", data={"site": "bench", "answer": "yes", "due": due.isoformat()}, site=site,
            subjects={"order": str(uuid.uuid4())}, start_key=uuid.uuid4().hex, actor=person,
        )  # fmt: skip
        keys.append(instance.pk)
    first = Timer.objects.filter(instance__in=keys)
    mine = Timer.objects.filter(pk__in=list(first.values_list("pk", flat=True)))
    _fill_up(Timer, mine.first())
    assert dt.datetime.now(dt.UTC) < begin, "the machine is too slow to begin as many cases in time"
    deadline = time.monotonic() + 300
    while mine.filter(status="waiting").exists():
        assert time.monotonic() < deadline, "timers do not fire"
        time.sleep(0.5)
    fired = mine.values_list("closed_at", "due_at")
    return [(closed - due).total_seconds() for closed, due in fired if closed is not None]


def _fill_up(timers: Any, timer: Any) -> None:
    """Have as many timers wait as is asked for, due tomorrow."""
    missing = WAITING - timers.objects.filter(status="waiting").count()
    if missing > 0:
        multiply(timers, timer, missing, uid="gen_random_uuid()", due_at="due_at + interval '1 day'")


@contextlib.contextmanager
def _daemons(folder: Path, environment: dict[str, str], number: int) -> Iterator[None]:
    """`run_timers` processes and a worker for what follows from what they fire."""
    worker = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "config",
        "worker",
        "--pool=solo",
        "-Q",
        "default",
        "-l",
        "warning",
    ]
    commands = [worker, *[[sys.executable, "manage.py", "run_timers"]] * number]
    with contextlib.ExitStack() as stack:
        for position, command in enumerate(commands):
            log = folder / f"daemon-{position}.log"
            stack.enter_context(spawned(command, log=log, environment=environment))
        yield
