"""What a step sets off elsewhere: plugged in when the app is ready, so that steps need not know who does it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from workflows.engine import MessageWait
from workflows.stepping.step import Step

Nudge = Callable[[uuid.UUID, str], None]
CancelCalled = Callable[[list[uuid.UUID]], object]
TakeCorrelated = Callable[[Step, list[MessageWait]], None]


@dataclass
class _Hooks:
    """One broker a process, one way to stop called cases and one to correlate; none until it is plugged in."""

    nudge: Nudge | None = None
    cancel_called: CancelCalled | None = None
    take_correlated: TakeCorrelated | None = None


_hooks = _Hooks()


def use_nudge(nudge: Nudge | None) -> None:
    """Have `nudge` called with every queued service task of a committed step, and the operator's name."""
    _hooks.nudge = nudge


def use_cancel_called(cancel: CancelCalled | None) -> None:
    """Have `cancel` called with the calls a committed step has left, to stop the cases they began."""
    _hooks.cancel_called = cancel


def use_take_correlated(take: TakeCorrelated | None) -> None:
    """Have `take` called with what a step newly waits for: messages with a key may have been thrown before."""
    _hooks.take_correlated = take


def nudge(run_uid: uuid.UUID, operator: str) -> None:
    if _hooks.nudge is not None:
        _hooks.nudge(run_uid, operator)


def cancel_called(calls: list[uuid.UUID]) -> None:
    if _hooks.cancel_called is not None:
        _hooks.cancel_called(calls)


def take_correlated(step: Step, waits: list[MessageWait]) -> None:
    if _hooks.take_correlated is not None:
        _hooks.take_correlated(step, waits)
