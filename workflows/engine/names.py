"""What an expression sees: the data of its token, and the data objects of the scopes it stands in.

Reference  BPMN 2.0.2 §10.4.1 (a data object is visible to what is in its process or sub-process, and below)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.task import Task

from workflows.expressions import ExpressionError, evaluate

OBJECTS = "$objects"
"""Where a workflow keeps its data objects, by variable: no variable is called so."""

STANDS_FOR = "$stands_for"
"""In a workflow that undoes a subprocess from within: the id of that one, whose data objects of then are its own."""

FORK = ".fork"
"""What is added to an element's id for the gateway that several flows out of it stand for."""


def handler_process(handler_id: str) -> str:
    """The name of the process made of a compensation handler alone, in which it runs."""
    return f"{handler_id}.compensation"


def names_of(task: Task) -> Mapping[str, Any]:
    """The values an expression at this task may name."""
    objects: dict[str, Any] = {}
    workflow = task.workflow
    while workflow is not None:
        objects = {**workflow.data.get(OBJECTS, {}), **objects}
        workflow = workflow.parent_workflow
    return {**task.data, **objects} if objects else task.data


class ValueFault(ExpressionError):
    """An expression has no value, or one that does not do, at an element of the diagram."""

    def __init__(self, task: Task, message: str) -> None:
        super().__init__(message)
        self.element_id = element_id_of(task)


def value_of(task: Task, text: str, **more: Any) -> Any:
    """The value of an expression at this task; `more` are names of the moment.

    Raises  ValueFault, which knows the element.
    """
    names = names_of(task)
    try:
        return evaluate(text, {**names, **more} if more else names)
    except ExpressionError as error:
        raise ValueFault(task, *error.args) from error


def element_id_of(task: Task) -> str:
    """The element drawn for a task; a task of the engine's own has its name instead."""
    return str(task.task_spec.bpmn_id or task.task_spec.name).removesuffix(FORK)
