"""Several tasks at a time, their outcomes in order."""

from __future__ import annotations

import threading

import pytest

from archive.pixels.parallel import in_order


@pytest.fixture
def two_decoders(settings):
    settings.PIXEL_PROCESSES = 2


def test_outcomes_come_in_the_order_of_the_tasks_though_a_later_one_ends_first(two_decoders):
    second_is_done = threading.Event()

    def first() -> int:
        assert second_is_done.wait(10)  # only to be had if both are under way
        return 1

    def second() -> int:
        second_is_done.set()
        return 2

    assert [outcome.result() for outcome in in_order([first, second, lambda: 3])] == [1, 2, 3]


def test_no_more_tasks_are_fetched_than_are_under_way(two_decoders):
    fetched = []

    def tasks():
        for number in range(10):
            fetched.append(number)
            yield lambda: None

    outcomes = in_order(tasks())
    next(outcomes)

    assert fetched == [0, 1]
    outcomes.close()


def test_a_task_that_fails_spares_the_others(two_decoders):
    def fails() -> int:
        raise ValueError

    outcomes = list(in_order([fails, lambda: 2]))

    assert isinstance(outcomes[0].exception(), ValueError)
    assert outcomes[1].result() == 2
