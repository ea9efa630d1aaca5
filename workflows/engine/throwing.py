"""What a process throws: out of itself, as messages and signals, or at the scopes around it.

What leaves the process is collected and written with the step. What is thrown at a scope takes tokens away, so it
is settled when the engine stands still, never while it walks over those tokens.

Reference  BPMN 2.0.2 §10.5.1, §10.5.4
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows import expressions
from workflows.diagram import Element
from workflows.engine.names import value_of
from workflows.engine.subscribing import key_text
from workflows.engine.waits import Thrown


@dataclass
class Outbox:
    """What a process has thrown since it last stood still. `error` is the code that ended it, if one did."""

    thrown: list[Thrown] = field(default_factory=list)
    raised: list[Task] = field(default_factory=list)
    error: str = ""


def outbox_of(task: Task) -> Outbox:
    outbox: Outbox = task.workflow.top_workflow.outbox
    return outbox


class ThrowingSpec(BpmnSpecMixin):  # type: ignore[misc]
    """A node that throws what its element says."""

    def __init__(self, wf_spec: Any, bpmn_id: str, *, element: Element, **kwargs: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **kwargs)
        self.element = element

    @property
    def code(self) -> str:
        """The code of the error or escalation, the name of the message or signal."""
        return self.element.triggers[0].name


class Publishing(ThrowingSpec):
    """A throw or end event of messages and signals, all of which it throws, or a send task.

    Reference  BPMN 2.0.2 §10.5.3, §10.5.4 (Message, Signal, Multiple)
    """

    def _run_hook(self, my_task: Task) -> bool:
        element = self.element
        payload = {name: value_of(my_task, text) for name, text in element.arguments.items()}
        if element.correlates_payload:
            values = [expressions.evaluate(text, payload) for text in element.correlating]
        else:
            values = [value_of(my_task, text) for text in element.correlating]
        outbox_of(my_task).thrown.extend(
            Thrown(
                kind=trigger.kind,
                name=trigger.name,
                element_id=element.id,
                key=key_text(values, element.id) if trigger.kind == "message" else "",
                payload=payload,
            )
            for trigger in element.triggers
        )
        return True


class Raising(ThrowingSpec):
    """A node whose throw is settled when the engine stands still; until then its token stays with it."""

    def _update_hook(self, my_task: Task) -> bool:
        if my_task.state == TaskState.STARTED:
            return False
        return bool(super()._update_hook(my_task))

    def _run_hook(self, my_task: Task) -> None:
        outbox_of(my_task).raised.append(my_task)

    def settle(self, my_task: Task) -> None:
        """Throw at the scopes around; the token goes on, ends, or is taken away."""
        raise NotImplementedError


def settle_throws(workflow: BpmnWorkflow, note: Callable[[Task], None]) -> bool:
    """Settle what was thrown at scopes; whether there was anything."""
    raised, workflow.outbox.raised = workflow.outbox.raised, []
    for task in raised:
        if task.state == TaskState.STARTED and task.id in task.workflow.tasks:
            task.task_spec.settle(task)
            note(task)
    return bool(raised)
