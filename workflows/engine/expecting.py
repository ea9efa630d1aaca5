"""What follows a task is expected one step ahead, never to the end of the process.

Spiff puts into the tree whatever is certain to come, branch by branch to the end: each pair of branches that meets
again doubles what follows it, and a way that leads back without a choice is followed for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

_AHEAD = TaskState.PREDICTED_MASK | TaskState.FUTURE


def expect_one_step(specs: Iterable[BpmnProcessSpec]) -> None:
    """Have the tasks of these specifications expect what follows them when they are reached, and no further."""
    for spec in specs:
        for task_spec in spec.task_specs.values():
            task_spec._predict = partial(_expect, task_spec)
            task_spec._update = partial(_update, task_spec)


def _expect(spec: Any, my_task: Task, _seen: Any = None, looked: int = 0, mask: int = _AHEAD) -> None:
    """Put what may follow into the tree; of what is only possible also what would follow that."""
    if my_task._state & mask:
        spec._predict_hook(my_task)
    if my_task._state & TaskState.DEFINITE_MASK or looked + 1 < spec.lookahead:
        for child in my_task.children:
            if child._state & TaskState.PREDICTED_MASK & mask:
                child.task_spec._predict(child, None, looked + 1, mask)


def _update(spec: Any, my_task: Task) -> None:
    """A task may be reached now."""
    if my_task._state & _AHEAD:
        spec._predict(my_task)
    if spec._update_hook(my_task):
        my_task._ready()
