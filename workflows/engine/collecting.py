"""Everything a process at rest waits for, in the words of the services."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.diagram import Lane
from workflows.engine.catching import Awaited, awaited_by, waiting_tasks
from workflows.engine.conditions import AwaitedCondition
from workflows.engine.faults import evaluated
from workflows.engine.machines import CallTask, MachineTask
from workflows.engine.model import ProcessModel
from workflows.engine.names import names_of, value_of
from workflows.engine.subscribing import AwaitedMessage, AwaitedSignal
from workflows.engine.timing import RowTimer, due_of
from workflows.engine.tree import ProcessTree
from workflows.engine.waits import (
    CALL_OPERATOR,
    MessageWait,
    ServiceTaskWait,
    TimerWait,
    UserTaskWait,
    Waits,
)

CONFIRMATION = "confirmation"
"""The form of a manual task that names none; it is built in."""

W = TypeVar("W")


class Collector:
    """Collects waits. What a person or a machine is asked is read once, when the task begins to wait.

    Raises  EngineFault where an expression that says so has no value.
    """

    def __init__(self, model: ProcessModel, workflow: ProcessTree) -> None:
        self._model = model
        self._workflow = workflow
        self._known: dict[uuid.UUID, Any] = {}

    def collect(self) -> Waits:
        waits = Waits()
        if self._workflow.completed:
            return waits
        for task in self._workflow.open_tasks():
            if task.state == TaskState.STARTED and isinstance(task.task_spec, MachineTask):
                waits.service_tasks[task.id] = self._once(task, self._service_task)
            elif task.state == TaskState.READY and task.task_spec.manual:
                waits.user_tasks[task.id] = self._once(task, self._user_task)
        for task in waiting_tasks(self._workflow):
            for awaited in awaited_by(task):
                self._add_event(waits, task, awaited)
        return waits

    def _once(self, task: Task, make: Callable[[Task], W]) -> W:
        if task.id not in self._known:
            self._known[task.id] = make(task)
        known: W = self._known[task.id]
        return known

    def _add_event(self, waits: Waits, task: Task, awaited: Awaited) -> None:
        element = self._model.element(awaited.element_id)
        if isinstance(awaited, RowTimer):
            due = evaluated(task, partial(awaited.due_at, task))
            uid = awaited.uid(task)
            waits.timers[uid] = TimerWait(uid, element.id, element.name, due)
        elif isinstance(awaited, AwaitedMessage):
            key = evaluated(task, partial(awaited.key, task))
            uid = awaited.uid(task)
            waits.messages[uid] = MessageWait(uid, element.id, awaited.name, awaited.kind, key)
        elif isinstance(awaited, AwaitedSignal):
            uid = awaited.uid(task)
            waits.messages[uid] = MessageWait(uid, element.id, awaited.name, awaited.kind)
        elif isinstance(awaited, AwaitedCondition):
            uid = awaited.uid(task)
            waits.messages[uid] = MessageWait(uid, element.id, awaited.condition[:80], awaited.kind)

    def _user_task(self, task: Task) -> UserTaskWait:
        element = self._model.element(task.task_spec.bpmn_id)
        lane = element.lane or Lane("", "", "", "", "")
        due = element.extension("form", "due")
        return UserTaskWait(
            uid=task.id,
            element_id=element.id,
            name=element.name,
            form=element.extension("form", "name") or (CONFIRMATION if element.kind == "manualTask" else ""),
            role=lane.role,
            site_code=str(_value(task, lane.site) or ""),
            person=str(_value(task, element.extension("form", "person") or lane.person) or ""),
            due_at=evaluated(task, lambda: due_of(task, due)) if due else None,
            lane=lane.name,
            candidates=_usernames(_value(task, element.extension("form", "candidates"))),
            roles=tuple(element.extension("form", "roles").split()),
        )

    def _service_task(self, task: Task) -> ServiceTaskWait:
        element = self._model.element(task.task_spec.bpmn_id)
        arguments = {name: _value(task, text) for name, text in element.arguments.items()}
        if isinstance(task.task_spec, CallTask):
            called = {"process": element.called, "data": arguments or dict(names_of(task))}
            return ServiceTaskWait(task.id, element.id, element.name, CALL_OPERATOR, called)
        operator, topic = (element.extension("operator", word) for word in ("name", "topic"))
        return ServiceTaskWait(task.id, element.id, element.name, operator, arguments, topic)


def _value(task: Task, text: str) -> Any:
    return evaluated(task, lambda: value_of(task, text)) if text else None


def _usernames(value: Any) -> tuple[str, ...]:
    """Candidates as the diagram's expression gave them: one username, or a list of them."""
    names = value if isinstance(value, list | tuple) else [value]
    return tuple(dict.fromkeys(str(name) for name in names if name))
