"""Errors, termination and cancellation: what an end event does to the scopes around it, and who catches what.

Reference  BPMN 2.0.2 §10.5.1 (Error, Escalation), §10.5.3 (Terminate), §13.5.3 (propagation to the innermost
           enclosing scope that catches)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import EndEvent
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.diagram import Element, EventTrigger
from workflows.engine.catching import Awaited, awaited_by, deliver
from workflows.engine.event_subprocesses import is_begun_by_event, listeners_in
from workflows.engine.leaving import gathered
from workflows.engine.scopes import activity_of, attached_to, clear_scope, owner_of
from workflows.engine.throwing import Raising, outbox_of


class AwaitedError(Awaited):
    """An error of one code, or of any where none is written."""

    kind = "error"

    def __init__(self, element: Element, trigger: EventTrigger) -> None:
        super().__init__(element, trigger, into=element.extension(self.kind, "into") or self.kind)
        self.code = trigger.name


class AwaitedEscalation(AwaitedError):
    """An escalation of one code, or of any where none is written."""

    kind = "escalation"


class AwaitedCancel(Awaited):
    """The cancellation of the transaction an event is attached to."""

    kind = "cancel"
    code = ""


class ErrorEnd(Raising):
    """The error takes its scope away. Where nothing catches it, the process ends with it.

    Reference  BPMN 2.0.2 §10.5.3 (Error End Event)
    """

    def settle(self, my_task: Task) -> None:
        my_task._set_state(TaskState.COMPLETED)
        my_task._drop_children(force=True)
        code = self.code
        if not raise_at_scopes(my_task, "error", code, {"code": code, "element": self.element.id}):
            outbox_of(my_task).error = code or "ERROR"
            my_task.workflow.top_workflow.cancel()


class TerminateEnd(Raising, EndEvent):  # type: ignore[misc]
    """Everything in the scope ends, and with it the scope.

    Reference  BPMN 2.0.2 §10.5.3 (Terminate End Event)
    """

    def settle(self, my_task: Task) -> None:
        my_task.data = gathered(my_task.workflow)
        clear_scope(my_task)
        my_task.complete()


def raise_at_scopes(task: Task, kind: str, code: str, payload: dict[str, Any] | None) -> bool:
    """Throw at a task, then at the scopes around it from the innermost outwards; False if nothing catches it."""
    for candidates in _outwards(activity_of(task)):
        found = _catcher(candidates, kind, code)
        if found is not None:
            deliver(*found, payload)
            return True
    return False


def _outwards(host: Task) -> Iterator[list[Task]]:
    """What may catch: events at the edge of the activity, event subprocesses beside it, then one scope further.

    What begins an event subprocess does not catch what that one throws.
    """
    while True:
        yield attached_to(host)
        own = host.parent.task_spec if is_begun_by_event(host) else None
        yield [each for each in listeners_in(host.workflow) if each.task_spec is not own]
        owner = owner_of(host)
        if owner is None:
            return
        host = activity_of(owner)


def _catcher(candidates: list[Task], kind: str, code: str) -> tuple[Task, Awaited] | None:
    """Who catches: the one that names the code before the one that takes any."""
    takes_any = None
    for task in candidates:
        for awaited in awaited_by(task):
            if awaited.kind != kind:
                continue
            if code and awaited.code == code:
                return task, awaited
            if not awaited.code:
                takes_any = takes_any or (task, awaited)
    return takes_any
