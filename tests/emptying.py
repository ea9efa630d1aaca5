"""Emptying the tables that a test committed rows to: those alone, and not all there are."""

from __future__ import annotations

from functools import cache

from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase
from psycopg.errors import DeadlockDetected

from integrations.routing.defaults import ensure_defaults

KEPT = {"django_content_type", "auth_permission"}  # written by each migrate, and by nobody else


def empty_tables(_test: TransactionTestCase) -> None:
    """In place of Django's flush, which truncates every table and has every app's first rows written anew.

    Whoever still writes is waited for, as by a TRUNCATE, and let through where each of us waits for the other; no
    trigger fires, not even the one that guards the audit trail, and keys need no order.
    """
    for is_last in (False, False, True):
        try:
            _empty(_tables())
            break
        except OperationalError as error:
            if is_last or not isinstance(error.__cause__, DeadlockDetected):
                raise
    ensure_defaults()


def _empty(tables: list[str]) -> None:
    rows = [f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables]  # noqa: S608 - our own tables
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(rows))
        written = [table for (table,) in cursor]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in written:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608


@cache
def _tables() -> list[str]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return [connection.ops.quote_name(name) for name in sorted(set(names) - KEPT)]
