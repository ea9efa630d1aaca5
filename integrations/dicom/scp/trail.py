"""Audit lines of queries, written in batches by a thread of their own so that no answer waits for them.

A query changes nothing; a process that is killed loses the lines of its last quarter of a second.
"""

from __future__ import annotations

import atexit
import threading
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, connection

from accounts.actors import SystemActor
from accounts.audit import record_audit
from accounts.models import AuditEvent
from common.rows import Changes

log = structlog.get_logger(__name__)

_EVERY_S = 0.25
_AT_MOST = 10_000


class QueryTrail:
    """Takes lines from any thread and writes them soon."""

    def __init__(self) -> None:
        self._lines: list[AuditEvent] = []
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._has_lines = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, actor: SystemActor, action: str, **facts: Any) -> None:
        """Have a line written soon, as `record_audit` would. Waits for the writing where too many are waiting."""
        kept = _Kept()
        record_audit(actor, action, into=kept, **facts)
        with self._guard:
            self._lines += kept.lines
            is_full = len(self._lines) > _AT_MOST
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="query-trail", daemon=True)
                self._thread.start()
        self._has_lines.set()
        if is_full:
            self.write()

    def write(self) -> None:
        """Write the lines that wait; none is still being written when this returns."""
        with self._writing:
            with self._guard:
                lines, self._lines = self._lines, []
            if not lines:
                return
            try:
                changes = Changes()
                changes.insert(lines)
                changes.write()
            except (DatabaseError, InterfaceError) as error:
                log.warning("dicom.trail_not_written", code=type(error).__name__, lines=len(lines))
                connection.close()
                with self._guard:
                    self._lines = [*lines, *self._lines][:_AT_MOST]

    def _run(self) -> None:
        while True:
            self._has_lines.wait()
            self._has_lines.clear()
            threading.Event().wait(_EVERY_S)
            self.write()
            connection.close()


class _Kept(Changes):
    """Keeps the lines for whoever writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Any] = []

    def insert(self, rows: Any, **_options: bool) -> None:
        self.lines += rows


query_trail = QueryTrail()
atexit.register(query_trail.write)
