"""One running process: what it waits for, and how it goes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows import expressions
from workflows.diagram import Lane
from workflows.engine import state
from workflows.engine.catching import Awaited, awaited_by, deliver, waiting_tasks
from workflows.engine.computed import FAILURE
from workflows.engine.conditions import AwaitedCondition, fire_conditions
from workflows.engine.current import begin_following, follow
from workflows.engine.loops import OWN
from workflows.engine.machines import CallTask, MachineTask
from workflows.engine.model import ProcessModel
from workflows.engine.names import element_id_of, names_of, value_of
from workflows.engine.pruning import prune
from workflows.engine.raising import raise_at_scopes
from workflows.engine.subscribing import AwaitedMessage, AwaitedSignal, CorrelationError
from workflows.engine.throwing import Outbox, settle_throws
from workflows.engine.timing import RowTimer, TimingError, due_of
from workflows.engine.tree import ProcessTree
from workflows.engine.waits import (
    CALL_OPERATOR,
    Happening,
    MessageWait,
    ServiceTaskWait,
    Thrown,
    TimerWait,
    UserTaskWait,
    Waits,
)

MAX_STEPS = 1000
STEPS_AN_INSTANCE = 100
"""How much more a process may do without waiting for each open instance of a loop: a thousand may begin at once."""
CONFIRMATION = "confirmation"
"""The form of a manual task that names none; it is built in."""


class EngineFault(Exception):
    """The diagram cannot go on: a condition or value does not fit the data, or a loop never waits."""

    def __init__(self, element_id: str, message: str) -> None:
        super().__init__(message)
        self.element_id = element_id
        self.message = message


class _Expressions:
    """Spiff's script engine, reduced to conditions of ours. Scripts and services are never run by it."""

    def evaluate(self, task: Task, expression: str, external_context: Any = None) -> Any:  # noqa: ARG002
        return value_of(task, expression)

    def execute(self, *_args: Any, **_kwargs: Any) -> Any:
        raise expressions.ExpressionError("Scripts are not run")

    def call_service(self, *_args: Any, **_kwargs: Any) -> Any:
        raise expressions.ExpressionError("Services are called by workers")


_EXPRESSIONS = _Expressions()
_BAD_VALUES = (expressions.ExpressionError, TimingError, CorrelationError)
W = TypeVar("W")
Catches = Callable[[str], bool]
"""Whether an error of a code would be caught by whoever called the process."""


