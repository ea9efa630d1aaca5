"""A complete thin series lies in one segment in slice order; its bytes and digests stay what they were."""

import datetime as dt
import hashlib

import pytest

from archive.lifecycle.packing import is_packed, note_complete_series, pack_due, pack_series
from archive.lifecycle.purging import purge_due, remove_due
from archive.storage.backends import default_storage
from archive.storage.keys import parse_key
from archive.storage.models import Segment
from archive.storage.objects import open_writer, read_object
from archive.studies.models import Instance, Series
from archive.studies.selectors import read_dataset, series_instances_in_order
from common.errors import Unavailable
from tests.archive.lifecycle.conftest import bytes_of

HOUR = dt.timedelta(hours=1)


def reads_forwards(series):
    """Whether reading the slices in order reads one file at ascending offsets, without a gap."""
    places = [parse_key(instance.storage_key) for instance in series_instances_in_order(series)]
    ends = [0, *(place.offset + (place.length or 0) for place in places[:-1])]
    return len({place.segment for place in places}) == 1 and [place.offset for place in places] == ends


def test_a_shuffled_series_reads_forwards_after_packing(clock, cast, store_series):
    series = store_series(slices=12, shuffled=True)
    before = bytes_of(series)
    assert not reads_forwards(series)

    note_complete_series(series.series_instance_uid)
    assert pack_due() == 0  # late instances are waited for
    clock.advance(HOUR)
    assert pack_due() == 1
    assert pack_due() == 0

    assert reads_forwards(series)
    assert bytes_of(series) == before
    segment = Segment.objects.get(purge_at=None)
    data = default_storage().path(segment.key).read_bytes()
    assert segment.sha256 == hashlib.sha256(data).hexdigest()
    assert (segment.size_bytes, segment.object_count) == (len(data), 12)


def test_several_segments_become_one_and_the_old_ones_go_after_the_grace(clock, cast, store_series):
    store_series(slices=3)
    series = store_series(slices=6)  # three of them again, by another association
    old = {parse_key(instance.storage_key).segment for instance in series.instances.all()}
    assert len(old) == 2

    told_before = {instance.pk: instance for instance in series.instances.all()}
    pack_series(series.series_instance_uid)

    assert reads_forwards(series)
    for instance in told_before.values():  # a reader told of the old places still finds them
        assert read_object(instance.storage_key)
    for _ in range(3):
        clock.advance(2 * HOUR)
        purge_due()
        remove_due()
    assert not Segment.objects.filter(key__in=old).exists()
    assert not any(default_storage().path(key).exists() for key in old)
    for instance in told_before.values():  # and one that comes later still asks the row again
        assert read_dataset(instance).SOPInstanceUID == instance.sop_instance_uid


def test_a_series_in_order_thick_or_incomplete_stays_as_it_is(cast, store_series, settings):
    in_order = store_series(name="in order")
    assert pack_series(in_order.series_instance_uid) is None

    thick = store_series(name="thick", shuffled=True, is_thin=False)
    assert pack_series(thick.series_instance_uid) is None
    settings.STORAGE_PACK = "all"
    assert pack_series(thick.series_instance_uid) is not None

    receiving = store_series(name="receiving", shuffled=True)
    Series.objects.filter(pk=receiving.pk).update(completeness="receiving")
    assert pack_series(receiving.series_instance_uid) is None


def test_a_damaged_object_is_not_written_anew(clock, cast, store_series):
    series = store_series(slices=4, shuffled=True)
    keys = set(series.instances.values_list("storage_key", flat=True))
    path = default_storage().path(Segment.objects.get().key)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    with pytest.raises(Unavailable) as refused:
        pack_series(series.series_instance_uid)

    assert refused.value.code == "OBJECT_DAMAGED"
    assert set(series.instances.values_list("storage_key", flat=True)) == keys
    clock.advance(2 * HOUR)  # what was begun is due to be purged, and goes
    for _ in range(2):
        purge_due()
        clock.advance(HOUR)
        remove_due()
    assert Segment.objects.count() == 1


def test_an_instance_that_changed_meanwhile_keeps_its_place(cast, store_series, monkeypatch):
    series = store_series(slices=4, shuffled=True)
    late = series.instances.first()
    elsewhere = open_writer(cast.county)
    data = read_object(late.storage_key)
    moved = elsewhere.append([data], study_instance_uid="1", series_instance_uid=series.series_instance_uid)

    def read(key):
        Instance.objects.filter(pk=late.pk).update(storage_key=moved.key)
        return read_object(key)

    monkeypatch.setattr("archive.lifecycle.packing.read_object", read)
    pack_series(series.series_instance_uid)

    late.refresh_from_db()
    assert late.storage_key == moved.key
    assert Segment.objects.get(key=parse_key(series.instances.last().storage_key).segment).object_count == 3


@pytest.mark.parametrize(
    ("offsets", "expected"), [([0, 10, 20], True), ([0, 20, 10], False), ([5], True), ([], True)]
)
def test_packed_means_ascending_in_one_segment(offsets, expected):
    segment = "series/aa/" + "a" * 32
    assert is_packed([f"{segment}@{offset}+10" for offset in offsets]) is expected


def test_loose_objects_are_never_packed_as_they_are():
    keys = [f"sha256/{digit * 3}/{digit * 64}" for digit in "ab"]
    assert not is_packed(keys)


def test_a_series_in_a_bucket_is_packed_too(settings, s3_url, clock, cast, store_series):
    settings.STORAGE_URL = s3_url
    series = store_series(slices=6, shuffled=True)
    before = bytes_of(series)
    assert all(parse_key(key).is_loose for key in series.instances.values_list("storage_key", flat=True))

    pack_series(series.series_instance_uid)

    assert reads_forwards(series)
    assert bytes_of(series) == before
