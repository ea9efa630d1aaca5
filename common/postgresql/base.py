"""A connection that is kept is looked at before it is used again, without a question to the server.

Django asks `SELECT 1` at the beginning of every request. That is a whole exchange, as dear as many a request's own
statement, to learn what the socket knows: a server that has gone has closed it, and one that is going has said so.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg import pq
from psycopg._preparing import PrepareManager


class DatabaseWrapper(base.DatabaseWrapper):
    """`is_usable` asks the server where anything is in doubt, as after an error, and only then."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        session: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        if not isinstance(session._prepared, Plans):  # noqa: SLF001 - one out of a pool may have plans already
            plans = Plans()
            plans.prepare_threshold = session.prepare_threshold
            session._prepared = plans  # noqa: SLF001 - psycopg has no door to it
        return session

    def _set_autocommit(self, autocommit: bool) -> None:
        """Where nothing is under way there is nobody to ask whether the mode may change."""
        if self.connection is not None and _is_idle(self.connection.pgconn):
            self.connection._autocommit = autocommit  # noqa: SLF001 - what psycopg does, having looked as well
        else:
            super()._set_autocommit(autocommit)  # type: ignore[misc]

    def _commit(self) -> None:
        """A transaction that has ended with its last statement (see `common.lean`) needs no end."""
        if self.connection is not None and not _is_idle(self.connection.pgconn):
            super()._commit()  # type: ignore[misc]

    def is_usable(self) -> bool:
        if self.connection is None:
            return False
        if not self.errors_occurred and _is_at_rest(self.connection.pgconn):
            return True
        return bool(super().is_usable())


class Plans(PrepareManager):
    """Counts how often psycopg had the server forget every plan: after each rollback, those of `common.lean` too."""

    lost = 0

    def clear(self) -> bool:
        is_lost = super().clear()
        self.lost += is_lost
        return is_lost


def plans_lost(session: psycopg.Connection[Any]) -> int:
    """How often the session's plans were forgotten so far."""
    return int(getattr(session._prepared, "lost", 0))  # noqa: SLF001 - psycopg has no door to it


def _is_idle(pgconn: pq.abc.PGconn) -> bool:
    """Whether the connection is open, as far as it knows, and in no transaction."""
    return pgconn.status == pq.ConnStatus.OK and pgconn.transaction_status == pq.TransactionStatus.IDLE


def _is_at_rest(pgconn: pq.abc.PGconn) -> bool:
    """Whether the connection is open, in no transaction, and nothing has come that nobody asked for."""
    if not _is_idle(pgconn):
        return False
    arrival = select.poll()
    arrival.register(pgconn.socket, select.POLLIN)
    return not arrival.poll(0)
