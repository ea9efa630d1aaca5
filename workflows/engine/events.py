"""Event definitions for Spiff that leave the decision when something happens to our rows.

Spiff asks the machine's clock whether a timer has fired. Ours answer from the task's internal data, which
changes only when a due row is fired, so tests and all machines agree on the time.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import (
    CycleTimerEventDefinition,
    TimerEventDefinition,
)
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from common import clock
from workflows.engine.durations import is_timing, parse_cycle, parse_duration, parse_moment


class TimingError(Exception):
    """A timer's value is neither a duration nor a moment."""


class PayloadMessage(MessageEventDefinition):  # type: ignore[misc]
    """A message whose payload goes to one variable of the process data."""

    def __init__(self, name: str, *, variable: str, element_id: str) -> None:
        super().__init__(name)
        self.variable = variable
        self.element_id = element_id

    def update_task_data(self, my_task: Task) -> None:
        payload = my_task.internal_data.pop(self.name, None)
        if payload is not None and self.variable:
            my_task.data[self.variable] = payload


class RowTimer(TimerEventDefinition):  # type: ignore[misc]
    """A timer that has fired when it was told so. Its due moment is fixed when it starts to wait."""

    def due_at(self, my_task: Task) -> dt.datetime:
        due: dict[str, str] = my_task.internal_data.setdefault("due", {})
        if self.name not in due:
            due[self.name] = moment_of(_timing(self, my_task)).isoformat()
        return dt.datetime.fromisoformat(due[self.name])

    def fire(self, my_task: Task) -> None:
        my_task.internal_data.setdefault("fired", []).append(self.name)

    def has_fired(self, my_task: Task) -> bool:
        self.due_at(my_task)
        return self.name in my_task.internal_data.get("fired", [])

    def reset(self, my_task: Task) -> None:
        my_task.internal_data.pop("fired", None)
        super().reset(my_task)


class RowCycle(CycleTimerEventDefinition):  # type: ignore[misc]
    """A timer that repeats: each firing lets one token go on, the last one also ends it."""

    def due_at(self, my_task: Task) -> dt.datetime:
        return dt.datetime.fromisoformat(self._cycle(my_task)["next"])

    def fire(self, my_task: Task) -> None:
        my_task.internal_data["tick"] = True

    def has_fired(self, my_task: Task) -> bool:
        self._cycle(my_task)
        return bool(my_task.internal_data.get("event_fired", False))

    def update_task(self, my_task: Task) -> None:
        if not my_task.internal_data.pop("tick", False):
            return
        cycle = self._cycle(my_task)
        cycle["left"] -= 1
        cycle["next"] = (self.due_at(my_task) + dt.timedelta(seconds=cycle["every_s"])).isoformat()
        if cycle["left"] == 0:
            my_task.internal_data["event_fired"] = True
        for output in my_task.task_spec.outputs:
            if output.name.endswith(".BoundaryEventJoin"):
                continue
            child = my_task._add_child(output, TaskState.FUTURE)  # noqa: SLF001 - as Spiff's own cycle does
            child.task_spec._predict(child, mask=TaskState.NOT_FINISHED_MASK)  # noqa: SLF001
            child.task_spec._update(child)  # noqa: SLF001

    def _cycle(self, my_task: Task) -> dict[str, Any]:
        data: dict[str, Any] = my_task.internal_data
        if "cycle" not in data:
            parsed = parse_cycle(_timing(self, my_task))
            if parsed is None:
                raise TimingError(f"{self.name}: not a repetition such as R3/PT10M")
            times, every = parsed
            data["cycle"] = {
                "left": times,
                "every_s": every.total_seconds(),
                "next": (clock.now() + every).isoformat(),
            }
        cycle: dict[str, Any] = data["cycle"]
        return cycle


AnyTimer = RowTimer | RowCycle


def timers_of(task: Task) -> Iterator[AnyTimer]:
    """The timers a waiting task waits for: its own, or those of an event-based gateway."""
    definition = task.task_spec.event_definition
    for each in getattr(definition, "event_definitions", [definition]):
        if isinstance(each, RowTimer | RowCycle):
            yield each


def messages_of(task: Task) -> Iterator[PayloadMessage]:
    """The messages a waiting task waits for."""
    definition = task.task_spec.event_definition
    for each in getattr(definition, "event_definitions", [definition]):
        if isinstance(each, PayloadMessage):
            yield each


def timer_uid(task: Task, timer: AnyTimer) -> uuid.UUID:
    """The row's key: one for each timer of a task and each of its repetitions."""
    return uuid.uuid5(task.id, f"{timer.name}:{timer.due_at(task).isoformat()}")


def message_uid(task: Task, message: PayloadMessage) -> uuid.UUID:
    return uuid.uuid5(task.id, message.name)


def due_of(task: Task, text: str) -> dt.datetime:
    """When a task should be done: fixed the first time it is asked for, and kept with the task."""
    if "task_due" not in task.internal_data:
        timing = text if is_timing(text) else str(task.workflow.script_engine.evaluate(task, text))
        task.internal_data["task_due"] = moment_of(timing).isoformat()
    return dt.datetime.fromisoformat(task.internal_data["task_due"])


def _timing(timer: AnyTimer, my_task: Task) -> str:
    text = timer.expression.strip()
    if is_timing(text):
        return str(text)
    return str(my_task.workflow.script_engine.evaluate(my_task, text))


def moment_of(text: str) -> dt.datetime:
    duration = parse_duration(text)
    if duration is not None:
        return clock.now() + duration
    moment = parse_moment(text)
    if moment is None:
        raise TimingError(f"Not a duration or moment: {text[:40]!r}")
    return moment
