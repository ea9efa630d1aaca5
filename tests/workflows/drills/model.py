"""A process with machines, parallel branches, a multi-instance activity, timers and compensation."""

from __future__ import annotations

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
