"""Rows of prepared statements straight from libpq, for the few statements that thousands of requests a minute ask.

Between Django and libpq lie a cursor of each and psycopg's machinery for every kind of statement: half a
millisecond of Python for a row that the server finds in a tenth of one. A statement outside of a transaction, of plain
values, needs none of it. Inside of one, and where statements are counted or logged, Django's own cursor is used.
"""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
import weakref
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import errors, pq
from psycopg.adapt import Transformer

Row = tuple[Any, ...]
_PLAIN = (int, dt.datetime, dt.date, dt.time, uuid.UUID)
_GONE = b"26000"  # invalid_sql_statement_name: a pooler in between gave us another session
_numbers = itertools.count(1)


class LeanStatement:
    """A statement with `%s` for each value, planned once a connection."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._name = b"lean_%d" % next(_numbers)
        self._numbered = _numbered(sql)
        self._known_to: weakref.WeakKeyDictionary[psycopg.Connection[Any], Any] = weakref.WeakKeyDictionary()

    def rows(self, values: Sequence[Any]) -> list[Row]:
        """The rows for these values. Raises psycopg's errors as Django's."""
        database = connections[DEFAULT_DB_ALIAS]
        database.close_if_health_check_failed()
        database.ensure_connection()
        is_watched = database.queries_logged or database.execute_wrappers
        if is_watched or not database.connection.autocommit or not all(map(_is_plain, values)):
            with database.cursor() as cursor:
                cursor.execute(self._sql, values)
                return list(cursor.fetchall())
        with database.wrap_database_errors:
            return self._exchange(database, [_text(value) for value in values])

    def _exchange(self, database: BaseDatabaseWrapper, bound: list[Any]) -> list[Row]:
        session = database.connection
        loading = self._known_to.get(session) or self._prepare(session)
        result = session.pgconn.exec_prepared(self._name, bound)
        if result.error_field(pq.DiagnosticField.SQLSTATE) == _GONE:
            loading = self._prepare(session)
            result = session.pgconn.exec_prepared(self._name, bound)
        _check(session, result)
        loading.set_pgresult(result)
        rows: list[Row] = loading.load_rows(0, result.ntuples, tuple)
        return rows

    def _prepare(self, session: psycopg.Connection[Any]) -> Any:
        """Have the session plan the statement; what turns its texts into values of ours."""
        _check(session, session.pgconn.prepare(self._name, self._numbered))
        loading = self._known_to[session] = Transformer(session.adapters)
        return loading


def _numbered(sql: str) -> bytes:
    """`$1`, `$2` ... in the places of `%s`, and `%` in those of `%%`."""
    pieces = sql.replace("%%", "\0").split("%s")
    numbered = [f"{piece}${number}" for number, piece in enumerate(pieces[:-1], 1)]
    return "".join([*numbered, pieces[-1]]).replace("\0", "%").encode()


def _is_plain(value: Any) -> bool:
    """Whether the value has one text, all of which would arrive: libpq's texts end at a zero."""
    if isinstance(value, str):
        return "\0" not in value
    return value is None or isinstance(value, _PLAIN)


def _text(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it; what type it is of, the server knows from where it stands."""
    if isinstance(value, str):
        return str.encode(value)
    if value is None:
        return None
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat().encode()
    return str(int(value) if isinstance(value, int) else value).encode()


def _check(session: psycopg.Connection[Any], result: pq.abc.PGresult) -> None:
    """Raises psycopg's error for what the server or the connection said."""
    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return
    if session.pgconn.status != pq.ConnStatus.OK:
        raise psycopg.OperationalError("the connection is lost")
    raise errors.error_from_result(result)
