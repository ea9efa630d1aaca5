"""Readers name a key: the default volume answers first, the index what is elsewhere, and a move is not seen."""

import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.storage import index
from archive.storage.backends import default_storage, store_at
from archive.storage.keys import new_segment_key, slice_key
from archive.storage.models import Segment, SegmentCopy, Tier, Volume
from archive.storage.objects import local_slice, locate, object_exists, open_object, read_object
from common import clock
from common.errors import NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered():
    index.forget()


def write(store, segment, data):
    path = store.path(segment)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def volume(tmp_path, name, tier=Tier.WARM):
    return Volume.objects.create(
        name=name, url=f"file://{tmp_path / name}", tier=tier, created_at=clock.now()
    )


def held(segment_key, *volumes):
    segment = Segment.objects.create(key=segment_key, created_at=clock.now(), sealed_at=clock.now())
    for each in volumes:
        SegmentCopy.objects.create(
            segment=segment, volume=each, state=SegmentCopy.State.HELD, changed_at=clock.now()
        )


def test_a_slice_of_the_default_volume_is_read_without_sql(django_assert_num_queries):
    segment = new_segment_key()
    write(default_storage(), segment, b"before--object--after")
    key = slice_key(segment, 8, 6)

    with django_assert_num_queries(0):
        assert read_object(key) == b"object"
        with open_object(key) as file:
            assert (file.read(2), file.seek(-2, io.SEEK_END), file.read(), file.read()) == (
                b"ob",
                4,
                b"ct",
                b"",
            )
        where = local_slice(key)

    assert where is not None
    assert where.path.read_bytes()[where.offset : where.offset + where.length] == b"object"


def test_what_is_elsewhere_costs_one_statement_and_is_remembered(tmp_path):
    segment, warm = new_segment_key(), volume(tmp_path, "warm")
    write(store_at(warm.url), segment, b"warm bytes")
    held(segment, warm)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert read_object(slice_key(segment, 5, 5)) == b"bytes"
        assert read_object(slice_key(segment, 0, 4)) == b"warm"

    assert len(queries) == 1


def test_a_reader_whose_memory_is_out_of_date_asks_once_more(tmp_path):
    segment, warm, cold = new_segment_key(), volume(tmp_path, "warm"), volume(tmp_path, "cold", Tier.COLD)
    write(store_at(warm.url), segment, b"bytes")
    held(segment, warm)
    assert read_object(slice_key(segment, 0, 5)) == b"bytes"

    store_at(warm.url).path(segment).rename(tmp_path / "moving")
    write(store_at(cold.url), segment, b"bytes")
    SegmentCopy.objects.update(volume=cold)

    with CaptureQueriesContext(connection) as queries:
        assert read_object(slice_key(segment, 0, 5)) == b"bytes"
    assert len(queries) == 1


def test_the_fastest_tier_is_read_first_and_another_copy_where_it_fails(tmp_path):
    segment, cold, warm = new_segment_key(), volume(tmp_path, "cold", Tier.COLD), volume(tmp_path, "warm")
    write(store_at(cold.url), segment, b"cold")
    write(store_at(warm.url), segment, b"warm")
    held(segment, cold, warm)

    assert read_object(slice_key(segment, 0, 4)) == b"warm"
    store_at(warm.url).path(segment).unlink()
    assert read_object(slice_key(segment, 0, 4)) == b"cold"


def test_a_whole_series_is_located_with_one_statement(tmp_path):
    warm = volume(tmp_path, "warm")
    here, there, nowhere = new_segment_key(), new_segment_key(), new_segment_key()
    write(default_storage(), here, bytes(100))
    write(store_at(warm.url), there, bytes(range(100)))
    held(there, warm)
    keys = [slice_key(name, 10 * number, 10) for name in (here, there, nowhere) for number in range(10)]

    with CaptureQueriesContext(connection) as queries:
        places = locate(keys)

    assert len(queries) == 1
    assert set(places) == set(keys[:20])
    assert places[keys[13]].read() == bytes(range(30, 40))
    local = places[keys[13]].local
    assert local is not None
    assert local.offset == 30


def test_what_no_volume_holds_is_missing():
    key = slice_key(new_segment_key(), 0, 1)

    assert not object_exists(key)
    with pytest.raises(NotFound):
        read_object(key)
    with pytest.raises(NotFound):
        open_object(key)


def test_a_segment_cut_short_gives_no_half_object():
    segment = new_segment_key()
    write(default_storage(), segment, b"half")

    with pytest.raises(NotFound):
        read_object(slice_key(segment, 0, 8))
    with pytest.raises(NotFound):
        local_slice(slice_key(segment, 0, 8))
