"""The data of a case as whoever wrote last left them, whatever branch that was on.

Every token carries the data of its own branch. What listens beside the branches, a conditional event or an event
subprocess, needs those of all; they are followed only where a diagram has such listeners.

Reference  BPMN 2.0.2 §10.4.1 (data are visible within their scope, not along a branch)
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow
from SpiffWorkflow.task import Task

from workflows.diagram import Diagram

_KEY = "_current"


def follows_data(diagram: Diagram) -> bool:
    """Whether anything in the diagram listens beside the branches."""
    return any(
        element.is_event_subprocess or element.trigger("conditional") is not None
        for element in diagram.elements.values()
    )


def current_data(workflow: BpmnBaseWorkflow) -> dict[str, Any]:
    data: dict[str, Any] = workflow.top_workflow.data.setdefault(_KEY, {})
    return data


def follow(task: Task) -> None:
    """Take over what a completed task has changed."""
    if task.parent is None:
        return
    inherited = task.parent.data
    current_data(task.workflow).update(
        {key: value for key, value in task.data.items() if key not in inherited or inherited[key] != value}
    )
