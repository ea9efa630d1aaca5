"""Blocks that nest, of which whole processes are made: `sketch` draws them, `meaning` says what they mean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A user task; with `has_undo` one that the user task `undo-<name>` compensates."""

    name: str
    has_undo: bool = False


@dataclass(frozen=True)
class Repeated:
    """A user task with a `marker`: `parallel`, `sequential` or `loop`; done `count` times, each undone by itself."""

    name: str
    marker: str
    count: int
    has_undo: bool = False


@dataclass(frozen=True)
class Catch:
    """What waits for a `message`, a `signal`, a `timer`, for `any` of a message and a timer or for `all` of them; or a
    receive task, which waits to `receive`."""

    name: str
    kind: str


@dataclass(frozen=True)
class Link:
    """A flow drawn as a link that is thrown and caught."""

    name: str


@dataclass(frozen=True)
class Tell:
    """An escalation is thrown; something around it hears it."""

    name: str


@dataclass(frozen=True)
class Undo:
    """What its scope has completed is compensated; the token waits for it, or goes on beside it."""

    name: str
    waits: bool = True


@dataclass(frozen=True)
class Sequence:
    steps: tuple[Block, ...]


@dataclass(frozen=True)
class Exclusive:
    """One of the branches: the one numbered `choice`, the last by default."""

    name: str
    branches: tuple[Block, ...]
    choice: int
    bare: bool = False
    """Whether the branches meet without a gateway."""


@dataclass(frozen=True)
class Parallel:
    """All branches at once; `asides` are begun with them and end by themselves, without reaching the join."""

    name: str
    branches: tuple[Block, ...]
    asides: tuple[Block, ...] = ()
    inclusive: bool = False
    chosen: tuple[bool, ...] = ()
    """Of an inclusive gateway: which branches and asides are taken; if none is, the first."""
    bare: bool = False
    """Whether they are begun without a gateway, by several flows out of a task."""

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

    `kind` is timer, cycle, message, signal, any (of a message and a timer), error, escalation or cancel. What is
    begun beside the host ends by itself.
    """

    name: str
    host: Work | Repeated | Scope
    other: Block
    kind: str
    interrupts: bool = True


@dataclass(frozen=True)
class OnEvent:
    """What an event sub-process does, and when: `kind` is that of a Guard, without cancel."""

    body: Block
    kind: str
    interrupts: bool


@dataclass(frozen=True)
class Scope:
    """An embedded sub-process; `last` says how its only path ends: "", `terminate`, `error` or `cancel`.

    `marker` is "", `parallel`, `sequential` or `loop`, and `count` how often.
    """

    name: str
    body: Block
    marker: str = ""
    count: int = 1
    last: str = ""
    on_event: OnEvent | None = None
    is_transaction: bool = False
    has_undo: bool = False
    """Whether the user task `undo-<name>` compensates all of it."""
    on_undo: Block | None = None
    """What the event sub-process in it does that compensates all of it."""


@dataclass(frozen=True)
class Finish:
    """A token that does something and then ends its scope, as `last` of a scope says it."""

    name: str
    kind: str
    after: Block


Block = (
    Work | Repeated | Catch | Link | Tell | Undo | Sequence | Exclusive | Parallel | Race | Again | Guard | Scope
    | Finish
)  # fmt: skip
CYCLES = 3
"""How often a repeating timer fires: it is drawn as R3/PT1H."""
