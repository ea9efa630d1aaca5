"""The data of a case as whoever wrote last left them, whatever branch that was on.

Every token carries the data of its own branch. What listens beside the branches, a conditional event or an event
subprocess, needs those of all; they are followed only where a diagram has such listeners.

Reference  BPMN 2.0.2 §10.4.1 (data are visible within their scope, not along a branch)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow
from SpiffWorkflow.exceptions import TaskNotFoundException
from SpiffWorkflow.task import Task

from workflows.diagram import Diagram
from workflows.engine.loops import OWN
from workflows.engine.merging import changes

_KEY = "_current"


def follows_data(diagram: Diagram) -> bool:
    """Whether anything in the diagram listens beside the branches."""
    return any(
        element.is_event_subprocess or element.trigger("conditional") is not None
        for element in diagram.elements.values()
    )


def begin_following(workflow: BpmnBaseWorkflow, data: Mapping[str, Any]) -> None:
    """What a case is begun with is the first that was written."""
    _layer(workflow).update(data)


def current_data(workflow: BpmnBaseWorkflow) -> dict[str, Any]:
    """The data as they stand in a scope. An instance of a repeated subprocess has its item and changes for itself.

    Reference  BPMN 2.0.2 §10.3.8, §13.3.7 (instances run independently of each other)
    """
    home, owner = _home(workflow)
    if owner is None:
        return dict(_layer(home))
    return {**current_data(owner.workflow), **owner.internal_data[OWN], **_layer(home)}


def follow(task: Task) -> None:
    """Take over what a completed task has changed; an instance of a loop tells of itself through its loop."""
    if OWN in task.internal_data:
        task = task.parent
    if task.parent is None:
        return
    try:
        home, _owner = _home(task.workflow)
    except TaskNotFoundException:
        return  # what it has thrown has taken its scope away, and its changes with it
    _layer(home).update(changes(task.parent.data, task.data))


def _home(workflow: BpmnBaseWorkflow) -> tuple[BpmnBaseWorkflow, Task | None]:
    """The innermost scope around that has data of its own: the process, or an instance of a loop and its task."""
    while workflow.parent_task_id is not None:
        owner = workflow.top_workflow.get_task_from_id(workflow.parent_task_id)
        if OWN in owner.internal_data:
            return workflow, owner
        workflow = owner.workflow
    return workflow, None


def _layer(workflow: BpmnBaseWorkflow) -> dict[str, Any]:
    data: dict[str, Any] = workflow.data.setdefault(_KEY, {})
    return data
