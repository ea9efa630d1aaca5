"""The tree of tokens: Spiff's own, walked flat.

Spiff looks for what is ready or waiting by walking the whole tree from its root, once for every task that
completes, and gives up silently below a depth of a thousand. Here each such question is one pass over the tasks
there are, and `pruning` keeps those few. Log records that nobody reads are not put together either.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.defaults import StartEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

Told = Callable[[Task], None] | None


class TreeTask(Task):  # type: ignore[misc]
    """A task whose children are of its own kind."""

    _state: int

    def _add_child(self, task_spec: Any, state: int = TaskState.MAYBE) -> TreeTask:
        child = TreeTask(self.workflow, task_spec, self, state=state)
        if state == TaskState.READY:
            child._ready()
        return child

    def _set_state(self, value: int) -> None:
        if value != self._state:
            self._state = value
            self.last_state_change = time.time()


class _Tree:
    """What a process and its subprocesses share. `plant` makes the root; a restored tree brings its own."""

    tasks: dict[uuid.UUID, Task]
    spec: BpmnProcessSpec
    completed: bool
    completed_event: Any
    last_task: Task | None
    task_tree: Task
    data: dict[str, Any]

    def plant(self) -> None:
        self.task_tree = TreeTask(self, self.spec.start, state=TaskState.FUTURE)
        self.task_tree.task_spec._predict(self.task_tree, mask=TaskState.NOT_FINISHED_MASK)
        self.task_tree._ready()

    def in_state(self, state: int) -> list[Task]:
        """The tasks in a state or in one of several, the oldest first."""
        return [task for task in self.tasks.values() if task._state & state]

    def is_completed(self) -> bool:
        if not self.completed:
            self.completed = not any(
                task._state & TaskState.NOT_FINISHED_MASK for task in self.tasks.values()
            )
        return self.completed

    def update_waiting_tasks(self) -> None:
        """Ask every waiting task whether it may go on now."""
        for task in self.in_state(TaskState.WAITING):
            if task._state == TaskState.WAITING and task.id in self.tasks:
                task.task_spec._update(task)

    def run_ready(self, will: Told, did: Told) -> int:
        """Run the tasks that are ready and wait for nobody; how many."""
        count = 0
        for task in self.in_state(TaskState.READY):
            if task.task_spec.manual or task._state != TaskState.READY or task.id not in self.tasks:
                continue
            if will is not None:
                will(task)
            task.run()
            count += 1
            if did is not None:
                did(task)
        return count

    def _mark_complete(self, task: Task) -> None:
        self.data.update(task.data)
        self.completed = True


class ProcessTree(_Tree, BpmnWorkflow):  # type: ignore[misc]
    """A process. Without `is_restored` it stands before its start event."""

    def __init__(
        self,
        spec: BpmnProcessSpec,
        subprocess_specs: dict[str, BpmnProcessSpec],
        script_engine: Any,
        *,
        is_restored: bool = False,
    ) -> None:
        super().__init__(spec, subprocess_specs, script_engine=script_engine, deserializing=True)
        if not is_restored:
            self.plant()

    def begin_at(self, start: str) -> None:
        """Begin at one of the start events; the others have not happened.

        Reference  BPMN 2.0.2 §10.5.2 (each start event begins a process of its own)
        """
        for task in self.task_tree.children:
            if isinstance(task.task_spec, StartEvent) and task.task_spec.name != start:
                self._remove_task(task.id)

    def create_subprocess(self, my_task: Task, spec_name: str) -> SubprocessTree:
        subprocess = SubprocessTree(self.subprocess_specs[spec_name], my_task.id, self)
        subprocess.plant()
        self.subprocesses[my_task.id] = subprocess
        return subprocess

    def open_tasks(self) -> Iterator[Task]:
        """What somebody does now or may begin to, in the process and its subprocesses."""
        for workflow in (self, *self.get_active_subprocesses()):
            yield from workflow.in_state(TaskState.STARTED | TaskState.READY)

    def _do_engine_steps(self, will_complete_task: Told = None, did_complete_task: Told = None) -> bool:
        """One round: subprocesses from the innermost outwards, each until it waits, then the process itself."""
        before = self.get_active_subprocesses()
        for subprocess in sorted(before, key=lambda each: each.depth, reverse=True):
            while subprocess.run_ready(will_complete_task, did_complete_task):
                pass
            owner = self.get_task_from_id(subprocess.parent_task_id)
            owner.task_spec._update(owner)
        count = self.run_ready(will_complete_task, did_complete_task)
        return count > 0 or any(each not in before for each in self.get_active_subprocesses())


class SubprocessTree(_Tree, BpmnSubWorkflow):  # type: ignore[misc]
    """An embedded subprocess, whose tokens are its own."""

    def __init__(self, spec: BpmnProcessSpec, parent_task_id: uuid.UUID, top_workflow: ProcessTree) -> None:
        super().__init__(spec, parent_task_id, top_workflow, deserializing=True)
