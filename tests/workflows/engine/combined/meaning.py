"""What blocks mean: a small interpreter of BPMN 2.0.2 §13, of nothing but blocks, to compare the engine with.

It shares no code with the engine. A token is not a thing here: each block that was reached knows what is still open
in it, and whether it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from tests.workflows.engine.combined.blocks import (
    CYCLES,
    Again,
    Block,
    Catch,
    Exclusive,
    Finish,
    Guard,
    Link,
    OnEvent,
    Parallel,
    Race,
    Repeated,
    Scope,
    Sequence,
    Tell,
    Undo,
    Work,
)

Action = tuple[str, str, tuple[int, ...]]
"""`do`, `fire` or `catch`, an element, and in which instance of each repeated scope around it."""
_ACTS = {"timer": "fire", "cycle": "fire", "message": "catch", "signal": "catch", "receive": "catch"}
_TIMES = {"timer": 1, "cycle": CYCLES, "error": 1}
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


class LiveWork(LiveWait):
    """A user task that leaves a mark when it is done, if it can be undone."""

    def __init__(self, block: Work, place: Place) -> None:
        super().__init__("do", block.name, place)
        self.block, self.place = block, place

    def _finish(self) -> None:
        super()._finish()
        if self.block.has_undo:
            scope = self.place.scope
            scope.marks.append(Mark(next(scope.order), self.block.name, self.place.items))


class LiveRepeated(Live):
    """§10.3.8, §13.3.6, §13.3.7: a task once for each item, or again and again."""

    def __init__(self, block: Repeated, place: Place) -> None:
        self.block, self.place = block, place
        self.begun = 0
        self.open: list[Live] = []
        for _ in range(block.count if block.marker == "parallel" else 1):
            self._begin_next()

    def _begin_next(self) -> None:
        items = self.place.items if self.block.marker == "loop" else (*self.place.items, self.begun)
        self.begun += 1
        self.open.append(LiveWait("do", self.block.name, Place(self.place.scope, items)))

    def acts(self) -> Iterator[Act]:
        for each in self.open:
            yield from each.acts()

    def settle(self) -> None:
        if all(each.done for each in self.open) and self.begun < self.block.count:
            self._begin_next()
        self.done = all(each.done for each in self.open)


class LiveTell(Live):
    """§10.5.4: who is told may take the scope away; else the token goes on."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def settle(self) -> None:
        if not self.done:
            self.done = True
            self.place.scope.tell()


class LiveUndo(Live):
    """§10.7, §13.5.5: what was completed is undone, one after the other, the last first."""

    def __init__(self, marks: list[Mark]) -> None:
        self.left = sorted(marks)
        self.done = not self.left

    def acts(self) -> Iterator[Act]:
        if self.left:
            mark = self.left[-1]
            yield Act(("do", f"undo-{mark.name}", mark.items), self._next)

    def _next(self) -> None:
        self.left.pop()
        self.done = not self.left


