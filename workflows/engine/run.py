"""One running process in memory: begun or restored, given news, and asked what it waits for."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from SpiffWorkflow.task import Task

from workflows.engine import state
from workflows.engine.advancing import Catches, Walk
from workflows.engine.catching import Awaited, awaited_by, deliver, waiting_tasks
from workflows.engine.collecting import Collector
from workflows.engine.current import begin_following
from workflows.engine.escalating import escalate, escalated
from workflows.engine.evaluating import EXPRESSIONS
from workflows.engine.model import ProcessModel
from workflows.engine.names import element_id_of, names_of
from workflows.engine.subscribing import AwaitedMessage, AwaitedSignal
from workflows.engine.throwing import Outbox
from workflows.engine.timing import RowCycle, RowTimer
from workflows.engine.tree import ProcessTree
from workflows.engine.waits import Happening, Thrown, Waits


class ProcessRun:
    """A process in memory. Give it news (a completed task, a message, a due timer), then read `waits`.

    Every call that brings news also advances the process until it waits again.

    Raises  EngineFault if the diagram cannot go on; the run must then be thrown away.
    """

    def __init__(
        self, model: ProcessModel, workflow: ProcessTree, catches_outside: Catches | None = None
    ) -> None:
        self.model = model
        self._workflow = workflow
        workflow.outbox = self._outbox = Outbox()
        self._walk = Walk(model, workflow, catches_outside)
        self._collector = Collector(model, workflow)
        self._waits: Waits | None = None

    @classmethod
    def start(
        cls,
        model: ProcessModel,
        data: Mapping[str, Any],
        *,
        at: str = "",
        catches_outside: Catches | None = None,
    ) -> ProcessRun:
        """A new process, past the start event it begins `at`: the one that nothing but a person or a call begins."""
        run = cls(model, ProcessTree(model.spec, model.subprocess_specs, EXPRESSIONS), catches_outside)
        run._workflow.begin_at(at or model.start_id)
        run._workflow.task_tree.data.update(data)
        if model.follows_data:
            begin_following(run._workflow, data)
        run._advance()
        return run

    @classmethod
    def restore(cls, model: ProcessModel, dumped: bytes) -> ProcessRun:
        """The process as it was dumped."""
        return cls(model, state.restore(model, dumped, EXPRESSIONS))

    def dump(self) -> bytes:
        """The state to keep; it holds no specification."""
        _ = self.waits  # due moments are fixed when a task starts to wait, so they belong to the state
        return state.dump(self._workflow)

    @property
    def catches_outside(self) -> Catches | None:
        """Whether whoever called the process would catch an error; None where nobody did."""
        return self._walk.catches_outside

    @catches_outside.setter
    def catches_outside(self, catches: Catches) -> None:
        self._walk.catches_outside = catches

    # --- what it is now

    @property
    def is_completed(self) -> bool:
        return bool(self._workflow.is_completed())

    @property
    def waits(self) -> Waits:
        """What the process waits for now: the same object until it goes on."""
        if self._waits is None:
            self._waits = self._collector.collect()
        return self._waits

    @property
    def data(self) -> dict[str, Any]:
        """The process data as the last step left it."""
        last = self._workflow.last_task
        data: dict[str, Any] = last.data if last is not None else {}
        return data

    def data_of(self, uid: uuid.UUID) -> dict[str, Any]:
        """The process data as a waiting task sees it."""
        data: dict[str, Any] = self._workflow.get_task_from_id(uid).data
        return data

    @property
    def end_data(self) -> dict[str, Any]:
        """What an ended process has to tell: its data and data objects; only its data outputs if it names any."""
        last = self._workflow.last_task
        data = dict(names_of(last)) if last is not None else {}
        outputs = self.model.diagram.outputs
        return {name: data.get(name) for name in outputs} if outputs else data

    @property
    def error(self) -> str:
        """The code of the error that ended the process; "" where none did."""
        return self._outbox.error

    @property
    def escalations(self) -> list[Thrown]:
        """What it has told whoever called it."""
        return escalated(self._workflow)

    def end_name(self, happened: list[Happening]) -> str:
        """The name of the end event of the process among these; "" if it has not ended."""
        ends = [
            each.name or each.element_id
            for each in happened
            if each.kind == "endEvent"
            and self.model.element(each.element_id).parent == self.model.diagram.key
        ]
        return ends[-1] if ends and self.is_completed else ""

    # --- what it has done

    def take_happenings(self) -> list[Happening]:
        """What was done since the last call."""
        happened, self._walk.happened = self._walk.happened, []
        return happened

    @property
    def has_thrown(self) -> bool:
        """Whether messages or signals were thrown since they were taken last."""
        return bool(self._outbox.thrown)

    def take_thrown(self) -> list[Thrown]:
        """The messages and signals thrown since the last call."""
        thrown, self._outbox.thrown = self._outbox.thrown, []
        return thrown

    # --- news

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
        is_caught = self._walk.throw_error(self._workflow.get_task_from_id(uid), code, details)
        if is_caught:
            self._advance()
        return is_caught

    def escalate(self, uid: uuid.UUID, code: str) -> None:
        """Throw an escalation of a called process at its call; it goes further out where nothing here catches it."""
        task = self._workflow.get_task_from_id(uid)
        self._do(task, partial(escalate, task, code, element_id_of(task)), is_done=False)

    def fire_timer(self, uid: uuid.UUID) -> bool:
        """Fire a waiting timer; False if the process no longer waits for it."""
        return self._catch(uid, None, RowTimer)

    def miss_repetitions(self) -> None:
        """Have a repeating timer fire once for all the moments that have passed while nothing was to fire."""
        for task in waiting_tasks(self._workflow):
            for awaited in awaited_by(task):
                if isinstance(awaited, RowCycle):
                    awaited.miss(task)

    def catch_message(self, uid: uuid.UUID, payload: Mapping[str, Any]) -> bool:
        """Give a message or signal to the place that waits for it; False if it no longer does."""
        return self._catch(uid, dict(payload), (AwaitedMessage, AwaitedSignal))

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
        self._walk.guard(element_id_of(task), act)
        if is_done:
            self._walk.note(task)
        self._advance()

    def _advance(self) -> None:
        self._waits = None
        self._walk.on()
