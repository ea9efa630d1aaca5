"""Statements the database plans once a connection instead of once an execution.

Django fills values in on the client, so PostgreSQL parses and plans the same statement anew each time: for
the insert of an instance that was five sixths of its cost (0.28 against 0.05 ms of server time).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper


class _PreparedCursor(psycopg.Cursor[Any]):
    """Binds values on the server and keeps the plan."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> _PreparedCursor:
        return super().execute(query, params, **{**options, "prepare": True})


@contextlib.contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """A cursor of Django's connection, in its transaction and with its errors and query log."""
    connection.ensure_connection()
    cursor = _PreparedCursor(connection.connection)
    with connection._prepare_cursor(cursor) as wrapped:  # type: ignore[attr-defined]  # noqa: SLF001
        yield wrapped
