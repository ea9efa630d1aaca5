"""What one decision may cost: steps, nesting, time and the size of what it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from common.errors import InvalidInput
from common.sentences import sentence as _

STEPS_BETWEEN_LOOKS_AT_THE_CLOCK = 512
ERRORS_KEPT = 20


class DecisionTooCostly(InvalidInput):
    """The decision asked for more steps, depth, time or memory than one decision may have."""

    default_code = "DECISION_TOO_COSTLY"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one decision.

    **Units**  `items` are list items or characters of one value; `depth` counts functions within functions.
    """

    steps: int = 300_000
    depth: int = 40
    seconds: float = 2.0
    items: int = 100_000


@dataclass(slots=True)
class Run:
    """One decision under way: what it has spent, and why parts of it came out as null.

    `trace` gathers the tables that were asked, each with the rows that matched. The sentences
    in `errors` name kinds and places, never values: a value may be a patient's.
    """

    limits: Limits = field(default_factory=Limits)
    errors: list[str] = field(default_factory=list)
    spent: int = 0
    depth: int = 0
    trace: list[Any] = field(default_factory=list)
    next_look: int = STEPS_BETWEEN_LOOKS_AT_THE_CLOCK
    started: float = field(default_factory=monotonic)

    def spend(self, steps: int = 1) -> None:
        self.spent += steps
        if self.spent < self.next_look:
            return
        self.next_look = self.spent + STEPS_BETWEEN_LOOKS_AT_THE_CLOCK
        if self.spent > self.limits.steps:
            raise DecisionTooCostly(
                _("The decision takes more than %(steps)s steps.") % {"steps": self.limits.steps}
            )
        if monotonic() - self.started > self.limits.seconds:
            raise DecisionTooCostly(
                _("The decision takes longer than %(seconds)s s.") % {"seconds": f"{self.limits.seconds:g}"}
            )

    def enter(self) -> None:
        self.depth += 1
        if self.depth > self.limits.depth:
            raise DecisionTooCostly(
                _("Functions call each other more than %(depth)s deep.") % {"depth": self.limits.depth}
            )

    def leave(self) -> None:
        self.depth -= 1

    def admit(self, size: int) -> None:
        """Let a value of this many items or characters be, and count the work of making it."""
        if size > self.limits.items:
            raise DecisionTooCostly(
                _("A value has more than %(items)s items or characters.") % {"items": self.limits.items}
            )
        self.spend(1 + size // 16)

    def fail(self, sentence: str) -> Any:
        """Note why a value is null. Always returns None, so that `return run.fail(...)` reads well."""
        if len(self.errors) < ERRORS_KEPT and sentence not in self.errors:
            self.errors.append(sentence)
        return None
