"""Scopes: a process or subprocess, what is attached to it, and how its tokens are withdrawn.

Reference  BPMN 2.0.2 §13.5.4 (an interrupting event ends what its scope is doing)
"""

from __future__ import annotations

from copy import deepcopy

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent as SpiffBoundaryEvent
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.catching import wait_again
from workflows.engine.leaving import left_at

_LEFT = "left"
_HAS_TOKEN = TaskState.WAITING | TaskState.READY | TaskState.STARTED


class BoundaryEvent(SpiffBoundaryEvent):  # type: ignore[misc]
    """An event at the edge of an activity: it takes the activity away, or goes on listening."""

    def connect(self, taskspec: TaskSpec) -> None:
        """What is begun beside the activity has no part in its end, so only its own flow leads on."""
        if self.cancel_activity or not isinstance(taskspec, BoundaryEventJoin):
            super().connect(taskspec)

    def catch(self, my_task: Task, event: BpmnEvent) -> None:
        super().catch(my_task, event)
        if not self.event_definition.has_fired(my_task):
            return
        if self.cancel_activity:
            for other in attached_to(my_task):
                if other is not my_task:  # in the same step what it waits for may have come, too
                    other.cancel()
            for sibling in my_task.parent.children:
                if not isinstance(sibling.task_spec, SpiffBoundaryEvent):
                    my_task.internal_data[_LEFT] = deepcopy(dict(left_at(sibling)))
                    withdraw(sibling)
        else:
            wait_again(my_task, event.event_definition)

    def _run_hook(self, my_task: Task) -> bool:
        """The token goes on with what the activity has left, and what was caught besides."""
        left = my_task.internal_data.pop(_LEFT, None)
        if left is not None:
            my_task.data = left
        return bool(super()._run_hook(my_task))


def attached_to(host: Task) -> list[Task]:
    """The boundary events that wait at the edge of an activity."""
    siblings = host.parent.children if host.parent is not None else []
    return [
        each
        for each in siblings
        if isinstance(each.task_spec, SpiffBoundaryEvent) and each.state == TaskState.WAITING
    ]


def activity_of(task: Task) -> Task:
    """The activity a task belongs to: several tasks are one activity where a marker repeats it."""
    while (
        task.parent is not None and getattr(task.parent.task_spec, "task_spec", None) == task.task_spec.name
    ):
        task = task.parent
    return task


def owner_of(task: Task) -> Task | None:
    """The subprocess a task runs in, as the task it is in the scope around it."""
    parent_id = task.workflow.parent_task_id
    return task.workflow.top_workflow.get_task_from_id(parent_id) if parent_id is not None else None


def withdraw(task: Task) -> None:
    """Cancel a task with everything below it, subprocesses and what they wait for included."""
    for each in reversed(list(task)):
        if each.has_state(_HAS_TOKEN) and each.id in each.workflow.tasks:
            each.cancel()  # what was only expected after it goes with it


def clear_scope(kept: Task) -> None:
    """Cancel every token of a task's scope but its own."""
    for each in list(kept.workflow.tasks.values()):
        if each is kept or each.id not in kept.workflow.tasks or kept.is_descendant_of(each):
            continue
        if each.has_state(_HAS_TOKEN) and not each.is_descendant_of(kept):
            withdraw(each)
