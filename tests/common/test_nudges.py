"""A nudge follows the commit, and says whether anybody hears it."""

from __future__ import annotations

import pytest
from django.db import transaction

from common.nudges import Nudge


def test_without_anybody_to_hear_it_says_so() -> None:
    nudge = Nudge[int]()
    heard: list[int] = []

    assert nudge(1) is False
    nudge.use(heard.append)
    assert nudge(2) is True
    nudge.use(None)
    assert nudge(3) is False

    assert heard == [2]


@pytest.mark.django_db(transaction=True)
def test_it_comes_after_the_commit_and_not_at_all_after_a_rollback() -> None:
    nudge = Nudge[int]()
    heard: list[int] = []
    nudge.use(heard.append)

    with transaction.atomic():
        nudge.after_commit(1)
        assert heard == []
    with transaction.atomic():
        nudge.after_commit(2)
        transaction.set_rollback(True)

    assert heard == [1]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_does_not_spoil_what_is_committed() -> None:
    nudge = Nudge[int]()
    heard: list[int] = []

    def stumble(key: int) -> None:
        heard.append(key)
        raise ConnectionError("The broker is away")

    nudge.use(stumble)
    with transaction.atomic():
        nudge.after_commit(1)
        nudge.after_commit(2)

    assert heard == [1, 2]
