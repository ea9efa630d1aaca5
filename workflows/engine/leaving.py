"""What a scope that ends before its time leaves behind: what its completed tasks have changed stays changed.

Every token carries the data of its own branch, so a token that is taken away would take along what it has done. Data
belong to the scope, though; they are gathered from its tokens before these go. A task that is not done has changed
nothing, and an instance of a loop leaves only what its loop has collected.

Reference  BPMN 2.0.2 §10.4.1 (data live as long as their scope), §10.5.3 (Terminate), §13.5.3
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.mixins import SubWorkflowTaskMixin
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.ends import End
from workflows.engine.loops import OWN, LoopTask
from workflows.engine.merging import Data, merged

_HAS_TOKEN = TaskState.WAITING | TaskState.READY | TaskState.STARTED


def gathered(workflow: BpmnBaseWorkflow) -> dict[str, Any]:
    """The data of a scope as its tokens have left them; where two changed the same, the later change counts."""
    versions: dict[Task, list[tuple[float, Data]]] = {}
    for task in reversed(list(workflow.tasks.values())):  # children come after their parents
        below = sorted(versions.pop(task, []), key=lambda version: version[0])
        if _is_tip(task):
            version = (task.last_state_change, left_at(task))
        elif len(below) == 1:
            version = below[0]
        elif below:
            version = (below[-1][0], merged(task.data, [data for _when, data in below]))
        else:
            continue
        if task.parent is None:
            return dict(version[1])
        versions.setdefault(task.parent, []).append(version)
    return dict(workflow.task_tree.data)


def left_at(task: Task) -> Data:
    """The data where a token stands, with what it has changed; what it was given to read is its own no more."""
    data = _stands_with(task)
    if task.parent is None or data is task.parent.data or not task.task_spec.data_input_associations:
        return data
    left = dict(data)
    for reading in task.task_spec.data_input_associations:
        reading.give_back(left, task.parent.data)
    return left


def _stands_with(task: Task) -> Data:
    subprocess = task.workflow.top_workflow.subprocesses.get(task.id)
    if (
        subprocess is not None
        and isinstance(task.task_spec, SubWorkflowTaskMixin)
        and OWN not in task.internal_data
    ):
        return gathered(subprocess)
    is_own = task.has_state(TaskState.COMPLETED) or isinstance(task.task_spec, End | LoopTask)
    data: Data = task.data if is_own or task.parent is None else task.parent.data
    return data


def _is_tip(task: Task) -> bool:
    """Whether a token stands at a task, or went no further."""
    return bool(task.has_state(_HAS_TOKEN)) or (task.has_state(TaskState.COMPLETED) and not task.children)
