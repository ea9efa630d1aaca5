"""What a block means once it is reached: the words that the interpreter's parts share.

The parts are in `doing`, `flowing` and `scopes`; each says of which kind of block it is the meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tests.workflows.engine.combined.blocks import CYCLES, Block

if TYPE_CHECKING:
    from tests.workflows.engine.combined.scopes import Instance

Action = tuple[str, str, tuple[int, ...]]
"""`do`, `fire` or `catch`, an element, and in which instance of each repeated scope around it."""
ACTS = {"timer": "fire", "cycle": "fire", "message": "catch", "signal": "catch", "receive": "catch"}
TIMES = {"timer": 1, "cycle": CYCLES, "error": 1}
"""How often an event may happen that does not interrupt; without end where it is not said."""


@dataclass(frozen=True)
class Act:
    """Something that may happen, what it does, and what is answered with it."""

    action: Action
    happen: Callable[[], None]
    answer: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Mark:
    """An activity that was completed and can be undone; `number` tells in which order."""

    number: int
    name: str
    items: tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """Where a block is reached: within which instance of a scope, and of which items."""

    scope: Instance
    items: tuple[int, ...]


class Live:
    """A block that was reached."""

    done = False

    def acts(self) -> Iterator[Act]:
        """What may happen in it next, and what that does."""
        yield from ()

    def settle(self) -> None:
        """Go on with what needs nobody."""


class LiveWait(Live):
    """A user task or an event."""

    def __init__(self, kind: str, name: str, place: Place, **answer: bool) -> None:
        self.action: Action = (kind, name, place.items)
        self.answer = answer

    def acts(self) -> Iterator[Act]:
        if not self.done:
            yield Act(self.action, self._finish, self.answer)

    def _finish(self) -> None:
        self.done = True


def passed() -> Live:
    """What is done as soon as it is reached."""
    live = Live()
    live.done = True
    return live


Beginning = Callable[[Any, Place], Live]
B = TypeVar("B", bound=Beginning)
_BEGINNINGS: dict[type, Beginning] = {}


def means(kind: type) -> Callable[[B], B]:
    """Register what begins a kind of block when it is reached."""

    def register(beginning: B) -> B:
        _BEGINNINGS[kind] = beginning
        return beginning

    return register


def begin(block: Block, place: Place) -> Live:
    """A block is reached."""
    return _BEGINNINGS[type(block)](block, place)
