"""Whole processes drawn by lot, of blocks within blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from random import Random

from tests.workflows.engine.combined.blocks import (
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


@dataclass(frozen=True)
class Around:
    """What encloses a block, as far as it says what may be drawn there."""

    depth: int
    catches: bool = False
    """Whether something around catches errors."""
    hears: bool = False
    """Whether something around hears escalations."""
    cancels: bool = False
    """Whether the block stands directly in a transaction."""

    @property
    def inner(self) -> Around:
        return replace(self, depth=self.depth - 1)


class Lot:
    """Draws processes; `budget` bounds how many blocks one is made of."""

    def __init__(self, random: Random, budget: int = 14) -> None:
        self.random, self.budget = random, budget
        self._numbers = count()

    def process(self) -> Scope:
        around = Around(3)
        on_event = self._on_event(Around(2))
        return Scope(
            "p",
            self._sequence(_within(around, on_event)),
            last=self.random.choice(("", "", "terminate")),
            on_event=on_event,
        )

    def _name(self, letter: str) -> str:
        return f"{letter}{next(self._numbers)}"

    def _may(self, probability: float) -> bool:
        return self.random.random() < probability

    def _sequence(self, around: Around) -> Sequence:
        steps = [self._block(around) for _ in range(self.random.choice((1, 1, 2, 3)))]
        return Sequence((*steps, Work(self._name("w"))))

    def _block(self, around: Around) -> Block:
        self.budget -= 1
        if around.depth == 0 or self.budget <= 0:
            return Work(self._name("w"))
        kinds: list[Callable[[Around], Block]] = [
            self._work, self._repeated, self._exclusive, self._parallel, self._inclusive, self._race, self._again,
            self._guard, self._guard, self._guard, self._scope, self._scope, self._catch, self._link,
            self._undo, self._undo_from_within, self._transaction,
        ]  # fmt: skip
        if around.hears:
            kinds += [self._tell, self._tell]
        return self.random.choice(kinds)(around.inner)

    def _work(self, _around: Around) -> Work:
        return Work(self._name("w"), has_undo=self._may(0.4))

    def _repeated(self, _around: Around) -> Repeated:
        marker = self.random.choice(("parallel", "sequential", "loop"))
        return Repeated(self._name("m"), marker, self.random.choice((2, 3)), has_undo=self._may(0.4))

    def _catch(self, _around: Around) -> Catch:
        return Catch(
            self._name("c"), self.random.choice(("timer", "message", "signal", "receive", "any", "all"))
        )

    def _link(self, around: Around) -> Sequence:
        return Sequence((self._block(around), Link(self._name("k")), self._work(around)))

    def _tell(self, around: Around) -> Sequence:
        return Sequence((self._work(around), Tell(self._name("t")), self._block(around)))

    def _undo(self, around: Around) -> Sequence:
        done = Work(self._name("w"), has_undo=True)
        return Sequence(
            (
                done,
                self._block(around),
                self._work(around),
                self._throw(),
                self._work(around),
            )
        )

    def _throw(self) -> Undo:
        return Undo(self._name("u"), waits=self._may(0.7))

    def _undo_from_within(self, around: Around) -> Sequence:
        """A sub-process that holds its handler is completed, and undone."""
        done = (Work(self._name("w"), has_undo=True), self._block(replace(around, cancels=False)))
        marker = self.random.choice(("", "parallel", "loop"))
        count = 2 if marker else 1
        scope = Scope(self._name("s"), Sequence(done), marker, count, on_undo=self._on_undo(around))
        return Sequence((scope, self._work(around), self._throw(), self._work(around)))

    def _exclusive(self, around: Around) -> Exclusive:
        branches = self._branches(around)
        choice = self.random.randrange(len(branches))
        return Exclusive(self._name("x"), branches, choice, bare=self._may(0.4))

    def _branches(self, around: Around) -> tuple[Block, ...]:
        return tuple(self._block(around) for _ in range(self.random.choice((2, 2, 3))))

    def _asides(self, around: Around) -> tuple[Block, ...]:
        kind = self.random.choice(("", "", "", "aside", *self._lasts(around)))
        if not kind:
            return ()
        inner = Sequence((self._block(around), Work(self._name("w"))))
        return (inner if kind == "aside" else Finish(self._name("f"), kind, inner),)

    def _lasts(self, around: Around) -> list[str]:
        """How a token may end its scope."""
        return ["terminate", *(["error"] if around.catches else []), *(["cancel"] if around.cancels else [])]

    def _parallel(self, around: Around) -> Parallel:
        branches, asides = self._branches(around), self._asides(around)
        return Parallel(self._name("a"), branches, asides, bare=self._may(0.3))

    def _inclusive(self, around: Around) -> Parallel:
        branches, asides = self._branches(around), self._asides(around)
        chosen = tuple(self._may(0.6) for _ in (*branches, *asides))
        if not any(chosen[: len(branches)]):
            chosen = (True, *chosen[1:])
        return Parallel(self._name("o"), branches, asides, inclusive=True, chosen=chosen, bare=self._may(0.3))

    def _race(self, around: Around) -> Race:
        kinds = ("timer", self.random.choice(("message", "signal", "receive")))
        events = [Catch(self._name("c"), kind) for kind in kinds]
        return Race(self._name("r"), tuple((each, self._block(around)) for each in events))

    def _again(self, around: Around) -> Again:
        return Again(self._name("l"), self._block(around), self.random.choice((1, 2, 3)))

    def _guard(self, around: Around) -> Guard:
        kind = self.random.choice(("timer", "cycle", "message", "signal", "any", "error", "escalation"))
        host: Block
        if kind in {"error", "escalation"}:
            host = self._scope(
                replace(
                    around,
                    catches=around.catches or kind == "error",
                    hears=around.hears or kind == "escalation",
                )
            )
        else:
            host = self.random.choice((self._work, self._repeated, self._scope))(around)
        other = self._block(around)
        interrupts = kind == "error" or (kind != "cycle" and self._may(0.5))
        return Guard(self._name("g"), host, other, kind, interrupts)

    def _transaction(self, around: Around) -> Guard:
        within = replace(around, cancels=True)
        last = self.random.choice(("", "cancel", "cancel"))
        body, has_undo = self._sequence(within), self._may(0.2)
        scope = Scope(self._name("s"), body, last=last, is_transaction=True, has_undo=has_undo)
        return Guard(self._name("g"), scope, self._block(around), "cancel")

    def _scope(self, around: Around) -> Scope:
        marker = self.random.choice(("", "", "parallel", "sequential", "loop"))
        on_event = self._on_event(around)
        within = replace(_within(around, on_event), cancels=False)
        return Scope(
            self._name("s"),
            self._sequence(within),
            marker,
            self.random.choice((2, 3)) if marker else 1,
            self.random.choice(("", "", "", *self._lasts(within))),
            on_event,
            has_undo=(has_undo := self._may(0.2)),
            on_undo=self._on_undo(around) if not has_undo and self._may(0.3) else None,
        )

    def _on_undo(self, around: Around) -> Sequence:
        """What a handler inside its sub-process does; nobody around it knows where it will be run."""
        within = Around(around.inner.depth)
        return self._undo(within) if self._may(0.6) else self._sequence(within)

    def _on_event(self, around: Around) -> OnEvent | None:
        if self._may(0.6):
            return None
        kind = self.random.choice(("message", "signal", "timer", "cycle", "any", "error", "escalation"))
        interrupts = kind == "error" or (kind != "cycle" and self._may(0.5))
        return OnEvent(self._sequence(replace(around, cancels=False)), kind, interrupts)


def _within(around: Around, on_event: OnEvent | None) -> Around:
    """What encloses what a scope does, beside the event sub-process in it."""
    kind = on_event.kind if on_event is not None else ""
    return replace(
        around, catches=around.catches or kind == "error", hears=around.hears or kind == "escalation"
    )
