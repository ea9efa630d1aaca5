"""Rows of prepared statements straight from libpq, for the few statements that thousands of requests a minute ask.

Between Django and libpq lie a cursor of each and psycopg's machinery for every kind of statement: half a
millisecond of Python for a row that the server finds in a tenth of one. A statement of plain values needs none of
it. The first one of a transaction takes BEGIN along with it, and the last one may take COMMIT: one trip instead of two.
Where statements are counted or logged, Django's own cursor is used.
"""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import InvalidSqlStatementName

from common.exchange import check, exchange
from common.postgresql.base import plans_lost

Row = tuple[Any, ...]
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a session calls a statement, how often it had lost its plans by then, and what reads the values."""

    name: bytes
    lost: int
    loading: Any


class LeanStatement:
    """A statement with `%s` for each value, planned once a connection."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._name = b"lean_%d" % next(_numbers)
        self._numbered = _numbered(sql)
        self._known_to: weakref.WeakKeyDictionary[psycopg.Connection[Any], _Plan] = (
            weakref.WeakKeyDictionary()
        )

    def rows(self, values: Sequence[Any], *, commit: bool = False) -> list[Row]:
        """The rows for these values, which may be in the database's own words (bytes) already.

        With `commit` the transaction in hand ends with the statement, if it is the outermost one: the caller has
        nothing more to do in it. Otherwise whoever began it ends it, as ever.
        Raises  psycopg's errors as Django's.
        """
        database = connections[DEFAULT_DB_ALIAS]
        if not database.in_atomic_block:
            database.close_if_health_check_failed()
        if database.connection is None:
            database.ensure_connection()
        bound = None if database.queries_logged or database.execute_wrappers else texts_of(values)
        if bound is None:
            with database.cursor() as cursor:
                cursor.execute(self._sql, [_said(value) for value in values])
                return list(cursor.fetchall())
        database.validate_no_broken_transaction()
        with database.wrap_database_errors:
            return self._exchange(database, bound, commit=commit and _is_outermost(database))

    def _exchange(self, database: BaseDatabaseWrapper, bound: list[Any], *, commit: bool) -> list[Row]:
        session = database.connection
        plan = self._known_to.get(session)
        if plan is None or plan.lost != plans_lost(session):
            plan = self._prepare(session)
        begin = not session.autocommit and session.pgconn.transaction_status == pq.TransactionStatus.IDLE
        try:
            if begin or commit:
                result = exchange(session, plan.name, bound, begin=begin, commit=commit)
            else:
                result = session.pgconn.exec_prepared(plan.name, bound)
                check(session, result)
        except InvalidSqlStatementName:  # a pooler in between gave us another session
            del self._known_to[session]
            if not begin and not session.autocommit:
                raise  # what the transaction has done already cannot be asked again from here
            session.rollback()
            return self._exchange(database, bound, commit=commit)
        if not result.ntuples:
            return []
        plan.loading.set_pgresult(result)
        rows: list[Row] = plan.loading.load_rows(0, result.ntuples, tuple)
        return rows

    def _prepare(self, session: psycopg.Connection[Any]) -> _Plan:
        """Have the session plan the statement."""
        lost = plans_lost(session)
        name = b"%b_%d" % (self._name, lost)
        check(session, session.pgconn.prepare(name, self._numbered))
        plan = self._known_to[session] = _Plan(name, lost, Transformer(session.adapters))
        return plan


def bytea(value: bytes) -> bytes:
    """Bytes in the database's own words."""
    return rb"\x" + value.hex().encode()


def _is_outermost(database: BaseDatabaseWrapper) -> bool:
    """Whether the block in hand began its transaction and ends it."""
    return database.in_atomic_block and database.commit_on_exit and len(database.atomic_blocks) == 1


def _numbered(sql: str) -> bytes:
    """`$1`, `$2` ... in the places of `%s`, and `%` in those of `%%`."""
    pieces = sql.replace("%%", "\0").split("%s")
    numbered = [f"{piece}${number}" for number, piece in enumerate(pieces[:-1], 1)]
    return "".join([*numbered, pieces[-1]]).replace("\0", "%").encode()


def _said(value: Any) -> Any:
    """A value as psycopg takes it: a text of unknown type, where it is in the database's words."""
    return value.decode() if type(value) is bytes else value


def texts_of(values: Sequence[Any]) -> list[bytes | None] | None:
    """The values as PostgreSQL reads them; what type each is of, the server knows from where it stands.

    None where a value has not one text, or not all of it would arrive: libpq's texts end at a zero.
    """
    texts = list(values)
    if not set(map(type, texts)) <= _TEXTS_THEMSELVES:
        for place, value in enumerate(texts):
            if value is None or type(value) is bytes:
                continue
            text = _text_of(type(value))  # type: ignore[arg-type]
            if text is None:
                return None
            texts[place] = text(value)
    return None if b"\0" in b"".join(filter(None, texts)) else texts


@lru_cache(maxsize=256)
def _text_of(kind: type) -> Callable[[Any], bytes] | None:
    """How values of a type are written: one derived from a plain one, as a choice of a field is from `str`, as that."""
    return _TEXTS.get(kind) or next((text for plain, text in _TEXTS.items() if issubclass(kind, plain)), None)


def moment(value: dt.datetime | dt.date | dt.time) -> bytes:
    """A moment, a day or a time of day in the database's own words; rows of one act mostly have the same."""
    global _last_moment  # noqa: PLW0603 - put in place as a whole, whoever reads it meanwhile
    last, text = _last_moment
    if last is not value:
        text = value.isoformat().encode()
        _last_moment = (value, text)
    return text


_last_moment: tuple[object, bytes] = (None, b"")


_TEXTS_THEMSELVES = {bytes, type(None)}
_TEXTS: dict[type, Callable[[Any], bytes]] = {
    str: str.encode,
    int: b"%d".__mod__,
    bool: b"%d".__mod__,
    uuid.UUID: lambda value: str(value).encode(),
    dt.datetime: moment,
    dt.date: moment,
    dt.time: moment,
}
