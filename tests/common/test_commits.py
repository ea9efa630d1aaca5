"""What follows a commit is done then: at once where nothing is left to commit, not at all where nothing was."""

from __future__ import annotations

import pytest
from django.db import transaction

from common.commits import call_after_commit

pytestmark = pytest.mark.django_db(transaction=True)


def test_without_a_transaction_it_is_done_now() -> None:
    done: list[int] = []

    call_after_commit([lambda: done.append(1)])

    assert done == [1]


def test_within_a_transaction_it_waits_for_the_commit() -> None:
    done: list[int] = []

    with transaction.atomic():
        call_after_commit([lambda: done.append(1)])
        assert done == []
    with transaction.atomic():
        call_after_commit([lambda: done.append(2)])
        transaction.set_rollback(True)

    assert done == [1]


@pytest.mark.parametrize("is_within", [True, False])
def test_what_one_raises_keeps_nobody_else_back(is_within: bool) -> None:
    done: list[int] = []

    def fail() -> None:
        raise ConnectionError("the broker is away")

    if is_within:
        with transaction.atomic():
            call_after_commit([fail, lambda: done.append(1)])
    else:
        call_after_commit([fail, lambda: done.append(1)])

    assert done == [1]
