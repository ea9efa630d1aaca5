"""Rows straight from libpq are the rows Django's own cursor gives."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import (
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from django.test.utils import CaptureQueriesContext
from psycopg.pq import TransactionStatus

from accounts.models import Person
from common.lean import LeanStatement
from common.prepared import LeanQuery, LeanRows, PreparedQuery, Slot

MOMENT = dt.datetime(2026, 3, 1, 12, 30, 15, 250_000, dt.UTC)
VALUES = "SELECT %s::int, %s::text, %s::timestamptz, %s::uuid, %s::boolean, %s::text, '100%%'"
GIVEN = (7, "Müller \\ 'x' 王", MOMENT, uuid.UUID(int=5), True, None)


@pytest.mark.django_db(transaction=True)
def test_values_arrive_and_come_back_as_they_are() -> None:
    statement = LeanStatement(VALUES)

    assert statement.rows(GIVEN) == statement.rows(GIVEN) == [(*GIVEN, "100%")]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_sees_its_own_rows() -> None:
    statement = LeanStatement("SELECT username FROM accounts_person WHERE username = %s")
    with transaction.atomic():
        Person.objects.create_user("late", display_name="Late")
        assert statement.rows(["late"]) == [("late",)]
        transaction.set_rollback(True)

    assert statement.rows(["late"]) == []


@pytest.mark.django_db(transaction=True)
def test_who_counts_statements_counts_these_too() -> None:
    statement = LeanStatement("SELECT 1")
    with CaptureQueriesContext(connection) as captured:
        statement.rows([])

    assert len(captured) == 1


@pytest.mark.django_db(transaction=True)
def test_a_zero_in_a_text_does_not_cut_it_short() -> None:
    with pytest.raises((DataError, ValueError)):
        LeanStatement("SELECT %s::text").rows(["known\0unknown"])


@pytest.mark.django_db(transaction=True)
def test_errors_are_djangos_and_the_connection_goes_on() -> None:
    with pytest.raises(ProgrammingError):
        LeanStatement("SELECT nothing FROM nowhere").rows([])
    with pytest.raises(DataError):
        LeanStatement("SELECT 1 / %s::int").rows([0])

    assert LeanStatement("SELECT 1").rows([]) == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_a_session_that_does_not_know_the_statement_is_told_it_again() -> None:
    statement = LeanStatement("SELECT %s::int")
    statement.rows([1])
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    assert statement.rows([2]) == [(2,)]


@pytest.mark.django_db(transaction=True)
def test_plans_lost_by_a_rollback_are_made_anew_in_the_middle_of_a_transaction() -> None:
    statement, counted = LeanStatement("SELECT %s::int"), "SELECT count(*) FROM accounts_person WHERE id > %s"
    with transaction.atomic():
        assert statement.rows([1]) == [(1,)]
        for _ in range(4):  # psycopg has plans of its own to forget
            with connection.cursor() as cursor:
                cursor.execute(counted, [0])
        with pytest.raises(DataError), transaction.atomic():
            LeanStatement("SELECT 1 / %s::int").rows([0])

        assert statement.rows([2]) == [(2,)]


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_ends_its_transaction_has_it_committed() -> None:
    insert = LeanStatement("INSERT INTO events_delivery SELECT * FROM events_delivery WHERE id = %s")
    with transaction.atomic():
        insert.rows([0], commit=True)
        assert connection.connection.info.transaction_status == TransactionStatus.IDLE


@pytest.mark.django_db
def test_an_inner_block_never_ends_the_transaction_around_it() -> None:
    with transaction.atomic():
        LeanStatement("SELECT 1").rows([], commit=True)

    assert connection.connection.info.transaction_status == TransactionStatus.INTRANS


@pytest.mark.django_db(transaction=True)
def test_what_fails_at_the_commit_is_told_and_nothing_of_it_stays() -> None:
    orphan = LeanStatement(
        "INSERT INTO workflows_processsubject (instance_id, kind, uid) VALUES (%s, 'a', 'b') RETURNING id"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        orphan.rows([0], commit=True)

    assert LeanStatement("SELECT count(*) FROM workflows_processsubject").rows([]) == [(0,)]


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_told_and_the_next_request_has_another() -> None:
    statement = LeanStatement("SELECT %s::int")
    statement.rows([1])
    other = connection.copy("other")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    other.close()

    with pytest.raises(OperationalError):
        statement.rows([1])
    connection.close_if_unusable_or_obsolete()

    assert statement.rows([2]) == [(2,)]


@pytest.mark.django_db(transaction=True)
def test_lean_queries_give_what_prepared_ones_give(cast) -> None:
    def staff():
        return Person.objects.filter(username__startswith=Slot("start")).order_by("username")

    lean, prepared = LeanQuery(staff).all(start="r"), PreparedQuery(staff).all(start="r")
    rows = LeanRows(lambda: staff().values_list("username", "is_active", "date_joined")).all(start="r")

    assert [one.username for one in lean] == ["rafael", "rosa"]
    assert [one.__dict__ | {"_state": None} for one in lean] == [
        one.__dict__ | {"_state": None} for one in prepared
    ]
    assert rows == [(one.username, one.is_active, one.date_joined) for one in prepared]
