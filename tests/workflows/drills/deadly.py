"""Loaded into the product's own daemons, beside their own modules: they die at the places a drill names.

A worker loads it by `--include`, before its children are forked. `DRILL_FOLDER` is how the test speaks to them: `clock`
tells the time, `wish` where they are to die and who; `at_work` gets a file for each thread that is, and `deaths` one
for each time somebody died. A step meets each place once: whoever takes it up again passes.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from celery.signals import task_postrun, task_prerun

from common import clock, lean
from common import exchange as wire
from config.celery import app
from tests.workflows.drills.slow_clock import told_clock
from workflows.locks import WarmRun, WarmRuns
from workflows.machines import performing
from workflows.service_tasks import Operator, Pending, TaskContext, find_operator, service_task
from workflows.stepping import first, opening
from workflows.stepping.step import Step
from workflows.stepping.writing import write

Answer = dict[str, Any] | Pending
FOLDER = Path(os.environ["DRILL_FOLDER"])
_LOADED_IN = os.getpid()
_in_hand = threading.local()
_keep_warm = WarmRuns.keep


class Place(StrEnum):
    """Where a daemon dies."""

    TAKEN = "a machine's step is claimed, its work not begun"
    WORKED = "the work is done, its answer told nobody"
    UNWRITTEN = "the case is locked, the step not written"
    UNHEARD = "the commit is sent, its answer not heard"
    UNTOLD = "the step is committed, nobody told of it"
    UNACKNOWLEDGED = "all is done, the queue not told"


class Victim(StrEnum):
    """Who dies. A worker without children, and any other daemon, dies itself."""

    CHILD = "child"
    PARENT = "parent"


def _victim_of(place: Place, step: str) -> Victim | None:
    """Who is to die here; None if nobody is, or somebody has of this step already."""
    try:
        wish = json.loads((FOLDER / "wish").read_text())
    except FileNotFoundError:
        return None
    if place.name not in wish["places"]:
        return None
    deaths = FOLDER / "deaths"
    victims = wish["victims"]
    victim = Victim(victims[len(list(deaths.iterdir())) % len(victims)])
    try:
        with (deaths / f"{place.name} {step}").open("x") as told:
            told.write(f"{os.environ['DRILL_DAEMON']} {victim}")
    except FileExistsError:
        return None
    return victim


def _die(victim: Victim, *_heard: Any) -> None:
    if victim is Victim.PARENT and os.getpid() != _LOADED_IN:
        os.kill(os.getppid(), signal.SIGKILL)
        threading.Event().wait()  # the kernel ends a child whose parent has died
    os.kill(os.getpid(), signal.SIGKILL)


def _pass(place: Place, step: str) -> None:
    victim = _victim_of(place, step)
    if victim is not None:
        _die(victim)


def _find_operator(name: str) -> Operator | None:
    found = find_operator(name)
    return found and replace(found, handler=_deadly(found.handler))


def _deadly(work: Callable[..., Answer]) -> Callable[..., Answer]:
    def handler(context: TaskContext, **arguments: Any) -> Answer:
        _pass(Place.TAKEN, str(context.run_uid))
        answer = work(context, **arguments)
        _pass(Place.WORKED, str(context.run_uid))
        return answer

    return handler


def _write(step: Step, **options: Any) -> None:
    settled = "-".join(sorted(map(str, step.settled)))  # the same answer comes again at a later revision
    name = f"{step.instance.start_key} {settled or step.instance.revision}"
    _pass(Place.UNWRITTEN, name)
    _in_hand.step = name
    write(step, **options)


def _exchange(*args: Any, commit: bool, **options: Any) -> Any:
    name = getattr(_in_hand, "step", None)
    victim = _victim_of(Place.UNHEARD, name) if commit and name else None
    if victim is not None:
        mock.patch.object(wire, "_answers", partial(_die, victim)).start()
    return wire.exchange(*args, commit=commit, **options)


def _keep(runs: WarmRuns, instance_pk: int, warm: WarmRun) -> None:
    name, _in_hand.step = getattr(_in_hand, "step", None), None
    if name:
        _pass(Place.UNTOLD, name)
    _keep_warm(runs, instance_pk, warm)


@service_task("test.step", retries=9)
def echo(context: TaskContext, *, number: Any) -> dict[str, Any]:
    """Work whose effect can be counted: it takes effect once a step, however often it is tried."""
    (FOLDER / "effects" / str(context.run_uid)).touch()
    return {"number": number}


mock.patch.object(performing, "find_operator", _find_operator).start()
mock.patch.object(opening, "write", _write).start()
mock.patch.object(first, "write", _write).start()
mock.patch.object(lean, "exchange", _exchange).start()
mock.patch.object(WarmRuns, "keep", _keep).start()
clock.use_source(lambda: told_clock(FOLDER / "clock").now)
app.conf.broker_transport_options = {
    **app.conf.broker_transport_options, "global_keyprefix": os.environ["DRILL_QUEUES"],
}  # fmt: skip


def _mark() -> Path:
    return FOLDER / "at_work" / f"{os.getpid()}.{threading.get_ident()}"


@task_prerun.connect  # type: ignore[untyped-decorator]
def _begin(**_: object) -> None:
    _mark().touch()


@task_postrun.connect  # type: ignore[untyped-decorator]
def _finish(sender: Any, args: list[Any], **_: object) -> None:
    _mark().unlink(missing_ok=True)
    if sender.name == "workflows.perform":
        _pass(Place.UNACKNOWLEDGED, str(args[0]))
