"""One running process: what it waits for, and how it goes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import ErrorEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.specs.mixins.events.start_event import StartEvent
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows import expressions
from workflows.diagram import Lane
from workflows.engine import state
from workflows.engine.computed import FAILURE
from workflows.engine.events import (
    PayloadMessage,
    TimingError,
    due_of,
    message_uid,
    messages_of,
    timer_uid,
    timers_of,
)
from workflows.engine.loops import OWN
from workflows.engine.machines import CallTask, MachineTask
from workflows.engine.model import ProcessModel
from workflows.engine.names import element_id_of, names_of, value_of
from workflows.engine.pruning import prune
from workflows.engine.tree import ProcessTree
from workflows.engine.waits import Happening, MessageWait, ServiceTaskWait, TimerWait, UserTaskWait, Waits

MAX_STEPS = 1000
CALL_OPERATOR = "workflow.call"
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
W = TypeVar("W")


class ProcessRun:
    """A process in memory. Give it news (a completed task, a message, a due timer), then read `waits`.

    Every call that brings news also advances the process until it waits again.

    Raises  EngineFault if the diagram cannot go on; the run must then be thrown away.
    """

    def __init__(self, model: ProcessModel, workflow: ProcessTree) -> None:
        self.model = model
        self._workflow = workflow
        self._happened: list[Happening] = []
        self._known: dict[uuid.UUID, Any] = {}
        self._waits: Waits | None = None

    @classmethod
    def start(cls, model: ProcessModel, data: Mapping[str, Any]) -> ProcessRun:
        """A new process, past its start event."""
        run = cls(model, ProcessTree(model.spec, model.subprocess_specs, _EXPRESSIONS))
        run._workflow.task_tree.data.update(data)
        run._advance()
        for task in list(run._workflow.event_manager.tasks.values()):
            if isinstance(task.task_spec, StartEvent) and task.workflow is run._workflow:
                run._catch(task, dict(data))
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
        for task in list(self._workflow.event_manager.tasks.values()):
            for timer in timers_of(task):
                if timer_uid(task, timer) == uid:
                    timer.fire(task)
                    self._do(task, partial(_wake, task), is_done=False)
                    return True
        return False

    def catch_message(self, uid: uuid.UUID, payload: Mapping[str, Any]) -> bool:
        """Give a message to the place that waits for it; False if it no longer does."""
        for task in list(self._workflow.event_manager.tasks.values()):
            for message in messages_of(task):
                if message_uid(task, message) == uid:
                    event = BpmnEvent(message, payload=dict(payload))
                    self._do(task, partial(_deliver, task, event), is_done=False)
                    return True
        return False

    def cancel(self) -> None:
        """Stop everything; nothing is waited for afterwards."""
        self._workflow.cancel()
        self._waits = Waits()

    def _catch(self, task: Task, payload: Any) -> None:
        _deliver(task, BpmnEvent(task.task_spec.event_definition, payload=payload))

    def _do(self, task: Task, act: Callable[[], Any], *, is_done: bool = True) -> None:
        self._guard(element_id_of(task), act)
        if is_done:
            self._note(task)
        self._advance()

    def _advance(self) -> None:
        """Run what needs nobody, until the process waits or ends."""
        self._waits = None
        self._steps = 0
        self._current = ""
        self._run_engine()
        while self._catch_failure():
            self._run_engine()
        prune(self._workflow)

    def _run_engine(self) -> None:
        self._guard("", lambda: self._workflow.do_engine_steps(self._count, self._note))

    def _catch_failure(self) -> bool:
        """Whether a script or a business rule failed, and its error was caught; EngineFault if it was not."""
        failed = next((task for task in self._open_tasks() if FAILURE in task.internal_data), None)
        if failed is None:
            return False
        code, message = failed.internal_data.pop(FAILURE)
        element_id = element_id_of(failed)
        if not self._catch_error(failed, code, {"element": element_id}):
            raise EngineFault(element_id, message)
        return True

    def _catch_error(self, thrower: Task, code: str, details: Mapping[str, Any]) -> bool:
        for task in _enclosing(thrower):
            catcher = _error_boundary(task, code)
            if catcher is not None:
                element = self.model.element(catcher.task_spec.bpmn_id)
                into = element.extension("error", "into") or "error"
                catcher.data[into] = {"code": code, **details}
                self._guard(element.id, partial(self._catch, catcher, None))
                return True
        return False

    def _guard(self, element_id: str, act: Callable[[], Any]) -> None:
        try:
            act()
        except (expressions.ExpressionError, TimingError, WorkflowException) as error:
            at = getattr(error, "element_id", "") or self._current or element_id
            raise EngineFault(at, _reason(error)) from error

    def _count(self, task: Task) -> None:
        self._current = element_id_of(task)
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise EngineFault(self._current, "The diagram loops without ever waiting")

    def _note(self, task: Task) -> None:
        element_id = getattr(task.task_spec, "bpmn_id", None)
        if element_id is not None and task.has_state(TaskState.COMPLETED):
            element = self.model.element(element_id)
            self._happened.append(Happening(element_id, element.name, element.kind))

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
        for task in self._workflow.event_manager.tasks.values():
            for timer in timers_of(task):
                due = self._evaluated(task, partial(timer.due_at, task))
                element = self.model.element(timer.name)
                uid = timer_uid(task, timer)
                waits.timers[uid] = TimerWait(uid, element.id, element.name, due)
            for message in messages_of(task):
                uid = message_uid(task, message)
                waits.messages[uid] = MessageWait(uid, _message_element(task, message), message.name)
        return waits

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
        except (expressions.ExpressionError, TimingError) as error:
            raise EngineFault(element_id_of(task), _reason(error)) from error


def _deliver(task: Task, event: BpmnEvent) -> None:
    task.task_spec.catch(task, event)
    _wake(task)


def _wake(task: Task) -> None:
    task.task_spec._update(task)  # noqa: SLF001 - what Spiff's event manager does for a caught event


def _enclosing(task: Task) -> Iterator[Task]:
    """The task, the loop it is an instance of, the sub-process around it, and so on outwards."""
    inner: Task | None = task
    while inner is not None:
        yield inner
        if OWN in inner.internal_data:
            inner = inner.parent
        else:
            owner = inner.workflow.parent_task_id
            inner = inner.workflow.top_workflow.get_task_from_id(owner) if owner is not None else None


def _error_boundary(task: Task, code: str) -> Task | None:
    """The waiting error boundary event attached to this very task, if it takes the code."""
    parent = task.parent
    for sibling in parent.children if parent is not None else []:
        definition = getattr(sibling.task_spec, "event_definition", None)
        if (
            isinstance(sibling.task_spec, BoundaryEvent)
            and isinstance(definition, ErrorEventDefinition)
            and sibling.state == TaskState.WAITING
            and definition.code in (None, "", code)
        ):
            return sibling
    return None


def _message_element(task: Task, message: PayloadMessage) -> str:
    """The element drawn for a message: behind an event-based gateway it is the event, not the gateway."""
    return message.element_id or str(task.task_spec.bpmn_id)


def _reason(error: Exception) -> str:
    """What went wrong, without the data it went wrong on."""
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
