"""Compensation: undoing activities that were completed, by the handlers drawn for them.

Spiff knows none of it. A compensation throw takes the marks its scope has left and runs the handlers one after
another, the last completed first, each with the data of its mark; then the token goes on. A mark is used once.

Reference  BPMN 2.0.2 §10.7, §13.5.5
"""

from __future__ import annotations

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.leaving import gathered
from workflows.engine.marks import Mark, forget_marks, hand_over, take_marks
from workflows.engine.names import handler_process
from workflows.engine.raising import raise_at_scopes
from workflows.engine.scopes import clear_scope
from workflows.engine.throwing import Raising, outbox_of

_UNDO = "undo"


class CompensationThrow(Raising):
    """Runs the handlers of what its scope has completed, or of one activity, and waits for them.

    Reference  BPMN 2.0.2 §10.5.4 (Compensation Intermediate Event), §10.5.3 (Compensation End Event)
    """

    def _run_hook(self, my_task: Task) -> None:
        if not self.element.triggers[0].waits:
            self.begin(my_task)  # what is completed beside it from now on is not meant
        super()._run_hook(my_task)

    def settle(self, my_task: Task) -> None:
        if _UNDO not in my_task.internal_data:
            self.begin(my_task)
        self._undo_next(my_task)

    def begin(self, my_task: Task) -> None:
        """Take the marks this throw is about; they are used up by it."""
        activity = self.element.triggers[0].activity
        my_task.internal_data[_UNDO] = take_marks(my_task, activity)

    def finish(self, my_task: Task) -> None:
        """Everything is undone."""
        del my_task.internal_data[_UNDO]
        my_task.complete()

    def _undo_next(self, my_task: Task) -> None:
        top = my_task.workflow.top_workflow
        if my_task.id in top.subprocesses:
            top.delete_subprocess(my_task)
            forget_marks(top, my_task)
        marks: list[Mark] = my_task.internal_data[_UNDO]
        if not marks:
            self.finish(my_task)
            return
        mark = marks.pop()
        handler = top.create_subprocess(my_task, handler_process(mark["handler"]))
        handler.completed_event.connect(self._on_subworkflow_completed, my_task)
        hand_over(mark, handler)
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
        my_task.internal_data[_UNDO] = take_marks(my_task, "")

    def finish(self, my_task: Task) -> None:
        del my_task.internal_data[_UNDO]
        my_task._set_state(TaskState.COMPLETED)
        my_task._drop_children(force=True)
        raise_at_scopes(my_task, "cancel", "", None)
