"""Activities that are run more than once: what all loops share, and the standard loop.

A loop is a task of its own that stays STARTED; what it runs are children of it. Everything it must remember is in
its internal data, so a restored loop goes on where it was. Spiff's own loops listen to their instances only in the
process that began them, mix the data of instances, and leave sub-processes of cancelled ones running.

Reference  BPMN 2.0.2 §10.3.8, §13.3.6
"""

from __future__ import annotations

import uuid
from abc import abstractmethod
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.diagram.loops import StandardLoop
from workflows.engine.merging import changes
from workflows.engine.names import value_of

COUNTER = "loopCounter"
OWN = "own"
"""What an instance knows beside the data of its loop, in its internal data."""
MOST_INSTANCES = 1000


class LoopTask(BpmnSpecMixin):  # type: ignore[misc]
    """A loop around an activity. `task_spec` is the name of what it runs."""

    task_spec: str

    @abstractmethod
    def on_instance_done(self, _workflow: Any, instance: Task) -> None:
        """An instance is completed: go on or end."""

    @abstractmethod
    def most_runs(self, my_task: Task) -> int:
        """How often a loop that has begun runs its activity at most; 0 where only its condition will tell."""

    def begin_instance(self, my_task: Task, own: dict[str, Any]) -> None:
        """Start an instance that sees the loop's data and `own`."""
        spec = my_task.workflow.spec.task_specs[self.task_spec]
        instance = my_task._add_child(spec, TaskState.WAITING)
        instance.triggered = True
        instance.internal_data[OWN] = own
        my_task.internal_data.setdefault("instances", []).append(instance.id.hex)
        spec._update(instance)
        instance.data.update(own)

    def changes_of(self, my_task: Task, instance: Task) -> dict[str, Any]:
        """What an instance changed of the loop's data, without what was its own."""
        own = instance.internal_data[OWN]
        return {key: value for key, value in changes(my_task.data, instance.data).items() if key not in own}

    def end(self, my_task: Task) -> None:
        """Have the loop completed; it needs its notes no more."""
        my_task.internal_data.clear()
        my_task._set_state(TaskState.READY)

    def _on_cancel(self, my_task: Task) -> None:
        for each in my_task.internal_data.get("instances", []):
            cancel_subprocess(my_task.workflow.top_workflow, uuid.UUID(each))
        super()._on_cancel(my_task)


class RepeatedTask(LoopTask):
    """The standard loop: as long as its condition holds, one run after the other, each on the last one's data."""

    def __init__(self, wf_spec: Any, bpmn_id: str, *, loop: StandardLoop, **options: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **options)
        self.loop = loop

    def _update_hook(self, my_task: Task) -> bool:
        super()._update_hook(my_task)
        my_task.internal_data["done"] = 0
        if self.loop.test_before and not self._goes_on(my_task):
            return True
        my_task._set_state(TaskState.STARTED)
        self.begin_instance(my_task, {COUNTER: 1})
        return False

    def on_instance_done(self, _workflow: Any, instance: Task) -> None:
        my_task = instance.parent
        my_task.data.update(self.changes_of(my_task, instance))
        my_task.internal_data["done"] += 1
        if self._goes_on(my_task):
            my_task.internal_data["instances"] = []
            self.begin_instance(my_task, {COUNTER: my_task.internal_data["done"] + 1})
        else:
            self.end(my_task)

    def most_runs(self, _my_task: Task) -> int:
        return min(int(self.loop.maximum or 0), MOST_INSTANCES)

    def _goes_on(self, my_task: Task) -> bool:
        done = my_task.internal_data["done"]
        if self.loop.maximum and done >= int(self.loop.maximum):
            return False
        if not self.loop.condition:
            return True
        return bool(value_of(my_task, self.loop.condition, **{COUNTER: done}))


def cancel_subprocess(top: Any, owner: uuid.UUID) -> None:
    """Cancel the sub-process of a task that may be gone already, and everything in it."""
    subprocess = top.subprocesses.pop(owner, None)
    if subprocess is None:
        return
    within = list(subprocess.tasks)
    subprocess.cancel()
    for each in within:
        cancel_subprocess(top, each)
