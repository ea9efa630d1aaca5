"""The instances of one request on their way in: the next one comes while the last one is made durable."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from archive.storage.objects import read_object
from archive.studies.models import Instance
from common.errors import InvalidInput
from integrations.dicomweb.store.admission import Admission
from integrations.dicomweb.store.intake import Failed, Intake, Stored
from tests.portal.stored_images import ct_slice, part10

pytestmark = pytest.mark.django_db(transaction=True)  # a statement in a transaction is waited for at once
SIDE = 256  # 128 KiB: large enough for a thread of its own
PATIENCE_S = 20


def large_slices(count: int) -> list[bytes]:
    """Slices of the same series, each of another grey."""
    return [
        part10(
            ct_slice(
                "1.2.3", "1.2.3.4", index, Rows=SIDE, Columns=SIDE,
                PixelData=np.full((SIDE, SIDE), index + 1, np.uint16).tobytes(),
            )
        )
        for index in range(count)
    ]  # fmt: skip


@pytest.fixture
def told() -> list[Stored | Failed]:
    return []


def came(data: bytes) -> Iterator[memoryview]:
    yield memoryview(data)


def test_the_next_one_comes_while_the_last_one_is_on_its_way_to_the_disk(cast, told, monkeypatch):
    first, second, third = large_slices(3)
    with Intake(Admission(cast.theo), told.append) as intake:
        intake.store(came(first))  # it makes the rows of its series, one step after the other
    next_has_come = threading.Event()
    seen: list[bool] = []
    monkeypatch.setattr(
        "archive.storage.segments.os.fdatasync", lambda _handle: seen.append(next_has_come.wait(PATIENCE_S))
    )

    def coming() -> Iterator[memoryview]:
        next_has_come.set()
        yield memoryview(third)

    with Intake(Admission(cast.theo), told.append) as intake:
        intake.store(came(second))
        assert len(told) == 1
        intake.store(coming())

    assert [type(one) for one in told] == [Stored, Stored, Stored]
    assert seen == [True, True]


def test_every_one_keeps_its_bytes(cast, told):
    files = large_slices(5)
    with Intake(Admission(cast.theo), told.append) as intake:
        for file in files:
            intake.store(came(file))

    keys = Instance.objects.order_by("instance_number").values_list("storage_key", flat=True)
    assert [bytes(read_object(key)) for key in keys] == files
    assert [type(one) for one in told] == [Stored] * 5


def test_one_that_the_disk_does_not_take_is_told_of_in_its_place(cast, told, monkeypatch):
    flushed: list[int] = []

    def fail_once(handle):
        flushed.append(handle)
        if len(flushed) == 2:
            raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr("archive.storage.segments.os.fdatasync", fail_once)
    with Intake(Admission(cast.theo), told.append) as intake:
        for file in large_slices(3):
            intake.store(came(file))

    assert [type(one) for one in told] == [Stored, Failed, Stored]
    assert told[1].error.code == "STORAGE_FAILED"
    assert set(Instance.objects.values_list("instance_number", flat=True)) == {1, 3}


def test_where_the_next_one_breaks_off_the_last_one_is_stored_and_told(cast, told):
    first, second, third = large_slices(3)

    def breaking_off() -> Iterator[memoryview]:
        yield memoryview(third)[:100_000]
        raise InvalidInput("The request breaks off", code="REQUEST_BROKEN_OFF")

    with Intake(Admission(cast.theo), told.append) as intake:
        intake.store(came(first))
        intake.store(came(second))
        with pytest.raises(InvalidInput):
            intake.store(breaking_off())

    assert [type(one) for one in told] == [Stored, Stored]
    assert Instance.objects.count() == 2


def test_the_same_one_twice_in_a_request_is_stored_once(cast, told):
    first, second = large_slices(2)
    with Intake(Admission(cast.theo), told.append) as intake:
        for file in (first, second, second):
            intake.store(came(file))

    assert [one.outcome.is_duplicate for one in told] == [False, False, True]
    assert Instance.objects.count() == 2


def test_what_is_refused_keeps_its_place(cast, told):
    first, second = large_slices(2)
    with Intake(Admission(cast.theo), told.append) as intake:
        intake.store(came(first))
        intake.store(came(b"no DICOM at all"))
        intake.store(came(second))

    assert [type(one) for one in told] == [Stored, Failed, Stored]
