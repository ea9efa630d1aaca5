"""A statement is prepared once a connection, may be begun and waited for later, and fails in Django's words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction

from common.statements import Statement

SUM = Statement("sum_of_two", "SELECT %s::integer + %s::integer")
NOTHING = Statement("nothing", "SELECT %s::integer WHERE false")


@pytest.mark.django_db(transaction=True)
def test_a_value_comes_back_and_no_row_is_none():
    assert SUM.value([40, 2]) == 42
    assert SUM.value([40, None]) is None
    assert NOTHING.value([1]) is None


@pytest.mark.django_db(transaction=True)
def test_something_else_can_be_done_before_it_is_waited_for():
    first = SUM.begin([1, 2])
    done_meanwhile = sum([3, 4])

    assert (first(), done_meanwhile) == (3, 7)
    assert SUM.value([5, 6]) == 11


@pytest.mark.django_db(transaction=True)
def test_what_the_server_refuses_is_raised_when_it_is_waited_for():
    waiting = SUM.begin([2**31 - 1, 1])

    with pytest.raises(DataError):
        waiting()
    assert SUM.value([1, 1]) == 2


@pytest.mark.django_db(transaction=True)
def test_a_session_that_has_forgotten_the_statement_is_told_again():
    assert SUM.value([1, 1]) == 2
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    assert SUM.value([2, 2]) == 4


@pytest.fixture
def judged_at_commit(transactional_db: None) -> Iterator[Statement]:
    """An insert the database answers with its row, before it judges it: twice the same value, or one below zero."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE judged (value integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        cursor.execute(
            "CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'"
        )
        cursor.execute(
            "CREATE CONSTRAINT TRIGGER ending AFTER INSERT ON judged DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW WHEN (NEW.value < 0) EXECUTE FUNCTION end_session()"
        )
    yield Statement("insert_judged", "INSERT INTO judged (value) VALUES (%s::integer) RETURNING value")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE judged")
        cursor.execute("DROP FUNCTION end_session")


def judged() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM judged")
        return [value for (value,) in cursor]


def test_a_row_that_is_given_and_then_refused_at_the_commit_is_an_error(judged_at_commit):
    assert judged_at_commit.value([1]) == 1

    with pytest.raises(IntegrityError):
        judged_at_commit.value([1])

    assert judged() == [1]


def test_a_row_that_is_given_by_a_session_that_ends_before_its_commit_is_an_error(judged_at_commit):
    assert judged_at_commit.value([1]) == 1

    with pytest.raises(OperationalError):
        judged_at_commit.value([-1])

    connection.close()
    assert judged() == [1]


@pytest.mark.django_db(transaction=True)
def test_it_is_part_of_the_transaction_it_is_in(cast):
    rename = Statement(
        "rename_site", "UPDATE accounts_site SET name = %s::text WHERE id = %s::bigint RETURNING id"
    )
    before = cast.county.name
    with transaction.atomic():
        assert rename.value(["Renamed", cast.county.pk]) == cast.county.pk
        transaction.set_rollback(True)

    cast.county.refresh_from_db()
    assert cast.county.name == before
