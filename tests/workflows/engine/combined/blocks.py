"""Blocks that nest, of which whole processes are made: `sketch` draws them, `meaning` says what they mean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A user task."""

    name: str


@dataclass(frozen=True)
class Catch:
    """An intermediate event that waits: for a `message` or a `timer`."""

    name: str
    kind: str


@dataclass(frozen=True)
class Sequence:
    steps: tuple[Block, ...]


@dataclass(frozen=True)
class Exclusive:
    """One of the branches: the one numbered `choice`, the last by default."""

    name: str
    branches: tuple[Block, ...]
    choice: int


@dataclass(frozen=True)
class Parallel:
    """All branches at once; `asides` are begun with them and end by themselves, without reaching the join."""

    name: str
    branches: tuple[Block, ...]
    asides: tuple[Block, ...] = ()
    inclusive: bool = False
    chosen: tuple[bool, ...] = ()
    """Of an inclusive gateway: which branches and asides are taken; if none is, the first."""

    @property
    def is_taken(self) -> tuple[bool, ...]:
        if not self.inclusive:
            return (True,) * (len(self.branches) + len(self.asides))
        return self.chosen if any(self.chosen) else (True, *self.chosen[1:])


@dataclass(frozen=True)
class Race:
    """An event-based gateway: the first of the events takes its branch."""

    name: str
    branches: tuple[tuple[Catch, Block], ...]


@dataclass(frozen=True)
class Again:
    """A way back, taken until the body was done `rounds` times; a user task after the body decides."""

    name: str
    body: Block
    rounds: int


@dataclass(frozen=True)
class Guard:
    """An event at the edge of a user task or scope: the other way is taken instead, or beside it.

    `kind` is timer, message or error. What is begun beside the host ends by itself.
    """

    name: str
    host: Work | Scope
    other: Block
    kind: str
    interrupts: bool = True


@dataclass(frozen=True)
class Scope:
    """An embedded sub-process; `last` says how its only path ends: "", `terminate` or `error`.

    `marker` is "", `parallel`, `sequential` or `loop`, and `count` how often. `on_event` is what an event
    sub-process does, which interrupts or runs beside.
    """

    name: str
    body: Block
    marker: str = ""
    count: int = 1
    last: str = ""
    on_event: Block | None = None
    on_event_interrupts: bool = True


@dataclass(frozen=True)
class Finish:
    """A token that does something and then ends its scope: `terminate` ends it, `error` is thrown out of it."""

    name: str
    kind: str
    after: Block


Block = Work | Catch | Sequence | Exclusive | Parallel | Race | Again | Guard | Scope | Finish
