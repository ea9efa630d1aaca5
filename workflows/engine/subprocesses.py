"""Embedded sub-processes: they begin with the data of their scope, and leave it what they changed.

Reference  BPMN 2.0.2 §10.3.5, §13.3.4
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.parser.task_parsers import SubWorkflowParser
from SpiffWorkflow.bpmn.specs.defaults import SubWorkflowTask
from SpiffWorkflow.task import Task

from workflows.engine.activities import ActivityParser
from workflows.engine.loops import OWN


class SubProcessParser(ActivityParser, SubWorkflowParser):  # type: ignore[misc]
    """Reads an embedded sub-process."""


class SubProcess(SubWorkflowTask):  # type: ignore[misc]
    """An embedded sub-process; as an instance of a loop it also knows its item and its number."""

    def copy_data(self, my_task: Task, subworkflow: Any) -> None:
        super().copy_data(my_task, subworkflow)
        subworkflow.task_tree.data.update(my_task.internal_data.get(OWN, {}))
