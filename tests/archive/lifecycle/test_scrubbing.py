"""A flipped bit is found, kept from readers, and mended from another copy; where there is none it is told."""

import datetime as dt

import pytest

from archive.lifecycle.adoption import adopt_loose_objects
from archive.lifecycle.models import ScrubFinding
from archive.lifecycle.placing import place_due, reconsider
from archive.lifecycle.repairing import repair_due
from archive.lifecycle.scrubbing import Pace, scrub_due
from archive.lifecycle.services import save_placement_rule
from archive.lifecycle.transfers import transfer_due
from archive.lifecycle.volumes import store_of
from archive.storage import index
from archive.storage.backends import store_at
from archive.storage.keys import ObjectKey, parse_key
from archive.storage.models import Segment, SegmentCopy, Volume
from archive.storage.objects import read_object
from archive.storage.volumes.s3 import S3Store
from archive.studies.selectors import series_instances_in_order
from common import clock as product_clock
from common.errors import NotFound
from events.services import subscribe
from tests.archive.lifecycle.conftest import bytes_of, holders
from tests.bulletins import deliveries


def flip_a_bit(volume, segment_key, position):
    """Change one bit on the volume behind everybody's back."""
    store = store_of(volume)
    data = bytearray(store.read(ObjectKey(segment_key)))
    data[position] ^= 0b100
    if store.is_local:
        store.path(segment_key).write_bytes(data)
    if isinstance(store, S3Store):
        store.bucket.client.put_object(
            Bucket=store.bucket.name, Key=store.name(segment_key), Body=bytes(data)
        )


def in_the_middle_of(instance):
    where = parse_key(instance.storage_key)
    return where.offset + instance.size_bytes // 2


@pytest.fixture
def told():
    subscribe("StorageObjectsLost", subscriber="test.lost", handler=lambda _event: None)
    return lambda: deliveries(name="StorageObjectsLost", subscriber="test.lost").count()


@pytest.fixture
def in_two_copies(cast, hot, make_volume, store_series):
    """A series on two hot volumes."""

    def make():
        series = store_series(slices=4)
        second = make_volume("second", "hot")
        save_placement_rule(name="Twice", tier="hot", copies=2, actor=cast.ines)
        for step in (reconsider, place_due, transfer_due):
            step()
        assert holders(series) == ["default", "second"]
        return series, second

    return make


def test_good_copies_are_read_once_a_period(clock, settings, hot, store_series):
    store_series()
    assert (scrub_due(), scrub_due()) == (1, 0)
    segment, copy = Segment.objects.get(), SegmentCopy.objects.get()
    assert copy.verified_at == product_clock.now()
    assert len(segment.sha256) == 64
    assert not ScrubFinding.objects.exists()

    clock.advance(dt.timedelta(days=settings.SCRUB_EVERY_DAYS, seconds=1))
    assert scrub_due() == 1


@pytest.mark.parametrize("hurt", ["default", "second"])
def test_a_flipped_bit_on_disk_is_found_and_repaired_from_the_other_copy(hurt, clock, in_two_copies):
    series, _second = in_two_copies()
    before = bytes_of(series)
    segment, volume = Segment.objects.get(), Volume.objects.get(name=hurt)
    victim = series.instances.earliest("pk")
    flip_a_bit(volume, segment.key, in_the_middle_of(victim))
    SegmentCopy.objects.update(verified_at=None)

    assert scrub_due() == 2
    finding = ScrubFinding.objects.get()
    assert (finding.volume, finding.storage_key, finding.state) == (volume, victim.storage_key, "open")
    assert finding.sop_instance_uid == victim.sop_instance_uid
    index.forget()
    assert bytes_of(series) == before  # the damaged copy is out of readers' sight

    assert repair_due() == 1
    finding.refresh_from_db()
    assert finding.state == "repaired"
    assert holders(series) == ["default", "second"]
    assert store_of(volume).read(ObjectKey(segment.key)) == b"".join(
        before[instance.sop_instance_uid] for instance in series.instances.order_by("pk")
    )
    with pytest.raises(NotFound):
        store_of(volume).size(segment.key, aside=True)


def test_a_copy_that_is_gone_is_made_anew(clock, in_two_copies):
    series, second = in_two_copies()
    before = bytes_of(series)
    store_of(second).path(Segment.objects.get().key).unlink()
    SegmentCopy.objects.update(verified_at=None)

    scrub_due()
    assert ScrubFinding.objects.get().code == "COPY_MISSING"
    repair_due()

    assert ScrubFinding.objects.get().state == "repaired"
    assert (holders(series), bytes_of(series)) == (["default", "second"], before)


def test_without_another_copy_whole_objects_are_saved_and_the_lost_one_is_told(
    clock, hot, store_series, told
):
    series = store_series(slices=5)
    before = bytes_of(series)
    victim = series_instances_in_order(series)[2]
    flip_a_bit(hot, Segment.objects.get().key, in_the_middle_of(victim))

    scrub_due()
    repair_due()

    finding = ScrubFinding.objects.get()
    assert (finding.state, finding.sop_instance_uid) == ("lost", victim.sop_instance_uid)
    assert told() == 1
    with pytest.raises(NotFound):  # damaged pixels are never shown as good ones
        read_object(series.instances.get(pk=victim.pk).storage_key)
    others = {uid: data for uid, data in before.items() if uid != victim.sop_instance_uid}
    assert {
        instance.sop_instance_uid: read_object(instance.storage_key)
        for instance in series.instances.exclude(pk=victim.pk)
    } == others
    assert SegmentCopy.objects.get(state="damaged").segment.key == parse_key(victim.storage_key).segment


def test_a_flipped_bit_in_a_bucket_is_found_and_repaired(clock, settings, s3_url, hot, cast, store_series):
    series = store_series(slices=3)
    before = bytes_of(series)
    bucket = Volume.objects.create(name="bucket", url=s3_url, tier="hot", created_at=product_clock.now())
    save_placement_rule(name="Twice", tier="hot", copies=2, actor=cast.ines)
    for step in (reconsider, place_due, transfer_due):
        step()
    assert holders(series) == ["bucket", "default"]
    flip_a_bit(bucket, Segment.objects.get().key, 700)
    SegmentCopy.objects.update(verified_at=None)

    scrub_due()
    assert ScrubFinding.objects.get().volume == bucket
    repair_due()

    assert ScrubFinding.objects.get().state == "repaired"
    segment = Segment.objects.get()
    assert store_at(s3_url).read(ObjectKey(segment.key)) == store_of(hot).read(ObjectKey(segment.key))
    assert bytes_of(series) == before


def test_loose_objects_in_a_bucket_are_adopted_and_scrubbed(clock, settings, s3_url, cast, store_series):
    settings.STORAGE_URL = s3_url
    series = store_series(slices=3)
    clock.advance(dt.timedelta(minutes=6))
    assert adopt_loose_objects() == 3
    victim = series.instances.first()
    flip_a_bit(Volume.objects.get(), victim.storage_key, 700)

    assert scrub_due() == 3

    assert [finding.sop_instance_uid for finding in ScrubFinding.objects.all()] == [victim.sop_instance_uid]


def test_reading_keeps_to_its_pace():
    pace = Pace(bytes_per_second=1e6)
    for _ in range(5):
        pace(20_000)

    assert pace.bytes_read == 100_000
    assert not pace.is_over
