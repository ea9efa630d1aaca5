"""An object that comes again while, or after, somebody who died was storing it: never a success without its bytes."""

import datetime as dt
import fcntl
import os
import threading

import pytest
from django.db import transaction

from accounts.actors import SystemActor
from archive.storage.backends import default_storage
from archive.storage.keys import parse_key
from archive.storage.models import Segment
from archive.storage.objects import open_writer, read_object
from archive.studies import services, unfinished
from archive.studies.models import Instance
from common.errors import NotFound, Unavailable
from tests.archive.studies.objects import ct_slice, part10

ACTOR = SystemActor("dicom:CT1", "county")
DATA = part10(ct_slice(2))


@pytest.fixture
def other(cast, clock):
    """The writer of another process, which has stored two slices."""
    writer = open_writer(cast.county)
    for data in (part10(ct_slice(1)), DATA):
        services.store_part10(data, site=cast.county, actor=ACTOR, writer=writer)
    yield writer
    writer.close()


@pytest.fixture
def again(cast):
    return lambda: services.store_part10(DATA, site=cast.county, actor=ACTOR)


def last_object():
    row = Instance.objects.latest("pk")
    where = parse_key(row.storage_key)
    return row, default_storage().path(where.segment), where


def dies(writer):
    for segment in writer._writer._open.values():
        fcntl.flock(segment.handle, fcntl.LOCK_UN)


def test_a_row_whose_writer_was_killed_before_it_wrote_is_stored_anew(other, again):
    row, path, where = last_object()
    os.truncate(path, where.offset + 100)
    dies(other)

    outcome = again()

    assert not outcome.is_duplicate
    assert read_object(Instance.objects.get(pk=outcome.instance_pk).storage_key) == DATA
    assert not Instance.objects.filter(pk=row.pk).exists()


def test_a_row_whose_bytes_the_machine_lost_is_stored_anew(other, again, clock, monkeypatch):
    _row, path, where = last_object()
    with path.open("r+b") as file:
        file.seek(where.offset)
        file.write(bytes(100) + b"lost")
    dies(other)
    clock.advance(dt.timedelta(minutes=1))
    monkeypatch.setattr(unfinished, "_machine_started_at", lambda: clock.now)

    assert not again().is_duplicate
    assert read_object(Instance.objects.latest("pk").storage_key) == DATA


def test_what_a_live_writer_has_written_is_a_duplicate(other, again):
    assert again().is_duplicate


def test_what_a_dead_writer_had_written_is_a_duplicate(other, again):
    dies(other)

    assert again().is_duplicate


def test_who_writes_it_now_is_waited_for(other, again, monkeypatch):
    _row, path, where = last_object()
    os.truncate(path, where.offset)
    looked = threading.Event()
    monkeypatch.setattr("time.sleep", lambda _seconds: looked.set())

    def write():
        looked.wait(10)
        with path.open("r+b") as file:
            file.seek(where.offset)
            file.write(DATA)

    writing = threading.Thread(target=write)
    writing.start()
    monkeypatch.setattr(unfinished, "WAITED_FOR_S", 10)
    assert again().is_duplicate
    writing.join()


def test_who_writes_it_now_is_not_waited_for_for_ever(other, again, monkeypatch):
    _row, path, where = last_object()
    os.truncate(path, where.offset)
    monkeypatch.setattr(unfinished, "WAITED_FOR_S", 0)

    with pytest.raises(Unavailable) as refused, transaction.atomic():
        again()

    assert refused.value.code == "OBJECT_IN_OTHER_HANDS"
    assert Instance.objects.count() == 2


def test_bytes_missing_from_a_sealed_segment_are_damage_and_no_reason_to_forget_the_row(other, again):
    _row, path, where = last_object()
    other.close()
    os.truncate(path, where.offset)
    assert Segment.objects.filter(sealed_at=None).count() == 0

    with pytest.raises(NotFound), transaction.atomic():
        again()

    assert Instance.objects.count() == 2
