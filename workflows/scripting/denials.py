"""The audit line of a script that was stopped: it outlives the transaction that the script broke."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

from accounts.actors import Actor, SystemActor
from accounts.audit import record_audit
from accounts.models import AuditEvent
from workflows.scripting.errors import ScriptError

SCRIPTING = SystemActor("scripting")


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom scripts run, and where: the case and the element, the message."""

    actor: Actor
    place: Mapping[str, str]


_NOBODY = Caller(SCRIPTING, {})
_caller: contextvars.ContextVar[Caller] = contextvars.ContextVar("caller", default=_NOBODY)


@contextmanager
def scripts_run_for(actor: Actor | None = None, **place: str) -> Iterator[None]:
    """Have audit lines of scripts that are stopped meanwhile say for whom they ran, and where. Codes and UIDs only."""
    around = _caller.get()
    token = _caller.set(Caller(actor or around.actor, {**around.place, **place}))
    try:
        yield
    finally:
        _caller.reset(token)


log = structlog.get_logger(__name__)


def record_denial(error: ScriptError, *, actor: Actor | None) -> None:
    """Write down who ran which script, where, and what stopped it; never the data it ran on.

    Whoever called the script is likely to roll back, so the line is written by a connection of its own where a
    transaction is open. A line that cannot be written is told to the log: the script is refused all the same.
    """
    if connection.in_atomic_block and settings.SCRIPT_DENIALS_APART:
        in_our_trace = contextvars.copy_context().run
        apart = threading.Thread(target=in_our_trace, args=(_write_apart, error, actor), name="script-denial")
        apart.start()
        apart.join()
    else:
        _write(error, actor)


def _write_apart(error: ScriptError, actor: Actor | None) -> None:
    try:
        _write(error, actor)
    except DatabaseError:
        log.exception("scripts.denial_not_recorded", script=error.name, digest=error.digest, code=error.code)
    finally:
        connection.close()


def _write(error: ScriptError, actor: Actor | None) -> None:
    caller = _caller.get()
    where: dict[str, Any] = {**caller.place}
    record_audit(
        actor or caller.actor,
        "script.denied",
        object_kind="script",
        object_uid=error.name,
        outcome=AuditEvent.Outcome.REFUSED,
        digest=error.digest,
        code=error.code,
        line=error.line,
        reason=error.why,
        **where,
    )
