"""Timer events. A timer has fired when its row says so; its due moment is fixed when it starts to wait.

Reference  BPMN 2.0.2 §10.5.5 (Timer)
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from SpiffWorkflow.task import Task

from common import clock
from common.sentences import sentence as _
from workflows.diagram import Element, EventTrigger
from workflows.engine.catching import Awaited
from workflows.engine.durations import is_timing, parse_cycle, parse_duration, parse_moment


class TimingError(Exception):
    """A timer's value is neither a duration nor a moment."""


class RowTimer(Awaited):
    """A timer that fires once."""

    kind = "timer"

    def __init__(self, element: Element, trigger: EventTrigger) -> None:
        super().__init__(element, trigger)
        self.expression = trigger.expression

    def due_at(self, my_task: Task) -> dt.datetime:
        due: dict[str, str] = my_task.internal_data.setdefault("due", {})
        if self.mark not in due:
            due[self.mark] = moment_of(self._timing(my_task)).isoformat()
        return dt.datetime.fromisoformat(due[self.mark])

    def uid(self, my_task: Task) -> uuid.UUID:
        """One for each timer of a task and each of its repetitions."""
        return uuid.uuid5(my_task.id, f"{self.mark}:{self.due_at(my_task).isoformat()}")

    def again(self, _my_task: Task) -> dict[str, Any] | None:
        return None

    def _timing(self, my_task: Task) -> str:
        text = self.expression.strip()
        return text if is_timing(text) else str(my_task.workflow.script_engine.evaluate(my_task, text))


class RowCycle(RowTimer):
    """A timer that repeats: each firing lets one token go, and the next is due one distance later."""

    def due_at(self, my_task: Task) -> dt.datetime:
        return dt.datetime.fromisoformat(self._cycle(my_task)["next"])

    def again(self, my_task: Task) -> dict[str, Any] | None:
        cycle = self._cycle(my_task)
        passed = 1 + cycle.get("missed", 0)
        if cycle["left"] == passed:
            return None
        following = self.due_at(my_task) + passed * dt.timedelta(seconds=cycle["every_s"])
        kept = {"every_s": cycle["every_s"], "left": cycle["left"] - passed, "next": following.isoformat()}
        return {"cycle": kept}

    def miss(self, my_task: Task) -> None:
        """Of several moments that have passed without a firing, let the first stand for all: they are told once."""
        cycle = self._cycle(my_task)
        late = (clock.now() - self.due_at(my_task)).total_seconds()
        missed = max(0, int(late // cycle["every_s"]))
        if cycle["left"] > 0:
            missed = min(missed, cycle["left"] - 1)
        my_task.internal_data["cycle"] = {**cycle, "missed": missed}

    def _cycle(self, my_task: Task) -> dict[str, Any]:
        data: dict[str, Any] = my_task.internal_data
        if "cycle" not in data:
            parsed = parse_cycle(self._timing(my_task))
            if parsed is None:
                raise TimingError(
                    _("%(element)s: not a repetition such as R3/PT10M") % {"element": self.element_id}
                )
            times, every = parsed
            data["cycle"] = {
                "left": times,
                "every_s": every.total_seconds(),
                "next": (clock.now() + every).isoformat(),
            }
        cycle: dict[str, Any] = data["cycle"]
        return cycle


def timer_of(element: Element, trigger: EventTrigger) -> RowTimer:
    return RowCycle(element, trigger) if trigger.cycle else RowTimer(element, trigger)


def due_of(task: Task, text: str) -> dt.datetime:
    """When a task should be done: fixed the first time it is asked for, and kept with the task."""
    if "task_due" not in task.internal_data:
        timing = text if is_timing(text) else str(task.workflow.script_engine.evaluate(task, text))
        task.internal_data["task_due"] = moment_of(timing).isoformat()
    return dt.datetime.fromisoformat(task.internal_data["task_due"])


def moment_of(text: str) -> dt.datetime:
    duration = parse_duration(text)
    if duration is not None:
        return clock.now() + duration
    moment = parse_moment(text)
    if moment is None:
        raise TimingError(_("Not a duration or moment: %(text)s") % {"text": repr(text[:40])})
    return moment
