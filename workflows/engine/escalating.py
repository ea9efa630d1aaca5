"""Escalations: someone around is told; one that nobody in the process hears goes out to whoever called it.

What goes out is numbered and kept for a while, so that the caller can be told of it before it is told of the end of
the process, and of each but once.

Reference  BPMN 2.0.2 §10.5.1 (Escalation), §10.5.3, §10.5.4, §13.5.3 (propagation, also out of a called process)
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.raising import raise_at_scopes
from workflows.engine.throwing import Raising, outbox_of
from workflows.engine.waits import Thrown

KEPT = 50
"""How many of the escalations that went out a process remembers."""
_OUT = "_escalated"


class EscalationThrow(Raising):
    """Someone around is told; whether the scope goes on is for the one who catches it to say.

    Reference  BPMN 2.0.2 §10.5.4 (Escalation Intermediate Event), §10.5.3 (Escalation End Event)
    """

    def settle(self, my_task: Task) -> None:
        escalate(my_task, self.code, self.element.id)
        if my_task.state == TaskState.STARTED:
            my_task.complete()


def escalate(task: Task, code: str, element_id: str) -> None:
    """Throw an escalation at a task: to the innermost that catches it here, else out of the process."""
    if raise_at_scopes(task, "escalation", code, {"code": code, "element": element_id}):
        return
    out: dict[str, Any] = task.workflow.top_workflow.data.setdefault(_OUT, {"count": 0, "last": []})
    out["count"] += 1
    told = [out["count"], code, element_id]
    out["last"] = [*out["last"], told][-KEPT:]
    outbox_of(task).thrown.append(_thrown(*told))


def escalated(workflow: BpmnWorkflow) -> list[Thrown]:
    """The escalations that went out of a process, the last ones; each has its number for a key."""
    return [_thrown(*told) for told in workflow.data.get(_OUT, {"last": []})["last"]]


def _thrown(number: int, code: str, element_id: str) -> Thrown:
    return Thrown("escalation", code, element_id, str(number), {})
