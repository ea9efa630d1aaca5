"""What flows and gateways mean: one after the other, beside each other, one of several, back again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.workflows.engine.combined.blocks import (
    Again,
    Block,
    Exclusive,
    Finish,
    Link,
    Parallel,
    Race,
    Sequence,
)
from tests.workflows.engine.combined.live import HOW, Act, Live, LiveWait, Place, begin, means, passed


@means(Link)
def begin_link(_block: Link, _place: Place) -> Live:
    return passed()


@means(Exclusive)
def begin_exclusive(block: Exclusive, place: Place) -> Live:
    return begin(block.branches[min(block.choice, len(block.branches) - 1)], place)


@means(Sequence)
class LiveSequence(Live):
    def __init__(self, block: Sequence, place: Place) -> None:
        self.left = list(block.steps)
        self.place = place
        self.now = passed()

    def acts(self) -> Iterator[Act]:
        yield from self.now.acts()

    def settle(self) -> None:
        self.now.settle()
        while self.now.done and self.left and not self.place.scope.is_stopped:
            self.now = begin(self.left.pop(0), self.place)
            self.now.settle()
        self.done = self.now.done and not self.left


@means(Parallel)
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


@means(Race)
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
            yield Act((HOW[event.kind][0], event.name, self.place.items), partial(self._take, rest))

    def _take(self, rest: Block) -> None:
        self.taken = begin(rest, self.place)

    def settle(self) -> None:
        if self.taken is not None:
            self.taken.settle()
            self.done = self.taken.done


@means(Again)
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


@means(Finish)
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
