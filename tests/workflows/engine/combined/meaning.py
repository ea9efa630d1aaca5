"""What blocks mean: a small interpreter of BPMN 2.0.2 §13, of nothing but blocks, to compare the engine with.

It shares no code with the engine. A token is not a thing here: each block that was reached knows what is still open
in it, and whether it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.workflows.engine.combined.blocks import (
    Again,
    Block,
    Catch,
    Exclusive,
    Finish,
    Guard,
    Parallel,
    Race,
    Scope,
    Sequence,
    Work,
)

Action = tuple[str, str, tuple[int, ...]]
"""`do`, `fire` or `catch`, an element, and in which instance of each repeated scope around it."""
_ACTS = {"timer": "fire", "message": "catch"}


@dataclass(frozen=True)
class Act:
    """Something that may happen, what it does, and what is answered with it."""

    action: Action
    happen: Callable[[], None]
    answer: dict[str, bool] = field(default_factory=dict)


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


class LiveSequence(Live):
    def __init__(self, steps: tuple[Block, ...], place: Place) -> None:
        self.left = list(steps)
        self.place = place
        self.now: Live = Live()
        self.now.done = True

    def acts(self) -> Iterator[Act]:
        yield from self.now.acts()

    def settle(self) -> None:
        self.now.settle()
        while self.now.done and self.left and not self.place.scope.is_over:
            self.now = begin(self.left.pop(0), self.place)
            self.now.settle()
        self.done = self.now.done and not self.left


class LiveParallel(Live):
    """§13.4.1, §13.4.3: the join is reached by those branches that were begun and do not end before it."""

    def __init__(self, block: Parallel, place: Place) -> None:
        count = len(block.branches)
        begun = [
            (number, begin(each, place))
            for number, each in enumerate((*block.branches, *block.asides))
            if block.is_taken[number]
        ]
        self.branches = [live for number, live in begun if number < count]
        place.scope.asides += [live for number, live in begun if number >= count]
        # without a branch to the join, the token ends with its asides
        self.place, self.is_stuck = place, not self.branches

    def acts(self) -> Iterator[Act]:
        for each in self.branches:
            yield from each.acts()

    def settle(self) -> None:
        for each in self.branches:
            each.settle()
        self.done = all(each.done for each in self.branches) and not self.is_stuck


class LiveRace(Live):
    """§10.6.6: the first event takes the token, the others are no longer waited for."""

    def __init__(self, block: Race, place: Place) -> None:
        self.place = place
        self.block = block
        self.taken: Live | None = None

    def acts(self) -> Iterator[Act]:
        if self.taken is not None:
            yield from self.taken.acts()
            return
        for event, rest in self.block.branches:
            yield Act((_ACTS[event.kind], event.name, self.place.items), partial(self._take, rest))

    def _take(self, rest: Block) -> None:
        self.taken = begin(rest, self.place)

    def settle(self) -> None:
        if self.taken is not None:
            self.taken.settle()
            self.done = self.taken.done


class LiveAgain(Live):
    """A body, then a task that decides whether the token goes back."""

    def __init__(self, block: Again, place: Place) -> None:
        self.block, self.place, self.round = block, place, 1
        self.now = begin(block.body, place)
        self.is_asked = False

    def acts(self) -> Iterator[Act]:
        yield from self.now.acts()

    def settle(self) -> None:
        self.now.settle()
        while self.now.done and not self.done:
            self._go_on()
            self.now.settle()

    def _go_on(self) -> None:
        name, goes_back = self.block.name, self.round < self.block.rounds
        if not self.is_asked:
            self.now = LiveWait("do", f"{name}_again", self.place, **{f"{name}_more": goes_back})
        elif goes_back:
            self.round += 1
            self.now = begin(self.block.body, self.place)
        else:
            self.done = True
        self.is_asked = not self.is_asked


class LiveGuard(Live):
    """§10.5.4, §13.5.3: an event at the edge is heard as long as its activity lives."""

    def __init__(self, block: Guard, place: Place) -> None:
        self.block, self.place = block, place
        self.is_listening = True
        self.now = begin(block.host, place, self)

    def acts(self) -> Iterator[Act]:
        yield from self.now.acts()
        if self.is_listening and not self.now.done and self.block.kind != "error":
            yield Act((_ACTS[self.block.kind], self.block.name, self.place.items), self.happen)

    def happen(self) -> None:
        other = begin(self.block.other, self.place)
        if self.block.interrupts:
            self.is_listening = False
            self.now = other
            return
        self.is_listening = self.block.kind == "message"  # a timer with a duration fires once
        self.place.scope.asides.append(other)

    def settle(self) -> None:
        self.now.settle()
        self.done = self.now.done


class LiveFinish(Live):
    def __init__(self, block: Finish, place: Place) -> None:
        self.block, self.place = block, place
        self.now = begin(block.after, place)

    def acts(self) -> Iterator[Act]:
        yield from self.now.acts()

    def settle(self) -> None:
        self.now.settle()
        if self.now.done and not self.done:
            self.done = True
            self.place.scope.end_by(self.block.kind)


class Instance(Live):
    """A scope that was begun once: a process, a sub-process, one run of a repeated one, an event sub-process."""

    def __init__(
        self, body: Block, items: tuple[int, ...], around: Instance | None, activity: LiveScope | None
    ) -> None:
        self.around, self.activity = around, activity
        self.is_over = False
        self.last = ""
        self.asides: list[Live] = []
        self.place = Place(self, items)
        self.on_event: tuple[str, Block, bool] | None = None
        self.main: Live = begin(body, self.place)

    def acts(self) -> Iterator[Act]:
        if self.done or self.is_over:
            return
        for each in (self.main, *self.asides):
            yield from each.acts()
        if self.on_event is not None:
            yield Act(("catch", self.on_event[0], self.place.items), self._begin_event_subprocess)

    def _begin_event_subprocess(self) -> None:
        """§10.3.5, §13.5.4."""
        assert self.on_event is not None
        _name, body, interrupts = self.on_event
        begun = Instance(body, self.place.items, self, None)
        if interrupts:
            self.main, self.asides, self.on_event, self.last = begun, [], None, ""
        else:
            self.asides.append(begun)

    def settle(self) -> None:
        for each in (self.main, *list(self.asides)):
            each.settle()
        if self.main.done and self.last and not self.is_over:
            last, self.last = self.last, ""
            self.end_by(last)
        self.done = self.is_over or all(each.done for each in (self.main, *self.asides))

    def end_by(self, kind: str) -> None:
        """§10.5.3: a terminate end ends this scope; an error goes out to who catches it, else the process ends."""
        if self.is_over:
            return
        if kind != "error":
            self.is_over = True
            return
        scope: Instance | None = self
        while scope is not None:
            scope.is_over = True
            guard = scope.activity.guard if scope.activity is not None else None
            if guard is not None and guard.block.kind == "error" and guard.is_listening:
                guard.happen()
                return
            scope = scope.around


class LiveScope(Live):
    """A sub-process as an activity: once, for each item, or again and again (§10.3.5, §13.3.4 to §13.3.7)."""

    def __init__(self, block: Scope, place: Place, guard: LiveGuard | None) -> None:
        self.block, self.place, self.guard = block, place, guard
        self.begun = 0
        self.open: list[Instance] = []
        for _ in range(block.count if block.marker == "parallel" else 1):
            self._begin_next()

    def _begin_next(self) -> None:
        is_multi = self.block.marker in {"parallel", "sequential"}
        items = (*self.place.items, self.begun) if is_multi else self.place.items
        self.begun += 1
        instance = Instance(self.block.body, items, self.place.scope, self)
        instance.last = self.block.last
        if self.block.on_event is not None:
            on = (f"{self.block.name}_on-start", self.block.on_event, self.block.on_event_interrupts)
            instance.on_event = on
        self.open.append(instance)

    def acts(self) -> Iterator[Act]:
        for each in self.open:
            yield from each.acts()

    def settle(self) -> None:
        while True:
            for each in self.open:
                each.settle()
            if not all(each.done for each in self.open) or self.begun >= self.block.count:
                break
            self._begin_next()
        self.done = all(each.done for each in self.open)


def begin(block: Block, place: Place, guard: LiveGuard | None = None) -> Live:  # noqa: C901, PLR0911 - one case a kind
    match block:
        case Work(name):
            return LiveWait("do", name, place)
        case Catch(name, kind):
            return LiveWait(_ACTS[kind], name, place)
        case Sequence(steps):
            return LiveSequence(steps, place)
        case Exclusive(_, branches, choice):
            return begin(branches[min(choice, len(branches) - 1)], place)
        case Parallel():
            return LiveParallel(block, place)
        case Race():
            return LiveRace(block, place)
        case Again():
            return LiveAgain(block, place)
        case Guard():
            return LiveGuard(block, place)
        case Finish():
            return LiveFinish(block, place)
        case Scope():
            return LiveScope(block, place, guard)
    raise AssertionError(block)


class Meant:
    """A process of blocks, as the standard has it go on."""

    def __init__(self, process: Scope) -> None:
        root: Any = None
        self.root = Instance(process.body, (), root, None)
        self.root.last = process.last
        if process.on_event is not None:
            self.root.on_event = (f"{process.name}_on-start", process.on_event, process.on_event_interrupts)
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
