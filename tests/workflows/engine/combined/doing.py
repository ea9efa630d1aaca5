"""What activities and throw events mean: work, also repeated and undone, escalations, compensation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.workflows.engine.combined.blocks import Catch, Repeated, Tell, Undo, Work
from tests.workflows.engine.combined.live import HOW, Act, Live, LiveWait, Mark, Place, begin, means, passed


@means(Catch)
class LiveCatch(Live):
    """§10.5.1: whatever of an event's triggers comes first is the event, unless it needs all of them."""

    def __init__(self, block: Catch, place: Place) -> None:
        self.block, self.place = block, place
        self.left = list(HOW[block.kind])

    def acts(self) -> Iterator[Act]:
        if not self.done:
            for how in self.left:
                yield Act((how, self.block.name, self.place.items), partial(self._finish, how))

    def _finish(self, how: str) -> None:
        self.left.remove(how)
        self.done = self.block.kind != "all" or not self.left


@means(Work)
class LiveWork(LiveWait):
    """A user task that leaves a mark when it is done, if it can be undone."""

    def __init__(self, block: Work | Repeated, place: Place) -> None:
        super().__init__("do", block.name, place)
        self.block, self.place = block, place

    def _finish(self) -> None:
        super()._finish()
        if self.block.has_undo:
            scope = self.place.scope
            scope.marks.append(Mark(next(scope.order), self.block.name, self.place.items))


@means(Repeated)
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
        self.open.append(LiveWork(self.block, Place(self.place.scope, items)))

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


@means(Tell)
def begin_tell(_block: Tell, place: Place) -> Live:
    return LiveTell(place)


class LiveUndo(Live):
    """§10.7, §13.5.5: what was completed is undone, one after the other, the last first."""

    def __init__(self, marks: list[Mark], place: Place) -> None:
        self.left, self.place = sorted(marks), place
        self.now = passed()

    def acts(self) -> Iterator[Act]:
        yield from self.now.acts()

    def settle(self) -> None:
        self.now.settle()
        while self.now.done and self.left:
            mark = self.left.pop()
            self.now = begin(mark, Place(self.place.scope, mark.items))
            self.now.settle()
        self.done = self.now.done and not self.left


@means(Undo)
def begin_undo(block: Undo, place: Place) -> Live:
    undoing = LiveUndo(place.scope.take_marks(), place)
    if block.waits:
        return undoing
    place.scope.asides.append(undoing)
    return passed()
