"""Periodic duties: small sweeps that packages register and `run_timers` performs.

Every duty claims its rows itself (SKIP LOCKED), so several `run_timers` may run side by side. Punctual duties are
performed beside the others, which may wait for a receiver or read a folder meanwhile.
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
    is_punctual: bool = False
    due_at: dt.datetime | None = None


_duties: dict[str, Duty] = {}


def register_duty(
    name: str, perform: Callable[[], int], *, every: dt.timedelta, is_punctual: bool = False
) -> None:
    """Have `perform` run about every `every`; it returns how many rows it dealt with.

    `is_punctual`  whether it must not wait for other duties: it is short, and asks nobody but the database.
    """
    _duties[name] = Duty(name, every, perform, is_punctual)


def perform_due(
    now: dt.datetime, *, is_punctual: bool = False, stopped: Callable[[], bool] = lambda: False
) -> dict[str, int]:
    """Perform what is due, of the punctual duties or of the others; how much each duty did.

    A duty that fails is logged and tried next time.

    `stopped`  asked before each duty, so that whoever ends the process waits for one duty at most.
    """
    done: dict[str, int] = {}
    for duty in _duties.values():
        if stopped():
            break
        if duty.is_punctual != is_punctual or (duty.due_at is not None and duty.due_at > now):
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
