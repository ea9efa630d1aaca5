"""Where the tokens of a scope end: what each of them changed is there when the last one has.

Spiff merges the data of all ends when the last is reached, from tasks that must be kept for it, and as it merges
branches elsewhere. Here whoever ends takes in what ended before it, and waits in its place.

Reference  BPMN 2.0.2 §10.5.3, §13.5.6
"""

from __future__ import annotations

from SpiffWorkflow.bpmn.specs.control import _EndJoin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.branches import parting_of
from workflows.engine.merging import merged


class End(_EndJoin):  # type: ignore[misc]
    """The end all end events of a scope lead to."""

    def _update_hook(self, my_task: Task) -> bool:
        if my_task.state != TaskState.WAITING:
            my_task.data = self._brought(my_task)
        is_last: bool = self._check_threshold_unstructured(my_task)
        if not is_last:
            my_task._set_state(TaskState.WAITING)
        return is_last

    def _brought(self, my_task: Task) -> dict[str, object]:
        """The data of the token that ends, with what those have changed that ended before it."""
        data = my_task.parent.data
        for earlier in list(my_task.workflow.tasks.values()):
            if earlier.task_spec is self and earlier is not my_task and earlier.state == TaskState.WAITING:
                data = merged(parting_of([earlier, my_task]).data, [earlier.data, data])
                my_task.workflow._remove_task(earlier.id)
        return dict(data)

    def _run_hook(self, my_task: Task) -> bool:
        my_task.workflow.data.update(my_task.data)
        return True
