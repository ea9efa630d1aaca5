"""Tasks the engine does itself, within the step: scripts and business rules.

One that fails stays STARTED with its failure noted; the run then throws it as a BPMN error at the task, or gives
up with a fault where nothing catches it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.task import Task

from workflows.engine.names import names_of

FAILURE = "failure"


class ComputationError(Exception):
    """What was to be computed has no answer. `code` is what an error boundary event may catch."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ComputedTask(BpmnSpecMixin):  # type: ignore[misc]
    """A task whose answer is computed from its data and joins it."""

    def _run_hook(self, my_task: Task) -> bool | None:
        try:
            my_task.data.update(self.compute(names_of(my_task)))
        except ComputationError as error:
            my_task.internal_data[FAILURE] = [error.code, error.message]
            return None
        return True

    @abstractmethod
    def compute(self, names: Mapping[str, Any]) -> Mapping[str, Any]:
        """The variables to be set; raises ComputationError."""
