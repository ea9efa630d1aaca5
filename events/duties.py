"""Periodic duties: small sweeps that packages register and `run_timers` performs.

Every duty claims its rows itself (SKIP LOCKED), so several `run_timers` may run side by side.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Duty:
    name: str
    every: dt.timedelta
    perform: Callable[[], int]
    due_at: dt.datetime | None = None


_duties: dict[str, Duty] = {}


def register_duty(name: str, perform: Callable[[], int], *, every: dt.timedelta) -> None:
    """Have `perform` run about every `every`; it returns how many rows it dealt with."""
    _duties[name] = Duty(name, every, perform)


def perform_due(now: dt.datetime, *, stopped: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Perform what is due; how much each duty did. A duty that fails is logged and tried next time.

    `stopped`  asked before each duty, so that whoever ends the process waits for one duty at most.
    """
    done: dict[str, int] = {}
    for duty in _duties.values():
        if stopped():
            break
        if duty.due_at is not None and duty.due_at > now:
            continue
        duty.due_at = now + duty.every
        try:
            done[duty.name] = duty.perform()
        except Exception:  # the duties after it are performed whatever happens to this one
            log.exception("duty.failed", duty=duty.name)
    return done


def perform_all() -> dict[str, int]:
    """Perform every duty now, whatever its period: for tests and for `manage.py run_timers --once`."""
    return {duty.name: duty.perform() for duty in _duties.values()}
