"""Data objects: what an activity takes from them when it begins, and gives to them when it is done.

A data object belongs to a process or sub-process, not to a token: branches that run beside each other see the
same one. Spiff would also throw away every variable that an activity's input and output sets do not list.

Reference  BPMN 2.0.2 §10.4.1, §10.4.2
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from SpiffWorkflow.task import Task

from common.sentences import sentence as _
from workflows.diagram.data import DataLink, DataObject
from workflows.engine.names import OBJECTS, STANDS_FOR, ValueFault, names_of, value_of


class Reading:
    """A data input association: its value is a variable of the task while the task lasts."""

    bpmn_id = ""  # Spiff would drop a variable of this name when the task is done

    def __init__(self, link: DataLink, source: DataObject | None) -> None:
        self.link = link
        self.source = source

    def get(self, my_task: Task) -> None:
        if self.link.expression:
            value = value_of(my_task, self.link.expression)
        else:
            value = names_of(my_task).get(self.source.variable) if self.source is not None else None
        my_task.data[self.link.variable] = deepcopy(value)

    def set(self, my_task: Task) -> None:
        """Give the variable back to what it was before the task."""
        self.give_back(my_task.data, my_task.parent.data)

    def give_back(self, data: dict[str, Any], before: Mapping[str, Any]) -> None:
        """Have the variable in these data be what it was before."""
        if self.link.variable in before:
            data[self.link.variable] = deepcopy(before[self.link.variable])
        else:
            data.pop(self.link.variable, None)


class Writing:
    """A data output association: a variable of the task, or what the task brought, goes to a data object.

    Raises  ValueFault if there is nothing to be written.
    """

    def __init__(self, link: DataLink, target: DataObject, element_id: str) -> None:
        self.link = link
        self.target = target
        self.element_id = element_id

    def set(self, my_task: Task) -> None:
        workflow = my_task.workflow
        while not self._belongs_to(workflow) and workflow.parent_workflow is not None:
            workflow = workflow.parent_workflow
        workflow.data.setdefault(OBJECTS, {})[self.target.variable] = deepcopy(self._value(my_task))

    def _belongs_to(self, workflow: Any) -> bool:
        """Whether the data object is a variable of this scope, or of the one it undoes."""
        return self.target.scope in (workflow.spec.name, workflow.data.get(STANDS_FOR))

    def _value(self, my_task: Task) -> Any:
        if self.link.expression:
            return value_of(my_task, self.link.expression)
        for name in (self.link.variable, self.element_id):
            if name in my_task.data:
                return my_task.data[name]
        raise ValueFault(my_task, _("There is no %(name)s to be written") % {"name": self.link.variable})
