"""How a process goes on after news: the engine walks until every token waits for somebody, or none is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from common.sentences import sentence as _
from workflows.engine.computed import FAILURE
from workflows.engine.conditions import fire_conditions
from workflows.engine.current import follow
from workflows.engine.faults import CANNOT_GO_ON, EngineFault, fault_of
from workflows.engine.loops import LoopTask
from workflows.engine.marks import forget_lost_marks
from workflows.engine.model import ProcessModel
from workflows.engine.names import element_id_of
from workflows.engine.pruning import prune
from workflows.engine.raising import raise_at_scopes
from workflows.engine.throwing import settle_throws
from workflows.engine.tree import ProcessTree
from workflows.engine.waits import Happening

MAX_STEPS = 1000
STEPS_AN_INSTANCE = 100
"""How much more a process may do without waiting for each run an open loop may take: a thousand may begin at once."""

Catches = Callable[[str], bool]
"""Whether an error of a code would be caught by whoever called the process."""


class Walk:
    """Takes a process on from one rest to the next, and notes what is done on the way.

    Raises  EngineFault if the diagram cannot go on; what was walked then is of no use.
    """

    def __init__(self, model: ProcessModel, workflow: ProcessTree, catches_outside: Catches | None) -> None:
        self.catches_outside = catches_outside
        self.happened: list[Happening] = []
        self._model = model
        self._workflow = workflow
        self._current = ""
        self._steps, self._allowed = 0, MAX_STEPS

    def on(self) -> None:
        """Run what needs nobody, until the process waits or ends."""
        self._current, self._steps, self._allowed = "", 0, MAX_STEPS
        self.guard("", self._run_on)
        prune(self._workflow)
        forget_lost_marks(self._workflow)

    def guard(self, element_id: str, act: Callable[[], Any]) -> None:
        """Act upon an element; EngineFault where the diagram cannot bear it."""
        try:
            act()
        except CANNOT_GO_ON as error:
            at = getattr(error, "element_id", "") or element_id or self._current
            raise fault_of(error, at) from error

    def note(self, task: Task) -> None:
        """Remember what a task has done."""
        if not task.has_state(TaskState.COMPLETED):
            return
        if self._model.follows_data:
            follow(task)
        element = self._model.diagram.elements.get(getattr(task.task_spec, "bpmn_id", None) or "")
        if element is not None:
            self.happened.append(Happening(element.id, element.name, element.kind))

    def throw_error(self, thrower: Task, code: str, details: Mapping[str, Any]) -> bool:
        """Throw an error at a task; whether something in the process caught it."""
        is_caught: list[bool] = []
        payload = {"code": code, **details}
        self.guard(
            element_id_of(thrower),
            lambda: is_caught.append(raise_at_scopes(thrower, "error", code, payload)),
        )
        return is_caught[0]

    def _run_on(self) -> None:
        """Let the engine walk; settle what was thrown and what has become true; until neither moves a token."""
        moves = True
        while moves:
            self._workflow.do_engine_steps(self._count, self.note)
            moves = settle_throws(self._workflow, self.note) or self._catch_failure()
            if not moves and self._model.follows_data:
                moves = fire_conditions(self._workflow)

    def _catch_failure(self) -> bool:
        """Whether a script or a business rule failed, and its error was caught; EngineFault if it was not.

        An error that is caught where this process was called ends it.
        """
        failed = next((task for task in self._workflow.open_tasks() if FAILURE in task.internal_data), None)
        if failed is None:
            return False
        code, message = failed.internal_data.pop(FAILURE)
        element_id = element_id_of(failed)
        if self.throw_error(failed, code, {"element": element_id}):
            return True
        if self.catches_outside is None or not self.catches_outside(code):
            raise EngineFault(element_id, message)
        self._workflow.outbox.error = code
        self._workflow.cancel()
        return False

    def _count(self, task: Task) -> None:
        self._current = element_id_of(task)
        self._steps += 1
        if self._steps > self._allowed:
            self._allowed = MAX_STEPS + STEPS_AN_INSTANCE * self._open_runs()
        if self._steps > self._allowed:
            raise EngineFault(self._current, _("The diagram loops without ever waiting"))

    def _open_runs(self) -> int:
        """How often what the open loops repeat may be run."""
        trees = (self._workflow, *self._workflow.get_active_subprocesses())
        started = (task for tree in trees for task in tree.in_state(TaskState.STARTED))
        return sum(task.task_spec.most_runs(task) for task in started if isinstance(task.task_spec, LoopTask))
