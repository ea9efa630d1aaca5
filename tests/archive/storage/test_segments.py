"""Local segments: what lies where after appending, withdrawing, failing and sealing."""

import errno
import fcntl
import hashlib
import os
import threading

import pytest

from archive.storage import segments
from archive.storage.backends import default_storage
from archive.storage.keys import parse_key
from archive.storage.models import Segment, SegmentCopy
from archive.storage.objects import read_object
from archive.storage.segments import SegmentWriter
from archive.storage.volumes.local import FileSystemStore
from common.errors import Unavailable

pytestmark = pytest.mark.django_db


@pytest.fixture
def writer(cast):
    store = default_storage()
    assert isinstance(store, FileSystemStore)
    writer = SegmentWriter(store, cast.county)
    yield writer
    writer.close()


def append(writer, *parts, series="2.25.2"):
    return writer.append(parts, study_instance_uid="2.25.1", series_instance_uid=series)


def file_of(stored):
    return default_storage().path(parse_key(stored.key).segment)


def test_objects_of_a_series_lie_one_behind_the_other(writer):
    first, second = append(writer, b"head", b"pixels"), append(writer, b"more")

    assert (parse_key(first.key).offset, parse_key(second.key).offset) == (0, 10)
    assert file_of(first) == file_of(second)
    assert (read_object(first.key), read_object(second.key)) == (b"headpixels", b"more")


def test_each_object_is_on_the_disk_before_it_is_answered_for(writer, monkeypatch):
    calls: list[str] = []

    def noted(name, real):
        def call(*arguments):
            calls.append(name)
            return real(*arguments)

        return call

    for name in ("pwritev", "fdatasync"):
        monkeypatch.setattr(f"archive.storage.segments.os.{name}", noted(name, getattr(os, name)))
    append(writer, b"one")
    append(writer, b"two")

    assert calls == ["pwritev", "fdatasync"] * 2


def test_the_digest_is_of_the_parts_one_behind_the_other(writer):
    large = [os.urandom(segments.BESIDE_FROM), b"and the end"]

    stored = append(writer, *large)

    assert stored.sha256 == hashlib.sha256(b"".join(large)).hexdigest()
    assert read_object(stored.key) == b"".join(large)


def test_the_disk_is_at_work_on_a_large_object_while_its_owner_goes_on(writer, monkeypatch):
    may_go_on = threading.Event()
    real = os.fdatasync
    monkeypatch.setattr(
        "archive.storage.segments.os.fdatasync", lambda handle: (may_go_on.wait(10), real(handle))[1]
    )
    stored = writer.put(
        [bytes(segments.BESIDE_FROM)], study_instance_uid="2.25.1", series_instance_uid="2.25.2"
    )
    may_go_on.set()  # by whom it is written, if it were the owner's thread, that would not get here
    writer.flush(stored)

    assert file_of(stored).read_bytes() == bytes(segments.BESIDE_FROM)


def test_the_thread_beside_ends_with_its_writer(writer):
    append(writer, bytes(segments.BESIDE_FROM))
    (beside,) = (thread for thread in threading.enumerate() if thread.name == "segment-writer")

    writer.close()

    beside.join(10)
    assert not beside.is_alive()
    assert read_object(append(writer, bytes(segments.BESIDE_FROM)).key) == bytes(segments.BESIDE_FROM)


def test_sealing_writes_down_what_the_segment_holds(writer, cast):
    append(writer, b"12345")
    append(writer, b"678")
    assert Segment.objects.get().sealed_at is None
    assert SegmentCopy.objects.get().state == SegmentCopy.State.WRITING

    writer.close()

    segment, copy = Segment.objects.get(), SegmentCopy.objects.get()
    assert (segment.size_bytes, segment.object_count, segment.site) == (8, 2, cast.county)
    assert segment.sealed_at is not None
    assert (copy.state, copy.bytes_done, copy.volume.url) == ("held", 8, default_storage().url)


def test_a_duplicate_withdrawn_leaves_no_hole(writer):
    append(writer, b"first")
    again = append(writer, b"first")
    writer.withdraw(again)
    after = append(writer, b"second")

    assert parse_key(after.key).offset == 5
    assert file_of(after).read_bytes() == b"firstsecond"


def test_what_is_not_the_last_object_is_not_withdrawn(writer):
    first = append(writer, b"first")
    append(writer, b"second")

    writer.withdraw(first)

    assert read_object(first.key) == b"first"


def test_a_segment_nothing_stayed_in_is_removed(writer):
    stored = append(writer, b"duplicate")
    path = file_of(stored)
    writer.withdraw(stored)

    writer.close()

    assert not path.exists()
    assert not Segment.objects.exists()


@pytest.mark.parametrize("call", ["pwritev", "fdatasync"])
@pytest.mark.parametrize("size", [4, segments.BESIDE_FROM])
def test_a_disk_that_fails_is_told_and_loses_nothing_stored_before(writer, monkeypatch, call, size):
    before = append(writer, b"stored")

    def fail(*_arguments):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(f"archive.storage.segments.os.{call}", fail)
    with pytest.raises(Unavailable) as caught:
        append(writer, b"lost" * (size // 4))
    monkeypatch.undo()

    assert caught.value.code == "STORAGE_FULL"
    assert file_of(before).read_bytes() == b"stored"
    assert append(writer, b"next").key.partition("@")[0] != before.key.partition("@")[0]


def test_a_file_that_cannot_be_made_leaves_no_row(writer, monkeypatch):
    monkeypatch.setattr(
        "archive.storage.segments.os.open", lambda *_a: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full"))
    )
    with pytest.raises(Unavailable):
        append(writer, b"lost")

    assert not Segment.objects.exists()


def test_a_segment_being_written_is_locked_and_a_sealed_one_is_not(writer):
    stored = append(writer, b"mine")
    with file_of(stored).open("rb") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        writer.close()
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_a_sender_that_mixes_series_keeps_few_segments_open(writer):
    for number in range(segments.OPEN_AT_MOST + 2):
        append(writer, b"one", series=f"2.25.{number}")

    assert Segment.objects.filter(sealed_at=None).count() == segments.OPEN_AT_MOST


def test_a_series_too_long_for_one_segment_goes_on_in_another(writer, monkeypatch):
    monkeypatch.setattr(segments, "LARGEST", 8)

    keys = {append(writer, b"12345").key.partition("@")[0] for _ in range(3)}

    assert len(keys) == 2
