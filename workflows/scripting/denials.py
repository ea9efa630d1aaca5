"""The audit line of a script that was stopped: it outlives the transaction that the script broke."""

from __future__ import annotations

import contextvars
import threading

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import AuditEvent
from workflows.scripting.errors import ScriptError

log = structlog.get_logger(__name__)


def record_denial(error: ScriptError, *, actor: Actor) -> None:
    """Write down who ran which script, and what stopped it; never the data it ran on.

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


def _write_apart(error: ScriptError, actor: Actor) -> None:
    try:
        _write(error, actor)
    except DatabaseError:
        log.exception("scripts.denial_not_recorded", script=error.name, digest=error.digest, code=error.code)
    finally:
        connection.close()


def _write(error: ScriptError, actor: Actor) -> None:
    record_audit(
        actor,
        "script.denied",
        object_kind="script",
        object_uid=error.name,
        outcome=AuditEvent.Outcome.REFUSED,
        digest=error.digest,
        code=error.code,
        line=error.line,
        reason=error.why,
    )
