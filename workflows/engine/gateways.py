"""Gateways that join: tokens that have arrived wait as tasks of the gateway, and each is used once.

Spiff counts whoever ever arrived, so that in a loop the second round takes the tokens of the first for its own, and
a gateway two tokens pass one after the other drops what the first one started. Here a token that was used is gone.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.parser.task_parsers import ConditionalGatewayParser
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, InclusiveGateway, ParallelGateway
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.branches import parting_of
from workflows.engine.merging import merged

_OPEN = TaskState.READY | TaskState.WAITING | TaskState.STARTED


class ChoiceParser(ConditionalGatewayParser):  # type: ignore[misc]
    """Reads a gateway that chooses: conditions are asked in the order of the flows in the file.

    Spiff asks them from the top of the picture to its bottom.

    Reference  BPMN 2.0.2 §13.4.2
    """

    def get_position(self, node: Any = None) -> dict[str, float]:
        targets = [
            flow.get("targetRef") for flow in self.process_parser.get_outgoing_sequence_flows(self.bpmn_id)
        ]
        return {"x": 0.0, "y": float(targets.index(node.get("id")))}


class _Join:
    """The arrival that completes a set of tokens goes on for all of them, with what each branch changed."""

    _inputs: list[str]

    def _update_hook(self, my_task: Task) -> bool:
        arrivals = self._arrivals(my_task)
        used = self._used(my_task, arrivals)
        if not used:
            my_task._set_state(TaskState.WAITING)
            return False
        my_task.data = merged(parting_of(used).data, [each.parent.data for each in used])
        for each in used:
            if each is not my_task:
                my_task.workflow._remove_task(each.id)
        return True

    def _arrivals(self, my_task: Task) -> list[Task]:
        """The tokens here and not used yet, in the order they came."""
        here = [
            task
            for task in my_task.workflow.tasks.values()
            if task.task_spec is self and (task is my_task or task._state == TaskState.WAITING)
        ]
        return sorted(here, key=lambda task: (task._state != TaskState.WAITING, task.last_state_change))

    def _used(self, my_task: Task, arrivals: list[Task]) -> list[Task]:
        """The tokens the gateway takes if it is activated now; none if it is not."""
        raise NotImplementedError


class ParallelJoin(_Join, ParallelGateway):  # type: ignore[misc]
    """Activated when there is a token on each incoming flow; takes exactly one of each, and others stay.

    Reference  BPMN 2.0.2 §13.4.1
    """

    def _used(self, my_task: Task, arrivals: list[Task]) -> list[Task]:
        missing = Counter(self._inputs)
        used = []
        for each in arrivals:
            source = each.parent.task_spec.name
            if missing[source] > 0:
                missing[source] -= 1
                used.append(each)
        return used if my_task in used and not any(missing.values()) else []

    def _run_hook(self, _my_task: Task) -> bool:
        return True


class _Ways(NamedTuple):
    """The incoming flows a token can come to: at all, and by sequence flows alone, without an event at an edge."""

    at_all: frozenset[str]
    by_flows: frozenset[str]


class InclusiveJoin(_Join, InclusiveGateway):  # type: ignore[misc]
    """Activated when no token elsewhere can still come to an incoming flow that has none.

    A token that can also come to a flow that has one already is not waited for. Whether it can, sequence flows tell;
    what an event at the edge of an activity may still send is waited for, though it is no way to be counted on.

    Reference  BPMN 2.0.2 §13.4.3
    """

    def __init__(self, wf_spec: Any, bpmn_id: str, **options: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **options)
        self._ways: dict[str, _Ways] = {}

    def _used(self, my_task: Task, arrivals: list[Task]) -> list[Task]:
        taken: dict[str, Task] = {}
        for each in arrivals:
            taken.setdefault(each.parent.task_spec.name, each)
        arrived = frozenset(taken)
        empty = frozenset(self._inputs) - arrived
        if my_task not in taken.values():
            return []
        if empty and any(self._may_come(task, empty, arrived) for task in my_task.workflow.tasks.values()):
            return []
        return list(taken.values())

    def _may_come(self, task: Task, empty: frozenset[str], arrived: frozenset[str]) -> bool:
        if task.task_spec is self or not _is_token(task):
            return False
        ways = self._ways_of(task.task_spec)
        return bool(ways.at_all & empty) and not ways.by_flows & arrived

    def _ways_of(self, spec: TaskSpec) -> _Ways:
        if spec.name not in self._ways:
            self._ways[spec.name] = _Ways(self._reached(spec), self._reached(spec, by_flows=True))
        return self._ways[spec.name]

    def _reached(self, spec: TaskSpec, *, by_flows: bool = False) -> frozenset[str]:
        """Incoming flows, by where they come from, that a token at `spec` can reach without passing here."""
        seen, waiting = {spec.name}, [spec]
        while waiting:
            for following in waiting.pop().outputs:
                if by_flows and isinstance(following, BoundaryEvent):
                    continue
                if following is not self and following.name not in seen:
                    seen.add(following.name)
                    waiting.append(following)
        return frozenset(seen & set(self._inputs))

    def _run_hook(self, my_task: Task) -> bool:
        matches, defaults = self._get_matching_outputs(my_task)
        if not matches and not defaults:
            raise WorkflowTaskException("No flow out of the gateway may be taken", task=my_task)
        my_task._sync_children(matches or defaults, TaskState.FUTURE)
        for child in my_task.children:
            child.task_spec._predict(child, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
        return True


def _is_token(task: Task) -> bool:
    """Whether a token is at the task, or about to be: what led there is done, and it has not been told yet."""
    if task._state == TaskState.FUTURE:
        return task.parent is not None and task.parent._state == TaskState.COMPLETED
    return bool(task._state & _OPEN)
