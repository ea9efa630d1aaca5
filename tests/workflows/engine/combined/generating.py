"""Whole processes drawn by lot, of blocks within blocks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from random import Random
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


class Lot:
    """Draws processes; `budget` bounds how many blocks one is made of."""

    def __init__(self, random: Random, budget: int = 14) -> None:
        self.random, self.budget = random, budget
        self._numbers = count()

    def process(self) -> Scope:
        return Scope(
            "p",
            self._sequence(3, caught=False),
            last=self.random.choice(("", "", "terminate")),
            **self._event(2, caught=False),
        )

    def _name(self, letter: str) -> str:
        return f"{letter}{next(self._numbers)}"

    def _sequence(self, depth: int, *, caught: bool) -> Sequence:
        steps = [self._block(depth, caught=caught) for _ in range(self.random.choice((1, 1, 2, 3)))]
        return Sequence((*steps, Work(self._name("w"))))

    def _block(self, depth: int, *, caught: bool) -> Block:
        self.budget -= 1
        if depth == 0 or self.budget <= 0:
            return Work(self._name("w"))
        kinds: tuple[Callable[..., Block], ...] = (
            self._work, self._exclusive, self._parallel, self._inclusive, self._race, self._again, self._guard,
            self._guard, self._scope, self._scope, self._catch,
        )  # fmt: skip
        return self.random.choice(kinds)(depth - 1, caught=caught)

    def _work(self, _depth: int, **_caught: bool) -> Work:
        return Work(self._name("w"))

    def _catch(self, _depth: int, **_caught: bool) -> Catch:
        return Catch(self._name("c"), self.random.choice(("timer", "message")))

    def _exclusive(self, depth: int, *, caught: bool) -> Exclusive:
        branches = self._branches(depth, caught=caught)
        return Exclusive(self._name("x"), branches, self.random.randrange(len(branches)))

    def _branches(self, depth: int, *, caught: bool) -> tuple[Block, ...]:
        return tuple(self._block(depth, caught=caught) for _ in range(self.random.choice((2, 2, 3))))

    def _asides(self, depth: int, *, caught: bool) -> tuple[Block, ...]:
        kind = self.random.choice(("", "", "", "aside", "terminate", "error"))
        if not kind or (kind == "error" and not caught):
            return ()
        inner = Sequence((self._block(depth, caught=caught), Work(self._name("w"))))
        return (inner if kind == "aside" else Finish(self._name("f"), kind, inner),)

    def _parallel(self, depth: int, *, caught: bool) -> Parallel:
        branches, asides = self._branches(depth, caught=caught), self._asides(depth, caught=caught)
        return Parallel(self._name("a"), branches, asides)

    def _inclusive(self, depth: int, *, caught: bool) -> Parallel:
        branches, asides = self._branches(depth, caught=caught), self._asides(depth, caught=caught)
        chosen = tuple(self.random.random() < 0.6 for _ in (*branches, *asides))
        if not any(chosen[: len(branches)]):
            chosen = (True, *chosen[1:])
        return Parallel(self._name("o"), branches, asides, inclusive=True, chosen=chosen)

    def _race(self, depth: int, *, caught: bool) -> Race:
        events = (Catch(self._name("c"), "timer"), Catch(self._name("c"), "message"))
        return Race(self._name("r"), tuple((each, self._block(depth, caught=caught)) for each in events))

    def _again(self, depth: int, *, caught: bool) -> Again:
        return Again(self._name("l"), self._block(depth, caught=caught), self.random.choice((1, 2, 3)))

    def _guard(self, depth: int, *, caught: bool) -> Guard:
        kind = self.random.choice(("timer", "message", "error"))
        if kind == "error":
            host: Work | Scope = self._scope(depth, caught=True)
        else:
            host = self.random.choice((self._work, self._scope))(depth, caught=caught)
        other = self._block(depth, caught=caught)
        interrupts = kind == "error" or self.random.random() < 0.5
        return Guard(self._name("g"), host, other, kind, interrupts)

    def _scope(self, depth: int, *, caught: bool) -> Scope:
        marker = self.random.choice(("", "", "parallel", "sequential", "loop"))
        lasts = ("", "", "", "terminate", "error") if caught else ("", "", "", "terminate")
        return Scope(
            self._name("s"),
            self._sequence(depth, caught=caught),
            marker,
            self.random.choice((2, 3)) if marker else 1,
            self.random.choice(lasts),
            **self._event(depth, caught=caught),
        )

    def _event(self, depth: int, *, caught: bool) -> dict[str, Any]:
        if self.random.random() < 0.7:
            return {}
        return {
            "on_event": self._sequence(depth, caught=caught),
            "on_event_interrupts": self.random.random() < 0.5,
        }
