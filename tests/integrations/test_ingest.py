"""The door for objects: bytes and row are durable together, and neither stays without the other."""

from __future__ import annotations

import errno
import os
import time

import psycopg
import pytest
from django.db import connection

from accounts.actors import SystemActor
from archive.storage.models import Segment
from archive.storage.objects import read_object
from archive.storage.volumes import local
from archive.studies.models import Instance
from common.errors import Unavailable
from integrations.dicom.part10 import part10_head
from integrations.ingest import Sender
from tests.archive.studies.objects import ct_slice, part10

pytestmark = pytest.mark.django_db(transaction=True)
EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture
def sender(cast):
    sender = Sender(site=cast.county, calling_ae_title="CT1", actor=SystemActor("dicom:CT1", "county"))
    yield sender
    sender.close()


def send(sender, dataset):
    names = {"sop_class_uid": dataset.SOPClassUID, "sop_instance_uid": dataset.SOPInstanceUID}
    head = part10_head(**names, transfer_syntax_uid=EXPLICIT)
    file = part10(dataset)
    body = file[144 + int.from_bytes(file[140:144], "little") :]
    reception = sender.receive(head=head, **names, transfer_syntax_uid=EXPLICIT)
    reception.room(len(body))[:] = body
    reception.took(len(body))
    return reception.finish()


def test_the_disk_and_the_database_are_at_work_at_the_same_time(sender, monkeypatch):
    send(sender, ct_slice(1))  # the first of a series makes its rows, one step after the other
    seen: list[int] = []

    def flush(handle):
        """While the bytes are being flushed, another session sees the row come."""
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                row = other.execute("SELECT count(*) FROM studies_instance").fetchone()
                if row == (2,):
                    seen.append(handle)
                    break
        os.fsync(handle)

    monkeypatch.setattr("archive.storage.segments.os.fdatasync", flush)
    send(sender, ct_slice(2))

    assert len(seen) == 1


def test_where_the_flush_fails_no_row_stays(sender, monkeypatch):
    kept = send(sender, ct_slice(1))

    def fail(_handle):
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr("archive.storage.segments.os.fdatasync", fail)
    with pytest.raises(Unavailable) as caught:
        send(sender, ct_slice(2))
    monkeypatch.undo()

    assert caught.value.code == "STORAGE_FAILED"
    assert list(Instance.objects.values_list("sop_instance_uid", flat=True)) == [kept.sop_instance_uid]
    assert send(sender, ct_slice(2)).is_duplicate is False
    sender.rest()
    assert [segment.object_count for segment in Segment.objects.filter(sealed_at__isnull=False)] == [1, 1]


def test_who_sends_a_duplicate_is_answered_once_the_first_one_is_on_the_disk(sender, monkeypatch):
    first = send(sender, ct_slice(1))
    flushed: list[str] = []
    monkeypatch.setattr("archive.storage.objects.flush_file", lambda path: flushed.append(path.name))

    assert send(sender, ct_slice(1)).is_duplicate

    row = Instance.objects.get(sop_instance_uid=first.sop_instance_uid)
    assert [name in row.storage_key for name in flushed] == [True]


def test_flushing_a_file_that_is_gone_says_so(tmp_path):
    with pytest.raises(Exception, match="not in the store"):
        local.flush_file(tmp_path / "gone")


def test_the_bytes_come_back_as_they_came(sender):
    dataset = ct_slice(1)
    outcome = send(sender, dataset)

    stored = read_object(Instance.objects.get(pk=outcome.instance_pk).storage_key)
    assert stored.endswith(dataset.PixelData)
