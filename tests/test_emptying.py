"""Tables are emptied also where a server that a test left at work holds what we want, and wants what we hold."""

from __future__ import annotations

import threading

import psycopg
import pytest
from django.db import connection
from django.test import TransactionTestCase

from accounts.models import Site
from tests.emptying import empty_tables
from tests.waiting import wait_until


def waits_for_a_lock(session: psycopg.Connection, backend: int) -> bool:
    waiting = session.execute("SELECT FROM pg_locks WHERE pid = %s AND NOT granted", [backend])
    return waiting.rowcount > 0


@pytest.mark.django_db(transaction=True)
def test_who_crosses_our_way_is_let_through_first(cast):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    facts = connection.get_connection_params()
    names = {name: facts[name] for name in ("host", "port", "user", "password", "dbname")}
    began, ended = threading.Event(), threading.Event()

    def write_from_the_last_table_to_the_first():
        with psycopg.connect(**names) as session, psycopg.connect(**names, autocommit=True) as watching:
            session.execute("DELETE FROM workitems_workitem")
            began.set()
            wait_until(lambda: waits_for_a_lock(watching, backend))
            session.execute("UPDATE accounts_site SET name = 'written to the end'")
        ended.set()

    writing = threading.Thread(target=write_from_the_last_table_to_the_first)
    writing.start()
    assert began.wait(10)

    empty_tables(TransactionTestCase())

    writing.join(10)
    assert ended.is_set()
    assert not Site.objects.exists()
