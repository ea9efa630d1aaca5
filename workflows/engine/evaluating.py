"""What Spiff evaluates expressions with: ours, which name data and do nothing else."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.task import Task

from workflows.engine.names import value_of
from workflows.expressions import ExpressionError


class Expressions:
    """Spiff's script engine, reduced to conditions of ours. Scripts and services are never run by it."""

    def evaluate(self, task: Task, expression: str, external_context: Any = None) -> Any:  # noqa: ARG002
        return value_of(task, expression)

    def execute(self, *_args: Any, **_kwargs: Any) -> Any:
        raise ExpressionError("Scripts are not run")

    def call_service(self, *_args: Any, **_kwargs: Any) -> Any:
        raise ExpressionError("Services are called by workers")


EXPRESSIONS = Expressions()
