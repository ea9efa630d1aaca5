"""What a catching event waits for, and how it is given it.

Spiff asks an event definition whether it has fired. Ours fire only when they are told so: a row was due, a message
came, a condition turned true. So nothing depends on whose clock is asked, or on which of Spiff's broadcasts ran.

Reference  BPMN 2.0.2 §10.5.1
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, ClassVar

from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.diagram import Element, EventTrigger

SPENT = "spent"
"""Which triggers of an event with several are not waited for any more, by their position."""


class Awaited(EventDefinition):  # type: ignore[misc]
    """What one trigger of an event waits for. What it catches goes to one variable of the process data.

    `position` is its place among the triggers of the event.
    """

    kind: ClassVar[str] = ""
    position = 0

    def __init__(self, element: Element, trigger: EventTrigger, *, into: str = "") -> None:
        super().__init__(trigger.name or element.id)
        self.element_id = element.id
        self.into = into

    @property
    def mark(self) -> str:
        """What tells it from others in the notes of a task: the element, for the first trigger of an event."""
        return f"{self.element_id}#{self.position}" if self.position else self.element_id

    def catch(self, my_task: Task, event: BpmnEvent | None = None) -> None:
        if event is not None and event.payload is not None:
            my_task.internal_data["caught"] = event.payload
        super().catch(my_task, event)

    def update_task_data(self, my_task: Task) -> None:
        caught = my_task.internal_data.pop("caught", None)
        if caught is not None and self.into:
            my_task.data[self.into] = caught

    def uid(self, my_task: Task) -> uuid.UUID:
        """The key of the row that tells of this wait."""
        return uuid.uuid5(my_task.id, f"{self.kind}:{self.mark}")

    def again(self, _my_task: Task) -> dict[str, Any] | None:
        """What a non-interrupting event that has fired remembers while it waits on; None if it waits no more."""
        return {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Awaited) and (self.kind, self.mark) == (other.kind, other.mark)

    def __hash__(self) -> int:
        return hash((self.kind, self.mark))


def waiting_tasks(workflow: BpmnWorkflow) -> list[Task]:
    """The catching events that wait now, in the process and its subprocesses."""
    return [task for task in workflow.event_manager.tasks.values() if is_waiting(task)]


def is_waiting(task: Task) -> bool:
    return task.state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent)


def awaited_by(task: Task) -> Iterator[Awaited]:
    """What a waiting task waits for: one thing, or the first of several of an event or an event-based gateway."""
    definition = task.task_spec.event_definition
    spent = task.internal_data.get(SPENT, ())
    for each in getattr(definition, "event_definitions", [definition]):
        if isinstance(each, Awaited) and each.position not in spent:
            yield each


def deliver(task: Task, awaited: Awaited, payload: Any = None) -> None:
    """Give a waiting task what it waits for; it runs with the next steps of the engine."""
    task.task_spec.catch(task, BpmnEvent(awaited, payload=payload))
    task.task_spec._update(task)


def wait_again(task: Task, awaited: Awaited) -> None:
    """Have a non-interrupting event listen on beside the token it has just let go.

    Reference  BPMN 2.0.2 §13.5.3 (it may occur as often as the activity lives)
    """
    definition = task.task_spec.event_definition
    kept = awaited.again(task) if definition is awaited else definition.again_after(task, awaited)
    if kept is None or task.parent is None:
        return
    again = task.parent._add_child(task.task_spec, TaskState.MAYBE)
    again.triggered = True
    again.internal_data.update(kept)
    task.task_spec._predict(again)
    again._set_state(TaskState.WAITING)
    task.task_spec._update(again)
