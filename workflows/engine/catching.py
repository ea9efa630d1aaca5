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

_SPENT = "spent"
_BEGUN = ("due", "cycle", "held")
"""What a trigger that has not happened goes on from: when it is due, and whether its condition holds already."""


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


class AwaitedAny(EventDefinition):  # type: ignore[misc]
    """An event with several triggers: any of them is the event.

    One that does not interrupt listens on to those that can still happen; a timer that was due is spent.

    Reference  BPMN 2.0.2 §10.5.1, §10.5.5 (Multiple)
    """

    def __init__(self, element: Element, several: list[Awaited]) -> None:
        super().__init__(element.id)
        self.event_definitions = several

    def catch(self, my_task: Task, event: BpmnEvent) -> None:
        my_task.internal_data["by"] = event.event_definition.position
        event.event_definition.catch(my_task, event)

    def update_task_data(self, my_task: Task) -> None:
        self.event_definitions[my_task.internal_data["by"]].update_task_data(my_task)

    def again(self, my_task: Task, fired: Awaited) -> dict[str, Any] | None:
        """What the event remembers while it listens on after one of its triggers; None if it listens no more."""
        own = fired.again(my_task)
        spent = [*my_task.internal_data.get(_SPENT, []), *([fired.position] if own is None else [])]
        if len(spent) == len(self.event_definitions):
            return None
        begun = {key: my_task.internal_data[key] for key in _BEGUN if key in my_task.internal_data}
        return {**begun, **(own or {}), _SPENT: spent}


def waiting_tasks(workflow: BpmnWorkflow) -> list[Task]:
    """The catching events that wait now, in the process and its subprocesses."""
    return [task for task in workflow.event_manager.tasks.values() if is_waiting(task)]


def is_waiting(task: Task) -> bool:
    return task.state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent)


def awaited_by(task: Task) -> Iterator[Awaited]:
    """What a waiting task waits for: one thing, or the first of several of an event or an event-based gateway."""
    definition = task.task_spec.event_definition
    spent = task.internal_data.get(_SPENT, ())
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
    several = isinstance(definition, AwaitedAny)
    kept = definition.again(task, awaited) if several else awaited.again(task)
    if kept is None or task.parent is None:
        return
    again = task.parent._add_child(task.task_spec, TaskState.MAYBE)
    again.triggered = True
    again.internal_data.update(kept)
    task.task_spec._predict(again)
    again._set_state(TaskState.WAITING)
    task.task_spec._update(again)
