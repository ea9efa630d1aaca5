"""What the engine gives up with: the diagram cannot go on from here, and at which element."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.task import Task

from common.sentences import Sentence
from workflows.engine.names import element_id_of
from workflows.engine.subscribing import CorrelationError
from workflows.engine.timing import TimingError
from workflows.expressions import ExpressionError

BAD_VALUES = (ExpressionError, TimingError, CorrelationError)
"""What an expression of the diagram may fail with, on the data there are."""
CANNOT_GO_ON = (*BAD_VALUES, WorkflowException)
"""What a token may fail with on its way."""

T = TypeVar("T")


class EngineFault(Exception):
    """The diagram cannot go on: a condition or value does not fit the data, or a loop never waits."""

    def __init__(self, element_id: str, message: str) -> None:
        super().__init__(message)
        self.element_id = element_id
        self.message = message


def fault_of(error: Exception, element_id: str) -> EngineFault:
    """What went wrong, without the data it went wrong on."""
    if error.args and isinstance(error.args[0], Sentence):
        return EngineFault(element_id, error.args[0])
    reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
    return EngineFault(element_id, reason)


def evaluated(task: Task, evaluate: Callable[[], T]) -> T:
    """The value an expression has at a task; EngineFault if it has none."""
    try:
        return evaluate()
    except BAD_VALUES as error:
        raise fault_of(error, element_id_of(task)) from error
