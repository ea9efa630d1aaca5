"""What lies where is counted soon after there is something to count, and seldom afterwards."""

import datetime as dt

import pytest

from archive.lifecycle.usage import count_usage_when_due, usage_of_volumes
from archive.lifecycle.volumes import default_volume


@pytest.fixture
def volume(db, clock):
    made = default_volume()
    clock.advance(dt.timedelta(seconds=30))
    return made


def held(volume):
    return next(usage for usage in usage_of_volumes() if usage.volume == volume)


def test_before_the_first_count_nothing_is_said_of_a_volume(volume):
    assert held(volume).counted_at is None


def test_a_volume_added_since_the_last_count_is_not_counted_yet(volume, clock, make_volume):
    count_usage_when_due()
    clock.advance(dt.timedelta(seconds=30))

    added = make_volume("cold", "cold")

    assert held(volume).counted_at is not None
    assert held(added).counted_at is None


def test_an_empty_archive_is_counted_anew_each_time_until_it_holds_something(volume, clock, store_series):
    assert count_usage_when_due() == 0
    assert (held(volume).objects_held, held(volume).counted_at) == (0, clock.now)
    clock.advance(dt.timedelta(seconds=30))
    store_series(slices=5)

    assert count_usage_when_due() == 1

    assert (held(volume).objects_held, held(volume).counted_at) == (5, clock.now)


def test_what_is_held_is_counted_again_after_a_quarter_of_an_hour(volume, clock, store_series):
    store_series(slices=5)
    count_usage_when_due()
    store_series(name="more", slices=3)

    clock.advance(dt.timedelta(minutes=14))
    assert count_usage_when_due() == 0
    assert held(volume).objects_held == 5
    clock.advance(dt.timedelta(minutes=2))
    assert count_usage_when_due() == 1
    assert held(volume).objects_held == 8
