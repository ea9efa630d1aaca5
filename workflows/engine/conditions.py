"""Conditional events: they fire when the data of the case make their condition true.

Reference  BPMN 2.0.2 §10.5.5 (Conditional): before it can fire again, the condition must have been false
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task

from workflows import expressions
from workflows.diagram import Element, EventTrigger
from workflows.engine.catching import Awaited, awaited_by, deliver, is_waiting, waiting_tasks
from workflows.engine.current import current_data
from workflows.engine.names import value_of


class AwaitedCondition(Awaited):
    """A condition over the data as they stand in the whole case, not only on the token's own branch."""

    kind = "conditional"

    def __init__(self, element: Element, trigger: EventTrigger) -> None:
        super().__init__(element, trigger)
        self.condition = trigger.expression

    def holds(self, my_task: Task) -> bool:
        return bool(value_of(my_task, self.condition, **current_data(my_task.workflow)))

    def update_task_data(self, my_task: Task) -> None:
        """The token takes along what its condition was about."""
        current = current_data(my_task.workflow)
        my_task.data.update(
            {name: current[name] for name in expressions.names_in(self.condition) if name in current}
        )

    def again(self, _my_task: Task) -> dict[str, Any] | None:
        return {"held": True}


def fire_conditions(workflow: BpmnWorkflow) -> bool:
    """Fire the conditional events whose condition has become true; whether there were any."""
    has_fired = False
    for task in waiting_tasks(workflow):
        if not is_waiting(task):
            continue  # another one has just interrupted what it listens to
        for awaited in awaited_by(task):
            if isinstance(awaited, AwaitedCondition) and _has_become_true(task, awaited):
                deliver(task, awaited)
                has_fired = True
                break
    return has_fired


def _has_become_true(task: Task, awaited: AwaitedCondition) -> bool:
    if not awaited.holds(task):
        task.internal_data.pop("held", None)
        return False
    return not task.internal_data.get("held", False)
