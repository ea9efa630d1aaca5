"""Bytes go only when nothing refers to them, after a second look; what dead writers and old times left is found."""

import datetime as dt
import fcntl
import hashlib
import os

import pytest

from archive.lifecycle.adoption import adopt_loose_objects
from archive.lifecycle.models import Bookmark
from archive.lifecycle.orphans import FOLDERS, find_orphans
from archive.lifecycle.purging import mark_for_purge, purge_due, remove_due
from archive.lifecycle.sealing import seal_abandoned
from archive.lifecycle.volumes import default_volume
from archive.storage import index
from archive.storage.backends import default_storage
from archive.storage.keys import parse_key
from archive.storage.models import Segment, SegmentCopy
from archive.storage.objects import object_exists, open_writer, read_object
from archive.studies.models import Instance
from common import clock as product_clock
from common.errors import Unavailable
from tests.archive.lifecycle.conftest import bytes_of

HOUR = dt.timedelta(hours=1)


def open_segments_of(writer):
    """The files a writer may still append to."""
    return list(writer._writer._open.values())


def loose(data):
    """A loose object with its rows, and nothing that refers to it."""
    staged = default_storage().stage()
    staged.write(data)
    stored = staged.commit()
    now = product_clock.now()
    segment = Segment.objects.create(
        key=stored.key,
        size_bytes=len(data),
        sha256=stored.sha256,
        created_at=now,
        sealed_at=now,
        purge_at=now,
    )
    SegmentCopy.objects.create(segment=segment, volume=default_volume(), state="held", changed_at=now)
    return stored


def test_an_object_nothing_refers_to_is_out_of_sight_first_and_gone_later(clock):
    stored = loose(b"nobody's")

    assert purge_due() == 1
    assert not object_exists(stored.key)
    assert default_storage().size(stored.key, aside=True) == 8
    assert remove_due() == 0
    clock.advance(HOUR)
    assert remove_due() == 1

    assert not Segment.objects.exists()
    assert not default_storage().path(stored.key, aside=True).exists()


def test_a_segment_that_is_referred_to_stays(clock, store_series):
    series = store_series()
    before = bytes_of(series)
    mark_for_purge(set(Segment.objects.values_list("key", flat=True)), after_s=0)

    purge_due()
    clock.advance(HOUR)
    remove_due()

    assert bytes_of(series) == before
    assert Segment.objects.get().purge_at is None


@pytest.mark.parametrize("moment", ["its bytes were set aside", "its bytes came again"])
def test_the_same_bytes_that_come_in_during_a_purge_are_kept(clock, store_series, moment):
    """An object is acknowledged between the first look and the second: nothing acknowledged may be lost."""
    series = store_series(slices=1)
    instance = series.instances.get()
    stored = loose(read_object(instance.storage_key))
    purge_due()
    if moment == "its bytes came again":
        loose_again = default_storage().stage()
        loose_again.write(read_object(instance.storage_key))
        loose_again.commit()
    Instance.objects.filter(pk=instance.pk).update(storage_key=stored.key)

    clock.advance(HOUR)
    remove_due()
    index.forget()

    assert hashlib.sha256(read_object(stored.key)).hexdigest() == instance.sha256
    assert Segment.objects.get(key=stored.key).purge_at is None
    assert not default_storage().path(stored.key, aside=True).exists()


def test_the_only_copy_is_never_removed_as_surplus(clock, store_series):
    series = store_series()
    SegmentCopy.objects.update(state="removing", next_at=product_clock.now())

    remove_due()

    assert SegmentCopy.objects.get().state == "held"
    assert bytes_of(series)


def test_a_dead_writers_segment_is_sealed_and_a_live_ones_is_left(clock, cast, store_series, monkeypatch):
    writer = open_writer(cast.county)
    monkeypatch.setattr(writer, "close", lambda: None)  # its process was killed before it could
    series = store_series(slices=3, writer=writer)
    before = bytes_of(series)
    segment = Segment.objects.get(sealed_at=None)
    clock.advance(HOUR)

    assert seal_abandoned() == 0  # it holds its file still: it lives
    for open_segment in open_segments_of(writer):
        os.pwrite(open_segment.handle, b"half an object", open_segment.size_bytes)
        fcntl.flock(open_segment.handle, fcntl.LOCK_UN)
    assert seal_abandoned() == 1

    segment.refresh_from_db()
    assert segment.sealed_at == product_clock.now()
    assert (segment.object_count, segment.purge_at) == (3, None)
    assert segment.size_bytes == default_storage().path(segment.key).stat().st_size
    assert SegmentCopy.objects.get().state == "held"
    assert bytes_of(series) == before


@pytest.fixture
def left_by_a_machine_that_stopped(clock, cast, store_series, monkeypatch):
    """A series whose last object never reached the disk, although its row was committed; its writer is gone."""
    writer = open_writer(cast.county)
    monkeypatch.setattr(writer, "close", lambda: None)
    series = store_series(slices=3, writer=writer)
    last = Instance.objects.filter(series=series).latest("pk")
    where = parse_key(last.storage_key)
    assert where.length is not None
    for open_segment in open_segments_of(writer):
        os.pwrite(open_segment.handle, bytes(200), where.offset + where.length - 200)
        fcntl.flock(open_segment.handle, fcntl.LOCK_UN)
    clock.advance(HOUR)
    return series, last


