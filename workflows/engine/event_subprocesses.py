"""Event subprocesses: begun by an event of their scope, in its place or beside it.

Spiff begins one when the scope begins, or adds one whatever `isInterrupting` says. Here the start event is a listener
of the enclosing scope. When it fires, it clears the scope first or goes on listening; a scope whose last token is
gone ends although its listeners still listen.

Reference  BPMN 2.0.2 §10.3.5, §13.5.4
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import SimpleBpmnTask
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.catching import Awaited, wait_again
from workflows.engine.current import current_data
from workflows.engine.ends import End
from workflows.engine.scopes import clear_scope
from workflows.engine.several import AwaitedAny


class Listener(CatchingEvent, BpmnTaskSpec):  # type: ignore[misc]
    """The start event of an event subprocess, as it listens in the scope around that one."""

    def __init__(
        self, wf_spec: Any, name: str, awaited: Awaited | AwaitedAny, *, is_interrupting: bool
    ) -> None:
        super().__init__(wf_spec, name, awaited)
        self.is_interrupting = is_interrupting

    def catch(self, my_task: Task, event: BpmnEvent) -> None:
        super().catch(my_task, event)
        if not self.event_definition.has_fired(my_task):
            return
        if self.is_interrupting:
            clear_scope(my_task)
        else:
            wait_again(my_task, event.event_definition)

    def _predict_hook(self, my_task: Task) -> None:
        """Nothing is expected of a listener: the scope must be able to end without it."""

    def _run_hook(self, my_task: Task) -> bool:
        my_task.data.update(current_data(my_task.workflow))
        done = bool(super()._run_hook(my_task))
        my_task._sync_children(self.outputs, TaskState.FUTURE)
        for child in my_task.children:
            child.task_spec._predict(child, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
        return done


class ScopeEnd(End):
    """The end of a scope: reached when no token is left but those that merely listen."""

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        return not any(
            task.has_state(TaskState.NOT_FINISHED_MASK)
            and task is not my_task
            and task.task_spec.name != "End"
            and not _listens(task)
            for task in my_task.workflow.tasks.values()
        )

    def _run_hook(self, my_task: Task) -> bool:
        for listener in listeners_in(my_task.workflow):
            listener.cancel()
        return super()._run_hook(my_task)


class ScopeSpec(BpmnProcessSpec):  # type: ignore[misc]
    """A process or subprocess whose end does not wait for listeners."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        del self.task_specs[self.end.name], self.task_specs["End"]
        self.end: ScopeEnd = ScopeEnd(self, f"{self.name}.EndJoin")
        self.end.connect(SimpleBpmnTask(self, "End"))


def listeners_in(workflow: BpmnBaseWorkflow) -> list[Task]:
    """The start events of event subprocesses that listen in a scope."""
    return [task for task in workflow.tasks.values() if _listens(task)]


def is_begun_by_event(task: Task) -> bool:
    """Whether a task is an event subprocess."""
    return task.parent is not None and isinstance(task.parent.task_spec, Listener)


def _listens(task: Task) -> bool:
    return isinstance(task.task_spec, Listener) and bool(task.state == TaskState.WAITING)