class ProcessRun:
    """A process in memory. Give it news (a completed task, a message, a due timer), then read `waits`.

    Every call that brings news also advances the process until it waits again.

    Raises  EngineFault if the diagram cannot go on; the run must then be thrown away.
    """

    def __init__(
        self, model: ProcessModel, workflow: ProcessTree, catches_outside: Catches | None = None
    ) -> None:
        self.model = model
        self.catches_outside = catches_outside
        self._workflow = workflow
        workflow.outbox = self._outbox = Outbox()
        self._happened: list[Happening] = []
        self._known: dict[uuid.UUID, Any] = {}
        self._waits: Waits | None = None

    @classmethod
    def start(
        cls, model: ProcessModel, data: Mapping[str, Any], *, catches_outside: Catches | None = None
    ) -> ProcessRun:
        """A new process, past its start event."""
        run = cls(model, ProcessTree(model.spec, model.subprocess_specs, _EXPRESSIONS), catches_outside)
        run._workflow.task_tree.data.update(data)
        if model.follows_data:
            begin_following(run._workflow, data)
        run._advance()
        return run

    @classmethod
    def restore(cls, model: ProcessModel, dumped: bytes) -> ProcessRun:
        """The process as it was dumped."""
        return cls(model, state.restore(model, dumped, _EXPRESSIONS))

    def dump(self) -> bytes:
        """The state to keep; it holds no specification."""
        _ = self.waits  # due moments are fixed when a task starts to wait, so they belong to the state
        return state.dump(self._workflow)

    @property
    def is_completed(self) -> bool:
        return bool(self._workflow.is_completed())

    @property
    def waits(self) -> Waits:
        """What the process waits for now."""
        if self._waits is None:
            self._waits = self._collect()
        return self._waits

    def data_of(self, uid: uuid.UUID) -> dict[str, Any]:
        """The process data as a waiting task sees it."""
        data: dict[str, Any] = self._workflow.get_task_from_id(uid).data
        return data

    @property
    def data(self) -> dict[str, Any]:
        """The process data as the last step left it."""
        last = self._workflow.last_task
        data: dict[str, Any] = last.data if last is not None else {}
        return data

    @property
    def end_data(self) -> dict[str, Any]:
        """What an ended process has to tell: its data and data objects; only its data outputs if it names any."""
        last = self._workflow.last_task
        data = dict(names_of(last)) if last is not None else {}
        outputs = self.model.diagram.outputs
        return {name: data.get(name) for name in outputs} if outputs else data

    def take_happenings(self) -> list[Happening]:
        """What was done since the last call."""
        happened, self._happened = self._happened, []
        return happened

    def complete_user_task(self, uid: uuid.UUID, values: Mapping[str, Any]) -> None:
        """A person has done the task; `values` join the process data."""
        task = self._workflow.get_task_from_id(uid)
        task.data.update(values)
        self._do(task, task.run)

    def complete_service_task(self, uid: uuid.UUID, values: Mapping[str, Any]) -> None:
        """A machine has done the task; `values` join the process data."""
        task = self._workflow.get_task_from_id(uid)
        task.data.update(values)
        self._do(task, task.complete)

    def throw_error(self, uid: uuid.UUID, code: str, details: Mapping[str, Any]) -> bool:
        """Throw a BPMN error at a task; False if no boundary event of it or around it catches the code.

        Reference  BPMN 2.0.2 §10.5.6
        """
        is_caught = self._catch_error(self._workflow.get_task_from_id(uid), code, details)
        if is_caught:
            self._advance()
        return is_caught

    def fire_timer(self, uid: uuid.UUID) -> bool:
        """Fire a waiting timer; False if the process no longer waits for it."""
        return self._catch(uid, None, RowTimer)

    def catch_message(self, uid: uuid.UUID, payload: Mapping[str, Any]) -> bool:
        """Give a message or signal to the place that waits for it; False if it no longer does."""
        return self._catch(uid, dict(payload), (AwaitedMessage, AwaitedSignal))

    def take_thrown(self) -> list[Thrown]:
        """The messages and signals thrown since the last call."""
        thrown, self._outbox.thrown = self._outbox.thrown, []
        return thrown

    @property
    def error(self) -> str:
        """The code of the error that ended the process; "" where none did."""
        return self._outbox.error

    def cancel(self) -> None:
        """Stop everything; nothing is waited for afterwards."""
        self._workflow.cancel()
        self._waits = Waits()

    def _catch(self, uid: uuid.UUID, payload: Any, kinds: type[Awaited] | tuple[type[Awaited], ...]) -> bool:
        for task in waiting_tasks(self._workflow):
            for awaited in awaited_by(task):
                if isinstance(awaited, kinds) and awaited.uid(task) == uid:
                    self._do(task, partial(deliver, task, awaited, payload), is_done=False)
                    return True
        return False

    def _do(self, task: Task, act: Callable[[], Any], *, is_done: bool = True) -> None:
        self._guard(element_id_of(task), act)
        if is_done:
            self._note(task)
        self._advance()

    def _advance(self) -> None:
        """Run what needs nobody, until the process waits or ends."""
        self._waits = None
        self._steps, self._allowed = 0, MAX_STEPS
        self._current = ""
        self._guard("", self._run_on)
        prune(self._workflow)

    def _run_on(self) -> None:
        """Let the engine walk; settle what was thrown and what has become true; until neither moves a token."""
        moves = True
        while moves:
            self._workflow.do_engine_steps(self._count, self._note)
            moves = settle_throws(self._workflow, self._note) or self._catch_failure()
            if not moves and self.model.follows_data:
                moves = fire_conditions(self._workflow)

    def _catch_failure(self) -> bool:
        """Whether a script or a business rule failed, and its error was caught; EngineFault if it was not.

        An error that is caught where this process was called ends it.
        """
        failed = next((task for task in self._open_tasks() if FAILURE in task.internal_data), None)
        if failed is None:
            return False
        code, message = failed.internal_data.pop(FAILURE)
        element_id = element_id_of(failed)
        if self._catch_error(failed, code, {"element": element_id}):
            return True
        if self.catches_outside is None or not self.catches_outside(code):
            raise EngineFault(element_id, message)
        self._outbox.error = code
        self._workflow.cancel()
        return False

    def _catch_error(self, thrower: Task, code: str, details: Mapping[str, Any]) -> bool:
        is_caught: list[bool] = []
        payload = {"code": code, **details}
        self._guard(
            element_id_of(thrower),
            lambda: is_caught.append(raise_at_scopes(thrower, "error", code, payload)),
        )
        return is_caught[0]

    def _guard(self, element_id: str, act: Callable[[], Any]) -> None:
        try:
            act()
        except (*_BAD_VALUES, WorkflowException) as error:
            at = getattr(error, "element_id", "") or self._current or element_id
            raise EngineFault(at, _reason(error)) from error

    def _count(self, task: Task) -> None:
        self._current = element_id_of(task)
        self._steps += 1
        if self._steps > self._allowed:
            self._allowed = MAX_STEPS + STEPS_AN_INSTANCE * self._open_instances()
        if self._steps > self._allowed:
            raise EngineFault(self._current, "The diagram loops without ever waiting")

    def _open_instances(self) -> int:
        trees = (self._workflow, *self._workflow.get_active_subprocesses())
        opened = (task for tree in trees for task in tree.in_state(TaskState.NOT_FINISHED_MASK))
        return sum(OWN in task.internal_data for task in opened)

    def _note(self, task: Task) -> None:
        if not task.has_state(TaskState.COMPLETED):
            return
        if self.model.follows_data:
            follow(task)
        element = self.model.diagram.elements.get(getattr(task.task_spec, "bpmn_id", None) or "")
        if element is not None:
            self._happened.append(Happening(element.id, element.name, element.kind))

    def end_name(self, happened: list[Happening]) -> str:
        """The name of the end event of the process among these; "" if it has not ended."""
        ends = [
            each.name or each.element_id
            for each in happened
            if each.kind == "endEvent"
            and self.model.element(each.element_id).parent == self.model.diagram.key
        ]
        return ends[-1] if ends and self.is_completed else ""

    def _collect(self) -> Waits:
        waits = Waits()
        if self._workflow.completed:
            return waits
        for task in self._open_tasks():
            if task.state == TaskState.STARTED and isinstance(task.task_spec, MachineTask):
                waits.service_tasks[task.id] = self._once(task.id, partial(self._service_task, task))
            elif task.state == TaskState.READY and task.task_spec.manual:
                waits.user_tasks[task.id] = self._once(task.id, partial(self._user_task, task))
        for task in waiting_tasks(self._workflow):
            for awaited in awaited_by(task):
                self._add_wait(waits, task, awaited)
        return waits

    def _add_wait(self, waits: Waits, task: Task, awaited: Awaited) -> None:
        element = self.model.element(awaited.element_id)
        if isinstance(awaited, RowTimer):
            due = self._evaluated(task, partial(awaited.due_at, task))
            uid = awaited.uid(task)
            waits.timers[uid] = TimerWait(uid, element.id, element.name, due)
        elif isinstance(awaited, AwaitedMessage):
            key = self._evaluated(task, partial(awaited.key, task))
            uid = awaited.uid(task)
            waits.messages[uid] = MessageWait(uid, element.id, awaited.name, awaited.kind, key)
        elif isinstance(awaited, AwaitedSignal):
            uid = awaited.uid(task)
            waits.messages[uid] = MessageWait(uid, element.id, awaited.name, awaited.kind)
        elif isinstance(awaited, AwaitedCondition):
            uid = awaited.uid(task)
            waits.messages[uid] = MessageWait(uid, element.id, awaited.condition[:80], awaited.kind)

    def _open_tasks(self) -> Iterator[Task]:
        for workflow in (self._workflow, *self._workflow.get_active_subprocesses()):
            yield from workflow.in_state(TaskState.STARTED | TaskState.READY)

    def _once(self, uid: uuid.UUID, make: Callable[[], W]) -> W:
        if uid not in self._known:
            self._known[uid] = make()
        known: W = self._known[uid]
        return known

    def _user_task(self, task: Task) -> UserTaskWait:
        element = self.model.element(task.task_spec.bpmn_id)
        lane = element.lane or Lane("", "", "", "", "")
        due = element.extension("form", "due")
        return UserTaskWait(
            uid=task.id,
            element_id=element.id,
            name=element.name,
            form=element.extension("form", "name") or (CONFIRMATION if element.kind == "manualTask" else ""),
            role=lane.role,
            site_code=str(self._value(task, lane.site) or ""),
            person=str(self._value(task, element.extension("form", "person") or lane.person) or ""),
            due_at=self._evaluated(task, lambda: due_of(task, due)) if due else None,
            lane=lane.name,
            candidates=_usernames(self._value(task, element.extension("form", "candidates"))),
            roles=tuple(element.extension("form", "roles").split()),
        )

    def _service_task(self, task: Task) -> ServiceTaskWait:
        element = self.model.element(task.task_spec.bpmn_id)
        arguments = {name: self._value(task, text) for name, text in element.arguments.items()}
        if isinstance(task.task_spec, CallTask):
            called = {"process": element.called, "data": arguments or dict(names_of(task))}
            return ServiceTaskWait(task.id, element.id, element.name, CALL_OPERATOR, called)
        operator, topic = (element.extension("operator", word) for word in ("name", "topic"))
        return ServiceTaskWait(task.id, element.id, element.name, operator, arguments, topic)

    def _value(self, task: Task, text: str) -> Any:
        return self._evaluated(task, lambda: value_of(task, text)) if text else None

    def _evaluated(self, task: Task, evaluate: Callable[[], W]) -> W:
        try:
            return evaluate()
        except _BAD_VALUES as error:
            raise EngineFault(element_id_of(task), _reason(error)) from error


def _usernames(value: Any) -> tuple[str, ...]:
    """Candidates as the diagram's expression gave them: one username, or a list of them."""
    names = value if isinstance(value, list | tuple) else [value]
    return tuple(dict.fromkeys(str(name) for name in names if name))


def _reason(error: Exception) -> str:
    """What went wrong, without the data it went wrong on."""
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
