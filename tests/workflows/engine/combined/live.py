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
HOW = {
    "timer": ("fire",),
    "cycle": ("fire",),
    "message": ("catch",),
    "signal": ("catch",),
    "receive": ("catch",),
    "any": ("catch", "fire"),
    "all": ("catch", "fire"),
}
"""In which ways an event may happen; in none by itself if it is not listed."""
_TIMES = {("timer", "fire"): 1, ("any", "fire"): 1, ("cycle", "fire"): CYCLES, ("error", ""): 1}
"""How often an event may happen so that does not interrupt; without end where it is not said."""


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
    body: Block | None = field(default=None, compare=False)
    """What its own event sub-process does to undo it."""
    inner: tuple[Mark, ...] = field(default=(), compare=False)
    """What that one may have undone."""


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


class Listening:
    """How often an event that does not interrupt may still happen, and in which ways."""

    def __init__(self, kind: str) -> None:
        self._left = {how: _TIMES.get((kind, how), -1) for how in HOW.get(kind, ("",))}

    def __bool__(self) -> bool:
        return any(self._left.values())

    def acts(self) -> Iterator[str]:
        """The ways in which somebody may have it happen."""
        yield from (how for how, times in self._left.items() if how and times)

    def happened(self, how: str) -> None:
        self._left[how] -= 1


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


def begin(block: Block | Mark, place: Place) -> Live:
    """A block is reached."""
    return _BEGINNINGS[type(block)](block, place)