def test_an_object_the_machine_lost_before_it_was_answered_for_is_taken_back(
    left_by_a_machine_that_stopped, monkeypatch
):
    series, last = left_by_a_machine_that_stopped
    monkeypatch.setattr("archive.studies.unfinished._machine_started_at", product_clock.now)

    assert seal_abandoned() == 1

    assert not Instance.objects.filter(pk=last.pk).exists()
    assert Instance.objects.filter(series=series).count() == 2
    assert Segment.objects.get().object_count == 2


def test_damage_on_a_machine_that_ran_on_is_left_for_the_scrubber_to_tell(
    left_by_a_machine_that_stopped, monkeypatch
):
    _series, last = left_by_a_machine_that_stopped
    monkeypatch.setattr("archive.studies.unfinished._machine_started_at", lambda: last.received_at)

    assert seal_abandoned() == 1

    assert Instance.objects.filter(pk=last.pk).exists()
    assert Segment.objects.get().object_count == 3


@pytest.mark.parametrize("bytes_written", [0, 100])
def test_an_object_its_writer_was_killed_over_is_taken_back(
    left_by_a_machine_that_stopped, monkeypatch, bytes_written
):
    series, last = left_by_a_machine_that_stopped
    monkeypatch.setattr("archive.studies.unfinished._machine_started_at", lambda: last.received_at)
    where = parse_key(last.storage_key)
    os.truncate(default_storage().path(where.segment), where.offset + bytes_written)

    assert seal_abandoned() == 1

    assert not Instance.objects.filter(pk=last.pk).exists()
    assert Instance.objects.filter(series=series).count() == 2
    assert Segment.objects.get().object_count == 2


def test_a_segment_whose_file_is_gone_keeps_its_rows_for_the_scrubber_to_tell(left_by_a_machine_that_stopped):
    series, last = left_by_a_machine_that_stopped
    default_storage().path(parse_key(last.storage_key).segment).unlink()

    assert seal_abandoned() == 1

    assert Instance.objects.filter(series=series).count() == 3


def test_a_segment_no_row_came_to_refer_to_is_purged(clock, cast):
    writer = open_writer(cast.county)
    data = b"stored, and the process died before its row"
    stored = writer.append([data], study_instance_uid="1.2", series_instance_uid="1.2.3")
    for open_segment in open_segments_of(writer):
        fcntl.flock(open_segment.handle, fcntl.LOCK_UN)
    clock.advance(HOUR)

    assert seal_abandoned() == 1
    purge_due()
    clock.advance(HOUR)
    remove_due()

    assert not Segment.objects.exists()
    assert not object_exists(stored.key)


def test_loose_objects_from_before_get_their_rows_in_bounded_batches(clock, store_series):
    series = store_series(slices=5)
    before = bytes_of(series)
    for instance in series.instances.all():  # as they were stored before there were segments
        staged = default_storage().stage()
        staged.write(before[instance.sop_instance_uid])
        Instance.objects.filter(pk=instance.pk).update(storage_key=staged.commit().key)
    Segment.objects.all().delete()
    assert bytes_of(series) == before

    assert adopt_loose_objects(limit=2) == 0  # too young: an earlier row may not be committed yet
    clock.advance(dt.timedelta(minutes=6))
    assert [adopt_loose_objects(limit=2) for _ in range(4)] == [2, 2, 1, 0]

    segments = Segment.objects.all()
    assert {segment.key for segment in segments} == {
        parse_key(key).segment for key in series.instances.values_list("storage_key", flat=True)
    }
    assert {(segment.series_instance_uid, segment.object_count) for segment in segments} == {
        (series.series_instance_uid, 1)
    }
    assert SegmentCopy.objects.filter(state="held").count() == 5
    Bookmark.objects.all().delete()
    assert adopt_loose_objects() == 5  # once more from the start changes nothing
    assert (Segment.objects.count(), SegmentCopy.objects.count()) == (5, 5)


def test_bytes_no_row_knows_of_are_found_a_day_later_and_purged(clock, store_series):
    series = store_series(slices=2)
    before = bytes_of(series)
    home = default_storage()
    lost = home.stage()
    lost.write(b"written, and the process died before any row")
    key = lost.commit().key
    unadopted = home.stage()  # referred to by an instance, but not adopted yet
    unadopted.write(before[series.instances.first().sop_instance_uid])
    kept = unadopted.commit().key
    Instance.objects.filter(pk=series.instances.first().pk).update(storage_key=kept)
    default_volume()
    clock.now = dt.datetime.now(dt.UTC)

    assert find_orphans(folders=len(FOLDERS)) == 0
    clock.advance(dt.timedelta(days=2))
    assert find_orphans(folders=len(FOLDERS)) == 1
    for _ in range(2):
        purge_due()
        clock.advance(HOUR)
        remove_due()

    assert not object_exists(key)
    assert not home.path(key, aside=True).exists()
    assert bytes_of(series) == before


def test_a_folder_walk_goes_on_where_it_was(clock):
    volume = default_volume()
    find_orphans(folders=3)
    find_orphans(folders=3)

    assert Bookmark.objects.get(name=f"orphans.{volume.pk}").position == 6


def test_two_workers_never_write_the_same_copy(clock, store_series):
    home = default_storage()
    store_series()
    key = Segment.objects.get().key
    first = home.inflow(key)

    with pytest.raises(Unavailable) as refused:
        home.inflow(key)
    assert refused.value.code == "COPY_IN_OTHER_HANDS"
    first.abandon()
    home.inflow(key).abandon()
