"""Steps that machines do outside the engine: they stay STARTED until their answer comes."""

from __future__ import annotations

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.task import Task


class MachineTask(BpmnSpecMixin):  # type: ignore[misc]
    """A service task that stays STARTED: a worker does it, and its answer completes it.

    Reference  BPMN 2.0.2 §10.3.3
    """

    def _run_hook(self, _my_task: Task) -> None:
        return None


class CallTask(MachineTask):
    """A call activity: the called process is an instance of its own, and its end completes the call.

    Reference  BPMN 2.0.2 §10.3.6, §13.3.4
    """
