"""Compensation: undoing activities that were completed, by the handlers drawn for them.

Spiff knows none of it. An activity that has a handler leaves a mark when it completes: what it was, where, and the
data as they were. A compensation throw takes the marks of its scope and runs the handlers one after another, the
last completed first, each with the data of its mark; then the token goes on. A mark is used once.

Marks of a completed subprocess belong to the scope around it, unless it has a handler of its own, which then stands
for all of it. A subprocess that was interrupted has not completed, and nothing of it is compensated from outside.

Reference  BPMN 2.0.2 §10.7, §13.5.5
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from functools import partial
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.mixins import SubWorkflowTaskMixin
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow, BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.diagram import Diagram
from workflows.engine.event_subprocesses import is_begun_by_event
from workflows.engine.leaving import gathered
from workflows.engine.raising import raise_at_scopes
from workflows.engine.scopes import clear_scope, owner_of
from workflows.engine.throwing import Raising, outbox_of

Mark = dict[str, Any]
_MARKS = "_completed"
_UNDO = "undo"


def handler_process(handler_id: str) -> str:
    """The name of the process made of a handler alone, in which it runs."""
    return f"{handler_id}.compensation"


def watch_completions(diagram: Diagram, specs: Iterable[BpmnProcessSpec]) -> None:
    """Have activities that can be compensated leave their marks."""
    handlers = diagram.compensation_handlers
    if not handlers:
        return
    for spec in specs:
        for task_spec in spec.task_specs.values():
            handler = handlers.get(task_spec.name, "")
            if handler or isinstance(task_spec, SubWorkflowTaskMixin):
                task_spec.completed_event.connect(partial(_completed, handler))


def forget_lost_marks(workflow: BpmnWorkflow) -> None:
    """What a scope has done that was taken away is undone by nobody any more."""
    marks: list[Mark] = workflow.data.get(_MARKS, [])
    if marks:
        alive = {"", *(owner.hex for owner in workflow.subprocesses)}
        marks[:] = [mark for mark in marks if mark["scope"] in alive]


class CompensationThrow(Raising):
    """Runs the handlers of what its scope has completed, or of one activity, and waits for them.

    Reference  BPMN 2.0.2 §10.5.4 (Compensation Intermediate Event), §10.5.3 (Compensation End Event)
    """

    def settle(self, my_task: Task) -> None:
        if _UNDO not in my_task.internal_data:
            self.begin(my_task)
        self._undo_next(my_task)

    def begin(self, my_task: Task) -> None:
        """Take the marks this throw is about; they are used up by it."""
        activity = self.element.triggers[0].activity
        my_task.internal_data[_UNDO] = _take_marks(my_task, activity)

    def finish(self, my_task: Task) -> None:
        """Everything is undone."""
        del my_task.internal_data[_UNDO]
        my_task.complete()

    def _undo_next(self, my_task: Task) -> None:
        top = my_task.workflow.top_workflow
        if my_task.id in top.subprocesses:
            top.delete_subprocess(my_task)
        marks: list[Mark] = my_task.internal_data[_UNDO]
        if not marks:
            self.finish(my_task)
            return
        mark = marks.pop()
        handler = top.create_subprocess(my_task, handler_process(mark["handler"]))
        handler.completed_event.connect(self._on_subworkflow_completed, my_task)
        start = handler.get_next_task(spec_name="Start")
        start.set_data(**mark["data"])
        start.run()

    def _on_subworkflow_completed(self, _handler: BpmnSubWorkflow, my_task: Task) -> None:
        outbox_of(my_task).raised.append(my_task)

    def _on_cancel(self, my_task: Task) -> None:
        handler = my_task.workflow.top_workflow.get_subprocess(my_task)
        if handler is not None:
            handler.cancel()
        super()._on_cancel(my_task)


class CancelEnd(CompensationThrow):
    """A transaction is given up: what it still does stops, what it completed is undone, then it is left.

    Reference  BPMN 2.0.2 §10.3.6 (Transaction), §10.5.3 (Cancel End Event)
    """

    def begin(self, my_task: Task) -> None:
        my_task.data = gathered(my_task.workflow)
        clear_scope(my_task)
        my_task.internal_data[_UNDO] = _take_marks(my_task, "")

    def finish(self, my_task: Task) -> None:
        del my_task.internal_data[_UNDO]
        my_task._set_state(TaskState.COMPLETED)
        my_task._drop_children(force=True)
        raise_at_scopes(my_task, "cancel", "", None)


def _completed(handler: str, workflow: BpmnBaseWorkflow, task: Task) -> None:
    marks: list[Mark] = workflow.top_workflow.data.setdefault(_MARKS, [])
    inner = task.id.hex
    if handler:
        marks[:] = [mark for mark in marks if mark["scope"] != inner]
        marks.append(
            {
                "activity": task.task_spec.name,
                "within": [],
                "handler": handler,
                "scope": _scope(workflow),
                "data": deepcopy(task.data),
            }
        )
        return
    for mark in marks:
        if mark["scope"] == inner:
            mark["scope"] = _scope(workflow)
            mark["within"].append(task.task_spec.name)


def _take_marks(task: Task, activity: str) -> list[Mark]:
    """The marks of a task's scope, in the order of completion; of one activity only where one is named."""
    marks: list[Mark] = task.workflow.top_workflow.data.get(_MARKS, [])
    scopes = _scopes_undone_by(task)
    taken = [
        mark
        for mark in marks
        if mark["scope"] in scopes and activity in ("", mark["activity"], *mark["within"])
    ]
    marks[:] = [mark for mark in marks if mark not in taken]
    return taken


def _scopes_undone_by(task: Task) -> set[str]:
    """The scope of a throw; from within an event subprocess also the scope that one stands in."""
    scopes = {_scope(task.workflow)}
    owner = owner_of(task)
    while owner is not None and is_begun_by_event(owner):
        scopes.add(_scope(owner.workflow))
        owner = owner_of(owner)
    return scopes


def _scope(workflow: BpmnBaseWorkflow) -> str:
    parent_id = workflow.parent_task_id
    return "" if parent_id is None else parent_id.hex