class LiveSequence(Live):
    def __init__(self, steps: tuple[Block, ...], place: Place) -> None:
        self.left = list(steps)
        self.place = place
        self.now = _passed()

    def acts(self) -> Iterator[Act]:
        yield from self.now.acts()

    def settle(self) -> None:
        self.now.settle()
        while self.now.done and self.left and not self.place.scope.is_stopped:
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
        self.left = _TIMES.get(block.kind, -1)
        self.now = begin(block.host, place, self)

    def acts(self) -> Iterator[Act]:
        yield from self.now.acts()
        if self.is_listening and not self.now.done and self.block.kind in _ACTS:
            yield Act((_ACTS[self.block.kind], self.block.name, self.place.items), self.happen)

    def happen(self) -> None:
        other = begin(self.block.other, self.place)
        if self.block.interrupts:
            self.is_listening = False
            self.now = other
            return
        self.left -= 1
        self.is_listening = self.left != 0
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
        self.order: Iterator[int] = around.order if around is not None else count()
        self.marks: list[Mark] = []
        self.is_over = self.is_interrupted = self.is_cancelling = False
        self.last = ""
        self.asides: list[Live] = []
        self.place = Place(self, items)
        self.on_event: tuple[str, OnEvent] | None = None
        self.left = 0
        self.main: Live = begin(body, self.place)

    def listen(self, name: str, on_event: OnEvent) -> None:
        self.on_event, self.left = (f"{name}_on-start", on_event), _TIMES.get(on_event.kind, -1)

    @property
    def is_gone(self) -> bool:
        """Whether it has ended, or was taken away with what is around it."""
        if self.is_over or self.around is None:
            return self.is_over
        return self.around.is_gone if self.activity is None else self.around.is_stopped

    @property
    def is_stopped(self) -> bool:
        """Whether nothing of its own goes on any more; an event sub-process in its place may."""
        return self.is_interrupted or self.is_gone

    def acts(self) -> Iterator[Act]:
        if self.done or self.is_over:
            return
        for each in (self.main, *self.asides):
            yield from each.acts()
        if self.on_event is not None and self.on_event[1].kind in _ACTS:
            name, on = self.on_event
            yield Act((_ACTS[on.kind], name, self.place.items), self.begin_event_subprocess)

    def begin_event_subprocess(self) -> None:
        """§10.3.5, §13.5.4: in the place of what the scope does, or beside it."""
        assert self.on_event is not None
        _name, on = self.on_event
        begun = Instance(on.body, self.place.items, self, None)
        if on.interrupts:
            self.main, self.asides, self.on_event, self.last = begun, [], None, ""
            self.is_interrupted = True
            return
        self.asides.append(begun)
        self.left -= 1
        if self.left == 0:
            self.on_event = None

    def settle(self) -> None:
        for each in (self.main, *list(self.asides)):
            each.settle()
        if self.main.done and self.last and not self.is_over:
            last, self.last = self.last, ""
            self.end_by(last)
        if self.is_cancelling and self.main.done and not self.is_over:
            self._leave_cancelled()
        was_done = self.done
        self.done = self.is_over or all(each.done for each in (self.main, *self.asides))
        if self.done and not was_done and self.around is not None:
            self.around.marks += self._left_to_undo()

    def _left_to_undo(self) -> list[Mark]:
        """What can be undone of it from outside, now that it is completed: a handler of its own stands for all."""
        if self.activity is None or not self.activity.block.has_undo or self.is_cancelling:
            return self.marks
        return [Mark(next(self.order), self.activity.block.name, self.place.items)]

    def end_by(self, kind: str) -> None:
        """§10.5.3: a terminate end event ends this scope; an error goes out to who catches it; a cancel end event
        undoes first what the transaction has completed."""
        if self.is_stopped:
            return
        match kind:
            case "terminate":
                self.is_over = True
            case "cancel":
                self.main, self.asides, self.on_event = LiveUndo(self.take_marks()), [], None
                self.is_interrupted = self.is_cancelling = True
            case "error":
                if not self._throw("error"):
                    self._end_all()

    def tell(self) -> None:
        """An escalation is thrown in this scope."""
        if not self.is_stopped:
            self._throw("escalation")

    def take_marks(self) -> list[Mark]:
        """What is to be undone here; an event sub-process undoes also what the scope has done it stands in."""
        taken, self.marks = self.marks, []
        if self.around is not None and self.activity is None:
            taken = [*taken, *self.around.take_marks()]
        return taken

    def _throw(self, kind: str) -> bool:
        """§13.5.3: to the innermost scope that catches it; whether there was one.

        An event sub-process does not catch what it throws itself.
        """
        scope: Instance | None = self
        left: list[Instance] = []
        begun_by: Instance | None = None
        while scope is not None:
            on = scope.on_event[1] if scope.on_event is not None and begun_by is not scope else None
            if on is not None and on.kind == kind:
                if on.interrupts:
                    _end(left)
                scope.begin_event_subprocess()
                return True
            left.append(scope)
            guard = scope.activity.guard if scope.activity is not None else None
            if guard is not None and guard.block.kind == kind and guard.is_listening:
                if guard.block.interrupts:
                    _end(left)
                guard.happen()
                return True
            begun_by = scope.around if scope.activity is None else None
            scope = scope.around
        return False

    def _end_all(self) -> None:
        scope: Instance | None = self
        while scope is not None:
            scope.is_over = True
            scope = scope.around

    def _leave_cancelled(self) -> None:
        assert self.activity is not None
        assert self.activity.guard is not None
        self.is_over, self.marks = True, []
        self.activity.guard.happen()


def _end(scopes: list[Instance]) -> None:
    """They are taken away: nothing of them is undone from outside."""
    for each in scopes:
        each.is_over, each.marks, each.done = True, [], True


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
            instance.listen(self.block.name, self.block.on_event)
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


def begin(  # noqa: C901, PLR0911, PLR0912 - one case a kind
    block: Block, place: Place, guard: LiveGuard | None = None
) -> Live:
    match block:
        case Work():
            return LiveWork(block, place)
        case Repeated():
            return LiveRepeated(block, place)
        case Link():
            return _passed()
        case Tell():
            return LiveTell(place)
        case Undo():
            return LiveUndo(place.scope.take_marks())
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


def _passed() -> Live:
    live = Live()
    live.done = True
    return live


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
