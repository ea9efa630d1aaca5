"""Events with several triggers: any of them is the event, or all of them together are.

Each trigger is waited for by itself, with a row of its own; what tells them apart is their position.

Reference  BPMN 2.0.2 §10.5.1, §10.5.5 (Multiple, Parallel Multiple)
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.task import Task

from workflows.diagram import Element
from workflows.engine.catching import SPENT, Awaited

_BEGUN = ("due", "cycle", "held")
"""What a trigger that has not happened goes on from: when it is due, and whether its condition holds already."""
_HAPPENED = "happened"


class AwaitedAny(EventDefinition):  # type: ignore[misc]
    """The first of several triggers is the event.

    One that does not interrupt listens on to those that can still happen; a timer that was due is spent.
    """

    def __init__(self, element: Element, several: list[Awaited]) -> None:
        super().__init__(element.id)
        self.event_definitions = several

    def catch(self, my_task: Task, event: BpmnEvent) -> None:
        my_task.internal_data["by"] = event.event_definition.position
        event.event_definition.catch(my_task, event)

    def update_task_data(self, my_task: Task) -> None:
        self.event_definitions[my_task.internal_data["by"]].update_task_data(my_task)

    def again_after(self, my_task: Task, fired: Awaited) -> dict[str, Any] | None:
        """What the event remembers while it listens on after one of its triggers; None if it listens no more."""
        own = fired.again(my_task)
        spent = [*my_task.internal_data.get(SPENT, []), *([fired.position] if own is None else [])]
        if len(spent) == len(self.event_definitions):
            return None
        begun = {key: my_task.internal_data[key] for key in _BEGUN if key in my_task.internal_data}
        return {**begun, **(own or {}), SPENT: spent}


class AwaitedAll(AwaitedAny):
    """The event has happened when each of its triggers has, in whatever order."""

    def catch(self, my_task: Task, event: BpmnEvent) -> None:
        notes = my_task.internal_data
        notes.setdefault(_HAPPENED, []).append([event.event_definition.position, event.payload])
        notes[SPENT] = [position for position, _payload in notes[_HAPPENED]]
        if len(notes[SPENT]) == len(self.event_definitions):
            EventDefinition.catch(self, my_task, event)

    def update_task_data(self, my_task: Task) -> None:
        for position, payload in my_task.internal_data.pop(_HAPPENED):
            if payload is not None:
                my_task.internal_data["caught"] = payload
            self.event_definitions[position].update_task_data(my_task)

    def again_after(self, my_task: Task, fired: Awaited) -> dict[str, Any] | None:  # noqa: ARG002 - all have fired
        """It happens again when all of them have once more; a timer that is not repeated never will."""
        kept: dict[str, Any] = {}
        for each in self.event_definitions:
            own = each.again(my_task)
            if own is None:
                return None
            kept |= own
        return kept
