"""A connection that is kept is looked at before it is used again, without a question to the server.

Django asks `SELECT 1` at the beginning of every request. That is a whole exchange, as dear as many a request's own
statement, to learn what the socket knows: a server that has gone has closed it, and one that is going has said so.
"""

from __future__ import annotations

import select

from django.db.backends.postgresql import base
from psycopg import pq


class DatabaseWrapper(base.DatabaseWrapper):
    """`is_usable` asks the server where anything is in doubt, as after an error, and only then."""

    def is_usable(self) -> bool:
        if self.connection is None:
            return False
        if not self.errors_occurred and _is_at_rest(self.connection.pgconn):
            return True
        return bool(super().is_usable())


def _is_at_rest(pgconn: pq.abc.PGconn) -> bool:
    """Whether the connection is open, in no transaction, and nothing has come that nobody asked for."""
    if pgconn.status != pq.ConnStatus.OK or pgconn.transaction_status != pq.TransactionStatus.IDLE:
        return False
    arrival = select.poll()
    arrival.register(pgconn.socket, select.POLLIN)
    return not arrival.poll(0)
