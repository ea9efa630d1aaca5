"""What was routed and then put right: under its new patient, sent again, not sent any more, told by a note."""

from __future__ import annotations

import datetime as dt
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pydicom import dcmread

from accounts.models import AuditEvent
from archive.storage.objects import read_object
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.services import reassign_study, reject_instances, undo_correction
from archive.studies.models import Instance
from archive.studies.services import complete_series, store_part10
from common import clock as product_clock
from events.delivery import deliver_due as deliver_events
from integrations.dicom.models import ApplicationEntity, Notice
from integrations.routing import sending
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.parcels import parcels_for
from integrations.routing.sending import send_due
from integrations.routing.services import queue_series
from integrations.routing.targets.base import target_of
from tests.archive.orders.orders import make_patient
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.routing.conftest import SYSTEM
from tests.integrations.routing.peers import recording_node, running_orthanc, running_stow_server
from tests.integrations.routing.test_sending import states, uids

pytestmark = pytest.mark.django_db

WHY = "taken under the wrong worklist entry"
DEIDENTIFY = [{"do": "deidentify", "options": [], "key": "default", "reversible": False}]


@pytest.fixture
def wang(cast):
    return make_patient(cast, "2002", family_name="Wang", given_name="Fang", ideographic_name="王芳")


@pytest.fixture
def node_destination(region):
    def make(port: int, title: str) -> Destination:
        node = ApplicationEntity.objects.create(
            ae_title=title,
            site=region.county,
            roles=["storage_scp"],
            host="127.0.0.1",
            port=port,
            timeout_s=5,
        )
        return Destination.objects.create(
            key=title.lower(), name=title, kind="dimse", node=node, created_at=product_clock.now()
        )

    return make


@pytest.fixture
def recorder():
    with recording_node() as node:
        yield node


@pytest.fixture
def hear(clock):
    """Have subscribers told of what was published."""

    def hear():
        clock.advance(dt.timedelta(seconds=5))
        deliver_events()

    return hear


def written(folder):
    return {str(one.SOPInstanceUID): one for one in map(dcmread, folder.rglob("*.dcm"))}


def test_a_folder_gets_the_bytes_received_of_an_untouched_study_and_the_new_patient_of_a_corrected_one(
    make_series, folder_destination, cast, wang
):
    destination, folder = folder_destination()
    series = make_series(2)
    queue_series(series, destination=destination)
    send_due()
    received = {read_object(one.storage_key) for one in series.instances.all()}
    assert {path.read_bytes() for path in folder.rglob("*.dcm")} == received

    other = make_series(2, study="wrong")
    reassign_study(other.study, patient=wang, actor=cast.theo, comment=WHY)
    queue_series(other, destination=destination)
    send_due()

    found = written(folder)
    for instance in other.instances.all():
        dataset = found[instance.sop_instance_uid]
        assert (str(dataset.PatientName), dataset.PatientID) == ("Wang^Fang=王芳", "2002")
        assert dataset.OriginalAttributesSequence[0].ModifiedAttributesSequence[0].PatientID == "P1"
        assert read_object(instance.storage_key).endswith(dataset.PixelData)


def test_a_dicomweb_server_gets_the_new_patient_too(make_series, region, cast, wang):
    series = make_series(2)
    reassign_study(series.study, patient=wang, actor=cast.theo, comment=WHY)
    with running_stow_server() as server:
        known = {"address": f"http://127.0.0.1:{server.port}/dicom-web", "allow_plain": True}
        destination = Destination.objects.create(
            key="web", name="Web", kind="stow_rs", configuration=known, created_at=product_clock.now()
        )
        queue_series(series, destination=destination)
        send_due()

    assert set(server.objects) == set(uids(series))
    assert {dcmread(BytesIO(data)).PatientID for data in server.objects.values()} == {"2002"}


def test_de_identification_comes_after_the_correction_and_leaves_neither_patient(
    make_series, folder_destination, cast, wang
):
    destination, folder = folder_destination()
    series = make_series(1)
    reassign_study(series.study, patient=wang, actor=cast.theo, comment=WHY)
    queue_series(series, destination=destination, transforms=DEIDENTIFY)

    send_due()

    (path,) = folder.rglob("*.dcm")
    data = path.read_bytes()
    for secret in ("Wang", "Li^Hua", "2002", "王芳"):
        assert secret.encode() not in data.replace(b"20020", b"")
    assert "OriginalAttributesSequence" not in dcmread(path)


def test_getting_ready_to_send_costs_the_same_for_two_and_for_many(
    make_series, folder_destination, cast, wang
):
    destination, _ = folder_destination()
    counts = []
    for name, count in (("small", 2), ("large", 9)):
        series = make_series(count, study=name)
        queue_series(series, destination=destination)
        batch = list(Delivery.objects.filter(series_instance_uid=series.series_instance_uid))
        for correct in (False, True):
            if correct:
                reassign_study(series.study, patient=wang, actor=cast.theo, comment=WHY)
            with CaptureQueriesContext(connection) as asked:
                parcels, hopeless = parcels_for(batch, study_instance_uid=series.study.study_instance_uid)
            assert (len(parcels), hopeless) == (count, [])
            counts.append(len(asked))

    assert counts == [1, 3, 1, 3]


