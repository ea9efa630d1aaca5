"""A process with machines, parallel branches, a multi-instance activity, timers and compensation."""

from __future__ import annotations

from typing import Any

from tests.workflows.conftest import chain, machine, timer, user
from tests.workflows.engine.drawing import END, boundary, end, marked, multi, parallel, throw

MODEL = (
    machine("reserve") + parallel("fork") + parallel("meet")
    + marked(machine("each", result="found"), multi(cardinality="number"))
    + user("look") + timer("remind", "R2/PT10M", attached_to="look", interrupts=False, word="timeCycle")
    + machine("tell") + boundary("reserved", "reserve", "compensate")
    + machine("release").replace('id="release"', 'id="release" isForCompensation="true"')
    + '<bpmn:association id="undo" sourceRef="reserved" targetRef="release"/>'
    + throw("give-up", "compensate") + timer("pause", "PT1H") + user("last") + END + end("told")
    + chain("start", "reserve", "fork", "each", "meet", "give-up", "pause", "last", "end")
    + chain("fork", "look", "meet") + chain("remind", "tell", "told")
)  # fmt: skip
"""A reservation; as many machines at once as `number` says, and two reminders meanwhile; the reservation undone; a
pause; a task."""


def play_model(process: Any) -> None:
    """Three machines at once, both reminders, and whatever people do; `process` knows how each is done and told."""
    process.begin("Sample")
    process.answer("reserve", {})
    for _ in range(2):
        process.advance("PT10M")
        process.answer("tell", {})
    for number in range(3):
        process.answer("each", {"number": number})
    process.complete("look", "rosa", "done", {})
    process.answer("release", {})
    process.advance("PT1H")
    process.complete("last", "rosa", "done", {})
