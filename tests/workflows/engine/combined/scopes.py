"""What scopes mean: sub-processes and their instances, event sub-processes, and events at the edge of activities."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

from tests.workflows.engine.combined.blocks import Block, Guard, OnEvent, Scope
from tests.workflows.engine.combined.doing import LiveUndo
from tests.workflows.engine.combined.live import (
    Act,
    Listening,
    Live,
    LiveWait,
    Mark,
    Place,
    begin,
    means,
)


@means(Guard)
class LiveGuard(Live):
    """§10.5.4, §13.5.3: an event at the edge is heard as long as its activity lives."""

    def __init__(self, block: Guard, place: Place) -> None:
        self.block, self.place = block, place
        self.listening: Listening | None = Listening(block.kind)
        self.now = self._begin_host(block.host)

    def _begin_host(self, host: Block) -> Live:
        return LiveScope(host, self.place, self) if isinstance(host, Scope) else begin(host, self.place)

    def acts(self) -> Iterator[Act]:
        yield from self.now.acts()
        if self.listening and not self.now.done:
            for how in self.listening.acts():
                yield Act((how, self.block.name, self.place.items), partial(self.happen, how))

    def happen(self, how: str = "") -> None:
        assert self.listening
        other = begin(self.block.other, self.place)
        if self.block.interrupts:
            self.listening, self.now = None, other
            return
        self.listening.happened(how)
        self.place.scope.asides.append(other)

    def settle(self) -> None:
        self.now.settle()
        self.done = self.now.done


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
        self.listening: Listening | None = None
        self.main: Live = begin(body, self.place)

    def listen(self, name: str, on_event: OnEvent) -> None:
        self.on_event, self.listening = (f"{name}_on-start", on_event), Listening(on_event.kind)

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
        if self.on_event is not None and self.listening:
            for how in self.listening.acts():
                act = partial(self.begin_event_subprocess, how)
                yield Act((how, self.on_event[0], self.place.items), act)

    def begin_event_subprocess(self, how: str = "") -> None:
        """§10.3.5, §13.5.4: in the place of what the scope does, or beside it."""
        assert self.on_event is not None
        assert self.listening
        _name, on = self.on_event
        begun = Instance(on.body, self.place.items, self, None)
        if on.interrupts:
            self.main, self.asides, self.on_event, self.last = begun, [], None, ""
            self.is_interrupted = True
            return
        self.asides.append(begun)
        self.listening.happened(how)
        if not self.listening:
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
        if self.activity is None or self.is_cancelling:
            return self.marks
        block = self.activity.block
        if not block.has_undo and block.on_undo is None:
            return self.marks
        inner = tuple(self.marks) if block.on_undo is not None else ()
        return [Mark(next(self.order), block.name, self.place.items, block.on_undo, inner)]

    def end_by(self, kind: str) -> None:
        """§10.5.3: a terminate end event ends this scope; an error goes out to who catches it; a cancel end event
        undoes first what the transaction has completed."""
        if self.is_stopped:
            return
        match kind:
            case "terminate":
                self.is_over = True
            case "cancel":
                self.main, self.asides, self.on_event = LiveUndo(self.take_marks(), self.place), [], None
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
            if guard is not None and guard.block.kind == kind and guard.listening:
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


class Undoing(Instance):
    """§13.5.5: the event sub-process that undoes the completed sub-process it stands in, where that is compensated."""

    def __init__(self, mark: Mark, place: Place) -> None:
        assert mark.body is not None
        super().__init__(mark.body, mark.items, place.scope, None)
        self.marks = list(mark.inner)

    def take_marks(self) -> list[Mark]:
        taken, self.marks = self.marks, []
        return taken

    def _left_to_undo(self) -> list[Mark]:
        return []


@means(Mark)
def begin_handler(mark: Mark, place: Place) -> Live:
    return LiveWait("do", f"undo-{mark.name}", place) if mark.body is None else Undoing(mark, place)


def _end(scopes: list[Instance]) -> None:
    """They are taken away: nothing of them is undone from outside."""
    for each in scopes:
        each.is_over, each.marks, each.done = True, [], True


@means(Scope)
class LiveScope(Live):
    """A sub-process as an activity: once, for each item, or again and again (§10.3.5, §13.3.4 to §13.3.7)."""

    def __init__(self, block: Scope, place: Place, guard: LiveGuard | None = None) -> None:
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
