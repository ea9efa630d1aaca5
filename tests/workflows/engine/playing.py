"""A process in memory, played in words of the diagram: straight, or restored from its state after every step.

process = play(user("ask") + END + chain("start", "ask", "end"))
assert process.open == ["ask"]
process.complete("ask", answer="yes")
assert process.is_completed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.workflows.conftest import FORM, bpmn
from workflows.engine import Happening, ProcessModel, ProcessRun, Thrown

DATA = {"site": "provincial", "number": 7}


def model_of(body: str, files: Mapping[str, str] | None = None, **options: Any) -> ProcessModel:
    """A process around `body`, in a bundle with these files."""
    return ProcessModel.from_text(bpmn(body, **options), {"forms/do.json": FORM, **(files or {})})


class Play:
    """A run that tests drive by the names of elements. What happened and was thrown adds up."""

    def __init__(
        self,
        model: ProcessModel,
        data: Mapping[str, Any] | None = None,
        *,
        is_restored: bool,
        at: str = "",
    ) -> None:
        self.is_restored = is_restored
        self.happened: list[Happening] = []
        self.thrown: list[Thrown] = []
        self.error = ""
        self._keep(ProcessRun.start(model, {**DATA, **(data or {})}, at=at))

    @property
    def open(self) -> list[str]:
        """Elements somebody or something is waited for at, one entry a wait."""
        return sorted([*self.people, *self.machines, *self.timers, *self.messages])

    @property
    def people(self) -> list[str]:
        return self._names("user_tasks")

    @property
    def machines(self) -> list[str]:
        return self._names("service_tasks")

    @property
    def timers(self) -> list[str]:
        return self._names("timers")

    @property
    def messages(self) -> list[str]:
        """Elements that wait for a message, a signal or a condition."""
        return self._names("messages")

    @property
    def is_completed(self) -> bool:
        return self.run.is_completed

    @property
    def data(self) -> dict[str, Any]:
        """The process data as the last step left them."""
        return self.run.data

    @property
    def done(self) -> list[str]:
        """The elements that are done, in their order."""
        return [each.element_id for each in self.happened]

    def wait(self, element_id: str, position: int = 0) -> Any:
        """What an element waits for, whatever it is; the one at `position` where it waits several times."""
        waits = self.run.waits
        kinds = (waits.user_tasks, waits.service_tasks, waits.timers, waits.messages)
        return [each for kind in kinds for each in kind.values() if each.element_id == element_id][position]

    def data_at(self, element_id: str, position: int = 0) -> dict[str, Any]:
        """The process data as an open task sees them."""
        return self.run.data_of(self.wait(element_id, position).uid)

    def arguments_of(self, element_id: str) -> list[dict[str, Any]]:
        """What the machines are asked with whose steps are open at an element."""
        steps = self.run.waits.service_tasks.values()
        return [dict(each.arguments) for each in steps if each.element_id == element_id]

    def complete(self, element_id: str, position: int = 0, **values: Any) -> Play:
        """A person or a machine has done its task."""
        uid = self.wait(element_id, position).uid
        if uid in self.run.waits.user_tasks:
            self._step(lambda: self.run.complete_user_task(uid, values))
        else:
            self._step(lambda: self.run.complete_service_task(uid, values))
        return self

    def complete_in_turn(self, *element_ids: str) -> Play:
        """These tasks are done, one after the other."""
        for each in element_ids:
            self.complete(each)
        return self

    def fail(self, element_id: str, code: str, position: int = 0) -> bool:
        """A machine's task throws an error; whether anything caught it."""
        uid = self.wait(element_id, position).uid
        return bool(self._step(lambda: self.run.throw_error(uid, code, {"element": element_id})))

    def fire(self, element_id: str, position: int = 0) -> bool:
        """A timer is due."""
        uid = self.wait(element_id, position).uid
        return bool(self._step(lambda: self.run.fire_timer(uid)))

    def catch(self, element_id: str, position: int = 0, **payload: Any) -> bool:
        """A message or signal reaches an element."""
        uid = self.wait(element_id, position).uid
        return bool(self._step(lambda: self.run.catch_message(uid, payload)))

    def _step(self, act: Callable[[], Any]) -> Any:
        answer = act()
        self._keep(self.run)
        return answer

    def _keep(self, run: ProcessRun) -> None:
        _ = run.waits  # asked for after every step, as the services do
        self.happened += run.take_happenings()
        self.thrown += run.take_thrown()
        self.error = self.error or run.error
        self.run = ProcessRun.restore(run.model, run.dump()) if self.is_restored else run

    def _names(self, kind: str) -> list[str]:
        return sorted(each.element_id for each in getattr(self.run.waits, kind).values())
