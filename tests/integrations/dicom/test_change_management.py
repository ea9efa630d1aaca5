"""Rejection notes and availability over real sockets: who may reject, who is told, and what is evidence."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    InstanceAvailabilityNotification as Availability,
)

from accounts.models import AuditEvent
from archive.studies.corrections.notes import Named, make_note
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.rejection import reject
from archive.studies.judging import complete_series
from archive.studies.models import Instance, Series, SeriesEvidence, Study
from archive.studies.services import store_part10
from common.uids import derived_uid
from events.delivery import deliver_due as deliver_events
from integrations.dicom.models import AERole, ApplicationEntity, Notice
from integrations.dicom.notices import delivery
from integrations.dicom.scu.association import associate
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.dicom.serving import serve
from tests.integrations.dicom.test_commitment import CT, IMAGES

SERIES = derived_uid("study", "series")
KOS = KeyObjectSelectionDocumentStorage


@pytest.fixture
def study(cast, transactional_db):
    for number in (1, 2, 3):
        store_part10(part10(ct_slice(number)), site=cast.county, actor=CT, calling_ae_title="COUNTY_CT1")
    return Study.objects.get()


def publish_due(clock):
    """What was published reaches its subscribers when a nudge was lost: after the lease."""
    clock.advance(dt.timedelta(seconds=5))
    deliver_events()


def note(study, *uids):
    named = [Named(SERIES, "1.2.840.10008.5.1.4.1.1.2", uid) for uid in uids]
    data = make_note(
        study, named, reason=ReasonCode.WRONG_WORKLIST_ENTRY, like=ct_slice(1),
        sop_instance_uid=derived_uid("note"), series_instance_uid=derived_uid("notes"),
    )  # fmt: skip
    return dcmread(io.BytesIO(data))


def send_note(peer, study, *uids):
    with associate(peer, [build_context(KOS, "1.2.840.10008.1.2.1")]) as assoc:
        assert assoc.send_c_store(note(study, *uids)).Status == 0x0000


def test_a_modality_that_may_rejects_by_sending_a_note(peer, study, modality, clock):
    modality.roles = [*modality.roles, AERole.REJECTION_SCU]
    modality.save()

    send_note(peer, study, *IMAGES[:2])
    publish_due(clock)

    assert Instance.objects.get().sop_instance_uid == IMAGES[2]


def test_a_note_of_one_who_may_not_changes_nothing_and_is_told_in_the_trail(peer, study, clock):
    send_note(peer, study, *IMAGES)
    publish_due(clock)

    assert Instance.objects.count() == 4
    assert AuditEvent.objects.get(action="rejection_note.refused").detail["code"] == "AE_MAY_NOT"


@pytest.fixture
def pacs(cast):
    """A node that takes rejection notes and is told of availability."""
    got: list[Dataset] = []

    def on_store(event):
        got.append(event.dataset)
        return 0x0000

    def on_create(event):
        got.append(event.attribute_list)
        return 0x0000, None

    ae = AE("PACS")
    ae.add_supported_context(KOS)
    ae.add_supported_context(Availability)
    server, port = serve(ae, [(evt.EVT_C_STORE, on_store), (evt.EVT_N_CREATE, on_create)])
    ApplicationEntity.objects.create(
        ae_title="PACS", site=cast.county, roles=[AERole.REJECTION_SCP, AERole.AVAILABILITY_SCP],
        host="127.0.0.1", port=port,
    )  # fmt: skip
    yield got
    server.shutdown()


def test_our_rejection_reaches_those_who_hold_the_study(study, pacs, cast, clock):
    reject(study, reason=ReasonCode.PATIENT_SAFETY, actor=cast.theo, sop_instance_uids=IMAGES[:1])
    publish_due(clock)
    publish_due(clock)

    delivery.deliver_due()

    notes = [said for said in pacs if "ConceptNameCodeSequence" in said]
    (told,) = [said for said in pacs if "ConceptNameCodeSequence" not in said]
    assert [said.ConceptNameCodeSequence[0].CodeValue for said in notes] == ["113037"]
    states = {
        reference.ReferencedSOPInstanceUID: reference.InstanceAvailability
        for series in told.ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    }
    assert {uid: states[uid] for uid in IMAGES} == {
        IMAGES[0]: "UNAVAILABLE", IMAGES[1]: "ONLINE", IMAGES[2]: "ONLINE",
    }  # fmt: skip
    assert not Notice.objects.filter(delivered_at=None).exists()


def test_a_complete_series_is_told_as_available_here(study, pacs, clock, settings):
    complete_series(Series.objects.get(), "by the test")
    publish_due(clock)
    delivery.deliver_due()

    (told,) = pacs
    assert told.StudyInstanceUID == study.study_instance_uid
    (series,) = told.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == SERIES
    assert {item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence} == set(IMAGES)
    assert {(item.InstanceAvailability, item.RetrieveAETitle) for item in series.ReferencedSOPSequence} == {
        ("ONLINE", settings.DICOM_AE_TITLE)
    }


def availability(*uids, state="ONLINE"):
    said = Dataset()
    said.ReferencedPerformedProcedureStepSequence = []
    said.StudyInstanceUID = derived_uid("study")
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = SERIES, []
    for uid in uids:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", uid
        item.InstanceAvailability, item.RetrieveAETitle = state, "PACS"
        series.ReferencedSOPSequence.append(item)
    said.ReferencedSeriesSequence = [series]
    return said


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (availability(*IMAGES), 0x0000),
        (availability(), 0x0121),
        (availability(IMAGES[0], state="SOMEWHERE"), 0x0106),
        (availability("no uid"), 0x0106),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_a_node_says_it_holds_is_evidence(peer, modality, said, status):
    modality.roles = [AERole.AVAILABILITY_SCU]
    modality.save()

    with associate(peer, [build_context(Availability)]) as assoc:
        answer, _ = assoc.send_n_create(said, Availability, derived_uid("notification"))

    assert answer.Status == status
    named = [sorted(one.instance_uids) for one in SeriesEvidence.objects.filter(kind="availability")]
    assert named == ([sorted(IMAGES)] if status == 0x0000 else [])