def test_a_node_that_holds_a_study_gets_it_again_when_it_is_corrected_and_when_that_is_undone(
    make_series, node_destination, cast, wang, hear, tmp_path
):
    series = make_series(2)
    with running_orthanc(tmp_path / "orthanc") as orthanc:
        queue_series(series, destination=node_destination(orthanc.port, "ORTHANC"))
        send_due()

        correction = reassign_study(series.study, patient=wang, actor=cast.theo, comment=WHY)
        hear()
        assert states() == {"waiting": 2}
        assert set(Delivery.objects.values_list("error_code", flat=True)) == {"STUDY_CORRECTED"}
        send_due()
        assert states() == {"sent": 2}
        assert patients_of(orthanc) == {"P1", "2002"}  # Orthanc tells objects apart by their patient too

        undo_correction(correction, actor=cast.theo)
        hear()
        assert states() == {"waiting": 2}
        send_due()
        assert states() == {"sent": 2}
    lines = AuditEvent.objects.filter(action="study.sent_again")
    assert [(line.detail["objects"], line.detail["destinations"]) for line in lines] == [(2, ["orthanc"])] * 2


def patients_of(orthanc) -> set[str]:
    return {orthanc.get(f"instances/{one}/simplified-tags")["PatientID"] for one in orthanc.get("instances")}


def test_kinds_of_destinations_that_are_not_named_keep_what_they_got(
    make_series, folder_destination, cast, wang, hear, settings
):
    destination, folder = folder_destination()
    series = make_series(1)
    queue_series(series, destination=destination)
    send_due()

    correction = reassign_study(series.study, patient=wang, actor=cast.theo, comment=WHY)
    hear()
    assert states() == {"sent": 1}

    settings.ROUTING_RESEND_CORRECTED = ["dimse", "folder"]
    undo_correction(correction, actor=cast.theo)
    hear()
    assert states() == {"waiting": 1}
    send_due()
    assert [one.PatientID for one in written(folder).values()] == ["P1"]


def test_what_left_under_the_former_patient_in_the_very_moment_of_the_correction_goes_again(
    make_series, node_destination, cast, wang, recorder, monkeypatch
):
    series = make_series(2)
    destination = node_destination(recorder.port, "RECORDER")
    queue_series(series, destination=destination)
    target = target_of("dimse")

    class Interrupted:
        def send(self, destination, parcels):
            yield from target.send(destination, parcels)
            if series.study.corrected_at is None:
                reassign_study(series.study, patient=wang, actor=cast.theo, comment=WHY)
                series.study.refresh_from_db()

    monkeypatch.setattr(sending, "target_of", lambda _kind: Interrupted())
    send_due()

    assert recorder.received == uids(series) * 2
    assert states() == {"sent": 2}


def test_objects_withdrawn_before_their_turn_are_cancelled_and_go_once_they_are_restored(
    make_series, node_destination, cast, recorder, hear
):
    series = make_series(3)
    queue_series(series, destination=node_destination(recorder.port, "RECORDER"))
    first = uids(series)[0]
    correction = reject_instances(
        series.study, reason=ReasonCode.QUALITY, actor=cast.theo, comment=WHY, sop_instance_uids=[first]
    )
    hear()

    cancelled = Delivery.objects.get(state="cancelled")
    assert (cancelled.sop_instance_uid, cancelled.error_code) == (first, "INSTANCE_WITHDRAWN")
    assert AuditEvent.objects.get(action="delivery.cancelled").detail["objects"] == 1
    send_due()
    assert first not in recorder.received
    assert not Lane.objects.exclude(next_at=None).exists()

    undo_correction(correction, actor=cast.theo)
    hear()
    send_due()
    assert recorder.received[-1] == first
    assert states() == {"sent": 3}


def test_a_withdrawn_object_that_comes_anew_is_routed_anew(
    make_series, node_destination, cast, recorder, hear
):
    series = make_series(2)
    destination = node_destination(recorder.port, "RECORDER")
    queue_series(series, destination=destination)
    number, uid = 1, uids(series)[0]
    reject_instances(
        series.study,
        reason=ReasonCode.RETENTION_EXPIRED,
        actor=cast.theo,
        comment=WHY,
        sop_instance_uids=[uid],
    )
    hear()
    store_part10(part10(ct_slice(number, z=1.0)), site=cast.county, actor=SYSTEM)
    complete_series(series, "Made for a test.")

    assert queue_series(series, destination=destination) == 1
    send_due()

    assert set(recorder.received) == set(uids(series))
    assert Instance.objects.count() == 2


def rejected(series, cast):
    return reject_instances(
        series.study, reason=ReasonCode.WRONG_WORKLIST_ENTRY, actor=cast.theo, comment=WHY
    )


def notes() -> set[str]:
    return set(Notice.objects.filter(kind="rejection_note").values_list("node__ae_title", flat=True))


def test_rejection_notes_go_to_nodes_that_were_sent_the_images_and_to_no_others(
    make_series, node_destination, cast, recorder, hear
):
    series = make_series(2)
    queue_series(series, destination=node_destination(recorder.port, "HOLDS"))
    send_due()
    queue_series(series, destination=node_destination(1, "WAITS"))
    node_destination(1, "NEVER")

    rejected(series, cast)
    hear()
    hear()

    assert notes() == {"HOLDS"}
    assert Notice.objects.filter(kind="rejection_note").count() == 1


def test_no_note_that_names_the_patient_follows_de_identified_images(
    make_series, node_destination, cast, recorder, hear
):
    series = make_series(1)
    queue_series(series, destination=node_destination(recorder.port, "RESEARCH"), transforms=DEIDENTIFY)
    send_due()
    assert states() == {"sent": 1}

    rejected(series, cast)
    hear()

    assert notes() == set()


def test_a_node_that_waits_for_a_corrected_study_still_gets_the_note_of_what_it_holds(
    make_series, node_destination, cast, wang, recorder, hear
):
    series = make_series(1)
    queue_series(series, destination=node_destination(recorder.port, "HOLDS"))
    send_due()
    reassign_study(series.study, patient=wang, actor=cast.theo, comment=WHY)
    hear()
    rejected(series, cast)
    hear()

    assert states() == {"cancelled": 1}
    assert notes() == {"HOLDS"}
