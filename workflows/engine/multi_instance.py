"""An activity for each item of a collection, or a number of times: one after the other, or all at once.

Reference  BPMN 2.0.2 §10.3.8, §13.3.7
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from common.sentences import sentence as _
from workflows.diagram.loops import MultiInstance
from workflows.engine.loops import COUNTER, MOST_INSTANCES, OWN, LoopTask
from workflows.engine.names import ValueFault, value_of


class MultiInstanceTask(LoopTask):
    """The loop's internal data: `items` for each instance, `begun`, `done`, and the `results` or `changes`.

    With an output, each instance leaves its output item in the place of its item, whatever the order they end
    in, and nothing else. Without, what instances change joins the data, the later change for the earlier.
    """

    def __init__(self, wf_spec: Any, bpmn_id: str, *, loop: MultiInstance, **options: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **options)
        self.loop = loop

    def _update_hook(self, my_task: Task) -> bool:
        super()._update_hook(my_task)
        items = self._items(my_task)
        notes = my_task.internal_data
        notes.update(items=items, begun=0, done=0, changes={})
        if self.loop.output:
            notes["results"] = [None] * len(items)
        if not items:
            self._bring(my_task)
            return True
        my_task._set_state(TaskState.STARTED)
        for _item in items[:1] if self.loop.is_sequential else items:
            self._begin_next(my_task)
        return False

    def on_instance_done(self, _workflow: Any, instance: Task) -> None:
        my_task = instance.parent
        notes = my_task.internal_data
        notes["done"] += 1
        self._keep(my_task, instance)
        if self._is_enough(my_task, instance):
            for other in my_task.children:
                if OWN in other.internal_data and not other.has_state(TaskState.FINISHED_MASK):
                    other.cancel()
        elif notes["begun"] < len(notes["items"]):
            notes["instances"] = []
            self._begin_next(my_task)
            return
        elif notes["done"] < len(notes["items"]):
            return
        self._bring(my_task)
        self.end(my_task)

    def most_runs(self, my_task: Task) -> int:
        return len(my_task.internal_data["items"])

    def _items(self, my_task: Task) -> list[Any]:
        if self.loop.cardinality:
            number = value_of(my_task, self.loop.cardinality)
            if type(number) is not int or number < 0:
                raise ValueFault(my_task, _("The number of instances must be a whole number, 0 or more"))
            items = [None] * number
        else:
            found = value_of(my_task, self.loop.collection)
            if not isinstance(found, list):
                raise ValueFault(my_task, _("%(name)s is no list") % {"name": self.loop.collection})
            items = deepcopy(found)
        if len(items) > MOST_INSTANCES:
            raise ValueFault(my_task, _("There are more than %(most)d instances") % {"most": MOST_INSTANCES})
        return items

    def _begin_next(self, my_task: Task) -> None:
        notes = my_task.internal_data
        position = notes["begun"]
        notes["begun"] += 1
        own = {COUNTER: position + 1}
        if self.loop.item:
            own[self.loop.item] = notes["items"][position]
        self.begin_instance(my_task, own)

    def _keep(self, my_task: Task, instance: Task) -> None:
        notes = my_task.internal_data
        if self.loop.output:
            position = instance.internal_data[OWN][COUNTER] - 1
            notes["results"][position] = deepcopy(instance.data.get(self.loop.output_item))
        elif self.loop.is_sequential:
            my_task.data.update(self.changes_of(my_task, instance))
        else:
            notes["changes"].update(self.changes_of(my_task, instance))

    def _is_enough(self, my_task: Task, instance: Task) -> bool:
        """Whether the completion condition holds: it may ask how many instances there are, and for their data.

        Reference  BPMN 2.0.2 table 10.31
        """
        if not self.loop.condition:
            return False
        notes = my_task.internal_data
        names = {
            "numberOfInstances": len(notes["items"]),
            "numberOfCompletedInstances": notes["done"],
            "numberOfActiveInstances": notes["begun"] - notes["done"],
            "numberOfTerminatedInstances": 0,
        }
        if self.loop.output:
            names[self.loop.output] = notes["results"]
        return bool(value_of(instance, self.loop.condition, **names))

    def _bring(self, my_task: Task) -> None:
        notes = my_task.internal_data
        if self.loop.output:
            my_task.data[self.loop.output] = notes["results"]
        my_task.data.update(notes["changes"])
