"""Activities with events at their edge: the activity and the events are begun together, and end together.

Where they end, Spiff looks for all that have come the same way and cancels it: also the same activity that one of
its events, which did not interrupt it, has begun once more.

Reference  BPMN 2.0.2 §13.5.3
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit
from SpiffWorkflow.task import Task

from workflows.engine.scopes import attached_to


class EdgeEnd(BoundaryEventJoin):  # type: ignore[misc]
    """The activity is done, or an event has taken it away: nothing is waited for at its edge any more."""

    def _update_hook(self, my_task: Task) -> bool:
        my_task._inherit_data()
        for each in attached_to(my_task.parent):
            each.cancel()
        return True


class EdgeParser(TaskParser):  # type: ignore[misc]
    """Reads an activity with what is attached to it."""

    task: Any

    def _add_boundary_event(self, children: list[Any]) -> BoundaryEventSplit:
        begin = BoundaryEventSplit(self.spec, f"{self.bpmn_id}.BoundaryEventSplit", lane=self.task.lane)
        end = EdgeEnd(
            self.spec, f"{self.bpmn_id}.BoundaryEventJoin", lane=self.task.lane, split_task=begin.name
        )
        for each in (self.task, *map(self.process_parser.parse_node, children)):
            begin.connect(each)
            each.connect(end)
        return begin
