"""One trip to the database for a statement and for the beginning or the end of its transaction.

Psycopg sends BEGIN, the statement and COMMIT one after the other, and waits for each answer. On one machine a trip
costs as much as many a statement does; libpq can send all of them and then read the answers.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors, pq

Values = Sequence[bytes | None]
_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


def exchange(
    session: psycopg.Connection[Any], name: bytes, values: Values, *, begin: bool, commit: bool
) -> pq.abc.PGresult:
    """The answer of a statement the session has prepared; all that was sent is done by then, or none of it.

    Raises  psycopg's errors. After one that left answers behind the session is closed.
    """
    pgconn = session.pgconn
    pgconn.enter_pipeline_mode()
    try:
        if begin:
            pgconn.send_query_params(b"BEGIN", [])
        pgconn.send_query_prepared(name, values)
        if commit:
            pgconn.send_query_params(b"COMMIT", [])
        pgconn.pipeline_sync()
        answers = _answers(pgconn)
        pgconn.exit_pipeline_mode()
    except BaseException:
        session.close()  # whoever is interrupted here would read answers of another statement next
        raise
    for answer in answers:
        check(session, answer)
    return answers[1 if begin else 0]


def check(session: psycopg.Connection[Any], answer: pq.abc.PGresult) -> None:
    """Raises psycopg's error for what the server or the connection said."""
    if answer.status in _DONE:
        return
    if session.pgconn.status != pq.ConnStatus.OK:
        raise psycopg.OperationalError("the connection is lost")
    raise errors.error_from_result(answer)


def _answers(pgconn: pq.abc.PGconn) -> list[pq.abc.PGresult]:
    """The answers of what was sent, in order; what followed an error was not done and is left out."""
    arrival = select.poll()
    arrival.register(pgconn.socket, select.POLLIN | select.POLLOUT)
    while pgconn.flush():
        arrival.poll()
        pgconn.consume_input()
    arrival.modify(pgconn.socket, select.POLLIN)
    answers: list[pq.abc.PGresult] = []
    while True:
        while pgconn.is_busy():
            arrival.poll()
            pgconn.consume_input()
        answer = pgconn.get_result()
        if answer is None:
            if pgconn.status != pq.ConnStatus.OK:
                raise psycopg.OperationalError("the connection is lost")
        elif answer.status == pq.ExecStatus.PIPELINE_SYNC:
            return answers
        elif answer.status != pq.ExecStatus.PIPELINE_ABORTED:
            answers.append(answer)
