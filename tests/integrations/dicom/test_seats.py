"""The table of associations that the processes of a listener share."""

import os

import pytest

from integrations.dicom.scp.seats import Seats


@pytest.fixture
def seats():
    return Seats(6, per_address=4)


def take(seats, title="CT1", address="10.0.0.1", at_most=3):
    return seats.take(title, address, at_most=at_most, patience_s=0)


def test_a_node_takes_as_many_as_it_may(seats):
    taken = [take(seats) for _ in range(4)]

    assert taken == [0, 1, 2, None]
    seats.leave(1)
    assert take(seats) == 1


def test_an_address_has_its_share_whatever_it_calls_itself(seats):
    assert [take(seats, title=f"AE{n}") for n in range(5)] == [0, 1, 2, 3, None]
    assert take(seats, title="AE9", address="10.0.0.2") == 4


def test_when_all_are_taken_nobody_gets_one(seats):
    for number in range(6):
        assert take(seats, address=f"10.0.0.{number}", title=f"AE{number}") is not None

    assert take(seats, address="10.0.0.9", title="LATE") is None
    assert seats.taken() == 6


def test_the_seats_of_a_process_that_died_are_free_again(seats):
    child = os.fork()
    if not child:
        take(seats)
        take(seats)
        os._exit(0)
    os.waitpid(child, 0)
    assert seats.taken() == 2

    seats.clear(child)

    assert seats.taken() == 0
