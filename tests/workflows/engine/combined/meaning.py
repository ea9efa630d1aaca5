"""What processes of blocks mean: a small interpreter of BPMN 2.0.2 §13, to compare the engine with.

It shares no code with the engine. A token is not a thing here: each block that was reached knows what is still open
in it, and whether it is done. The meanings of the kinds of blocks are in `doing`, `flowing` and `scopes`.
"""

from __future__ import annotations

from typing import Any

from tests.workflows.engine.combined import flowing
from tests.workflows.engine.combined.blocks import Scope
from tests.workflows.engine.combined.live import Action
from tests.workflows.engine.combined.scopes import Instance

__all__ = ["Action", "Meant", "flowing"]  # with the meanings that are registered by being imported


class Meant:
    """A process of blocks, as the standard has it go on."""

    def __init__(self, process: Scope) -> None:
        root: Any = None
        self.root = Instance(process.body, (), root, None)
        self.root.last = process.last
        if process.on_event is not None:
            self.root.listen(process.name, process.on_event)
        self._settle()

    @property
    def open(self) -> list[Action]:
        return sorted(each.action for each in self.root.acts())

    @property
    def is_completed(self) -> bool:
        return self.root.done

    def act(self, action: Action) -> dict[str, bool]:
        """Have something happen; what is answered with it."""
        act = next(each for each in self.root.acts() if each.action == action)
        act.happen()
        self._settle()
        return act.answer

    def _settle(self) -> None:
        for _ in range(50):  # each round goes at least one scope further out
            self.root.settle()
