"""A kept connection is used again without a question, unless there is a reason to ask."""

from __future__ import annotations

import select
from typing import Any

import psycopg
import pytest
from django.db import connection


@pytest.fixture
def kept(transactional_db):
    """A connection of our own, as a worker keeps it from request to request."""
    database = connection.copy("kept")
    database.ensure_connection()
    yield database
    database.close()


def test_a_connection_at_rest_is_not_asked(kept, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "wait", _never)

        assert kept.is_usable()


def test_a_connection_the_server_has_ended_is_not_used_again(kept) -> None:
    number = kept.connection.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [number])
    assert select.select([kept.connection.pgconn.socket], [], [], 10)[0]

    assert not kept.is_usable()


def test_after_an_error_the_server_is_asked(kept, monkeypatch) -> None:
    kept.errors_occurred = True
    assert kept.is_usable()

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "wait", _never)
        with pytest.raises(AssertionError):
            kept.is_usable()


def _never(*_arguments, **_options):
    raise AssertionError("the server was asked")


def test_a_session_out_of_a_pool_keeps_the_plans_it_has(transactional_db) -> None:
    pooled: Any = connection.copy("pooled")
    pooled.settings_dict = {
        **pooled.settings_dict, "CONN_MAX_AGE": 0, "OPTIONS": {"pool": {"min_size": 1, "max_size": 1}},
    }  # fmt: skip
    try:
        known = []
        for _ in range(2):
            pooled.ensure_connection()
            known.append((pooled.connection.info.backend_pid, pooled.connection._prepared))
            pooled.close()
        assert known[0] == known[1]
    finally:
        pooled.close_pool()
