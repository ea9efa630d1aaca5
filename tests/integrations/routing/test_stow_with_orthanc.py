"""STOW-RS to a server nobody here wrote: Orthanc with its DICOMweb plugin.

Storage Commitment tells that a server keeps what it says it stored; this is about what it says.
"""

from __future__ import annotations

import threading

import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from accounts.actors import SystemActor
from archive.studies.models import Series
from archive.studies.services import complete_series, store_part10
from common import clock as product_clock
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.sending import send_due
from integrations.routing.services import queue_series
from integrations.routing.targets.base import Outcome, Outgoing, Parcel, Verdict, target_of
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.routing.peers import Orthanc, running_orthanc
from tests.integrations.routing.test_sending import states
from tests.integrations.routing.test_targets import stored_bytes
from tests.waiting import wait_until

pytestmark = [pytest.mark.stack, pytest.mark.django_db]
REAL_SLICES = 120


@pytest.fixture
def orthanc(tmp_path):
    with running_orthanc(tmp_path / "orthanc", dicomweb=True) as running:
        yield running


@pytest.fixture
def orthanc_by_web(region):
    def make(http_port: int) -> Destination:
        known = {"address": f"http://127.0.0.1:{http_port}/dicom-web", "allow_plain": True}
        return Destination.objects.create(
            key="orthanc", name="Orthanc", kind="stow_rs", configuration=known, created_at=product_clock.now()
        )

    return make


@pytest.fixture
def real_series(region, shared_data):
    """A real chest CT in the archive, or its first slices."""

    def store(count: int) -> Series:
        files = sorted((shared_data / "volumes" / "ct_chest").glob("*.dcm"))[:count]
        for file in files:
            store_part10(file.read_bytes(), site=region.county, actor=SystemActor("test"))
        series = Series.objects.select_related("study").get()
        complete_series(series, "Made for a test.")
        return series

    return store


def try_again() -> None:
    """As after the pause that a failure is followed by."""
    Destination.objects.update(blocked_until=None)
    Lane.objects.exclude(next_at=None).update(next_at=product_clock.now())
    send_due()


def test_a_real_series_lies_byte_for_byte_at_the_other_side(real_series, orthanc, orthanc_by_web):
    series = real_series(REAL_SLICES)
    queue_series(series, destination=orthanc_by_web(orthanc.http_port))

    send_due()

    assert states() == {"sent": REAL_SLICES}
    assert orthanc.files() == stored_bytes(series)


def test_what_it_holds_already_is_taken_again_and_held_once(real_series, orthanc, orthanc_by_web):
    series = real_series(5)
    destination = orthanc_by_web(orthanc.http_port)
    for _ in range(2):
        queue_series(series, destination=destination)
        send_due()
        Delivery.objects.all().delete()

    assert orthanc.files() == stored_bytes(series)


def sent(destination: Destination, *objects: bytes) -> list[Outcome]:
    """How each of some objects ends that go out together."""
    parcels = [
        Parcel(number, "", "", "", "", (), len(data), loading(data)) for number, data in enumerate(objects)
    ]
    return list(target_of("stow_rs").send(destination, parcels))


def loading(data: bytes):
    uid = str(dcmread(DicomBytesIO(data), force=True).get("SOPInstanceUID", "1.2.3"))
    return lambda: Outgoing(data, 0, "", uid, "")


def test_each_object_it_cannot_keep_is_told_and_the_rest_is_there(orthanc, orthanc_by_web):
    good = [part10(ct_slice(number)) for number in (1, 2, 3)]
    of_no_series = part10(ct_slice(4, SeriesInstanceUID=None))
    broken_off = part10(ct_slice(5))[:300]

    outcomes = sent(orthanc_by_web(orthanc.http_port), good[0], of_no_series, good[1], broken_off, good[2])

    assert [(one.verdict, one.code) for one in outcomes] == [
        (Verdict.SENT, ""), (Verdict.REFUSED, "FAILURE_C000"), (Verdict.SENT, ""),
        (Verdict.REFUSED, "HTTP_400"), (Verdict.SENT, ""),
    ]  # fmt: skip
    assert sorted(orthanc.files().values()) == sorted(good)


def test_one_that_dies_in_the_middle_is_asked_again_and_holds_each_object_once(
    real_series, orthanc_by_web, tmp_path
):
    series = real_series(REAL_SLICES)
    folder = tmp_path / "orthanc"
    with running_orthanc(folder, dicomweb=True) as first:
        destination = orthanc_by_web(first.http_port)
        queue_series(series, destination=destination)
        killer = killing_in_the_middle(first)
        send_due()
        killer.join()
    assert 0 < Delivery.objects.exclude(state="sent").count() <= REAL_SLICES, "it died in the middle"
    destination.refresh_from_db()
    assert destination.last_error_code == "SERVER_UNREACHABLE"
    assert destination.blocked_until is not None

    with running_orthanc(folder, dicomweb=True, ports=(first.port, first.http_port)) as second:
        try_again()

        assert states() == {"sent": REAL_SLICES}
        assert Delivery.objects.count() == REAL_SLICES
        assert second.count() == REAL_SLICES
        assert second.files() == stored_bytes(series)
    destination.refresh_from_db()
    assert (destination.failures, destination.last_error_code) == (0, "")


def killing_in_the_middle(orthanc: Orthanc) -> threading.Thread:
    """Kill it without warning once it holds some of what it is sent."""

    def kill() -> None:
        wait_until(lambda: orthanc.count() >= REAL_SLICES // 6)
        orthanc.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    return thread
