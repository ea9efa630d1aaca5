"""A statement is prepared once a connection, may be begun and waited for later, and fails in Django's words."""

from __future__ import annotations

import pytest
from django.db import DataError, connection, transaction

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
