"""One process in a test: what is open in it, by element, and acts upon it.

play = play(user("ask") + END + chain("start", "ask", "end"))
assert play.open == ["ask"]
play.do("ask", answer="yes")
assert play.is_completed
"""

from __future__ import annotations

from typing import Any

from tests.workflows.conftest import FORM, bpmn, chain
from workflows.engine import ProcessModel, ProcessRun

END = '<bpmn:endEvent id="end" name="Finished"/>'
BASE = {"site": "provincial", "number": 7}


class Play:
    """A run of a small model. With `is_restored` it is dumped and restored after every act."""

    def __init__(
        self,
        body: str,
        data: dict[str, Any],
        *,
        is_restored: bool,
        files: dict[str, str] | None = None,
        drawn: str = "",
        **options: Any,
    ) -> None:
        text = bpmn(body, **options).replace("</bpmn:definitions>", f"{drawn}</bpmn:definitions>")
        model = ProcessModel.from_text(text, {"forms/do.json": FORM, **(files or {})})
        self.is_restored = is_restored
        self.run = ProcessRun.start(model, {**BASE, **data})
        self.happened = self.run.take_happenings()
        self._settle()

    @property
    def open(self) -> list[str]:
        """Elements somebody or something is waited for at, one entry a wait."""
        waits = self.run.waits
        kinds: tuple[Any, ...] = (waits.user_tasks, waits.service_tasks, waits.timers, waits.messages)
        return sorted(each.element_id for kind in kinds for each in kind.values())

    @property
    def is_completed(self) -> bool:
        return self.run.is_completed

    @property
    def data(self) -> dict[str, Any]:
        return self.run.data

    def do(self, element: str, position: int = 0, **values: Any) -> Play:
        """Have a person or a machine do a step, the one at `position` where it is open several times."""
        waits = self.run.waits
        uid = self._uids(element)[position]
        if uid in waits.user_tasks:
            return self._act(lambda: self.run.complete_user_task(uid, values))
        return self._act(lambda: self.run.complete_service_task(uid, values))

    def fail(self, element: str, code: str, position: int = 0) -> bool:
        """Have a machine fail; whether the diagram caught it."""
        caught: list[bool] = []
        uid = self._uids(element)[position]
        self._act(lambda: caught.append(self.run.throw_error(uid, code, {"element": element})))
        return caught[0]

    def fire(self, element: str) -> Play:
        """Fire a timer that waits."""
        uid = next(each.uid for each in self.run.waits.timers.values() if each.element_id == element)
        return self._act(lambda: self.run.fire_timer(uid))

    def data_at(self, element: str, position: int = 0) -> dict[str, Any]:
        """The process data as an open task sees it."""
        return self.run.data_of(self._uids(element)[position])

    def arguments_of(self, element: str) -> list[Any]:
        """What the machine steps open at an element are asked with."""
        return [
            dict(each.arguments)
            for each in self.run.waits.service_tasks.values()
            if each.element_id == element
        ]

    def done(self, element: str) -> int:
        """How often an element has been completed."""
        return sum(each.element_id == element for each in self.happened)

    def _uids(self, element: str) -> list[Any]:
        waits = self.run.waits
        tasks: list[Any] = [*waits.user_tasks.values(), *waits.service_tasks.values()]
        return [each.uid for each in tasks if each.element_id == element]

    def _act(self, act: Any) -> Play:
        act()
        self.happened += self.run.take_happenings()
        self._settle()
        return self

    def _settle(self) -> None:
        if self.is_restored:
            self.run = ProcessRun.restore(self.run.model, self.run.dump())


def scope(name: str, inside: str, *steps: str, markers: str = "") -> str:
    """A sub-process that runs the steps in turn."""
    start, end = f"{name}_start", f"{name}_end"
    return (
        f'<bpmn:subProcess id="{name}">{markers}<bpmn:startEvent id="{start}"/>{inside}<bpmn:endEvent id="{end}"/>'
        f"{chain(start, *steps, end)}</bpmn:subProcess>"
    )


def marked(node: str, markers: str) -> str:
    """A node with child elements added at its end."""
    head, slash, tail = node.rpartition("</bpmn:")
    return f"{head}{markers}{slash}{tail}"


def multi(
    *,
    sequential: bool = False,
    cardinality: str = "",
    collection: str = "",
    item: str = "",
    output: str = "",
    output_item: str = "",
    condition: str = "",
) -> str:
    """A multi-instance marker."""
    parts = [
        f"<bpmn:loopCardinality>{cardinality}</bpmn:loopCardinality>" if cardinality else "",
        f"<bpmn:loopDataInputRef>{collection}</bpmn:loopDataInputRef>" if collection else "",
        f"<bpmn:loopDataOutputRef>{output}</bpmn:loopDataOutputRef>" if output else "",
        f'<bpmn:inputDataItem name="{item}"/>' if item else "",
        f'<bpmn:outputDataItem name="{output_item}"/>' if output_item else "",
        f"<bpmn:completionCondition>{condition}</bpmn:completionCondition>" if condition else "",
    ]
    kind = "true" if sequential else "false"
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{kind}">{"".join(parts)}'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
