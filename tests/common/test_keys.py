"""Keys counted ahead are nobody else's, and cost one trip for many."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from common.keys import Keys
from events.models import Delivery
from tests.conftest import Clock

pytestmark = pytest.mark.django_db


def test_one_trip_counts_many_keys(django_assert_num_queries) -> None:
    keys = Keys(lambda: Delivery, at_once=3)

    with django_assert_num_queries(2):
        taken = [keys.take() for _ in range(6)]

    assert len(set(taken)) == 6


def test_a_key_is_not_given_twice_by_two_who_count_ahead() -> None:
    here, there = Keys(lambda: Delivery, at_once=4), Keys(lambda: Delivery, at_once=4)

    taken = [keys.take() for _ in range(5) for keys in (here, there)]

    assert len(set(taken)) == 10


def test_keys_that_lay_about_are_not_given_to_later_rows(clock: Clock) -> None:
    early, late = Keys(lambda: Delivery), Keys(lambda: Delivery)
    early.take()
    before = late.take()

    clock.advance(dt.timedelta(seconds=2))

    assert early.take() > before


def test_a_forked_process_counts_its_own() -> None:
    keys = Keys(lambda: Delivery, at_once=4)
    keys.take()
    reading, writing = os.pipe()

    child = os.fork()
    if not child:
        os.write(writing, b"%d" % len(keys))
        os._exit(0)
    os.waitpid(child, 0)

    assert (os.read(reading, 8), len(keys)) == (b"0", 3)
    os.close(reading)
    os.close(writing)
