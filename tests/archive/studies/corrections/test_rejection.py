"""Rejection notes: ours are valid documents that hide what they name, others' do what their code says."""

from __future__ import annotations

import io

import pytest
from pydicom import dcmread

from accounts.actors import SystemActor
from archive.storage.objects import read_object
from archive.studies.corrections.notes import Named, make_note, read_note
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.rejection import apply_note, reject
from archive.studies.corrections.withdrawal import restore_instances
from archive.studies.models import Instance, Study, WithdrawnInstance
from archive.studies.services import store_part10
from common.errors import Conflict, InvalidInput, NotPermitted
from common.uids import derived_uid
from tests.archive.studies.objects import ct_slice, part10
from tests.dciodvfy import dicom_errors

CT = SystemActor("dicom:CT1", "county")


@pytest.fixture
def study(cast, clock):
    for number in (1, 2, 3):
        store_part10(part10(ct_slice(number)), site=cast.county, actor=CT)
    return Study.objects.get()


def uid(number):
    return derived_uid("study", "series", number)


def note_of(correction):
    row = WithdrawnInstance.objects.get(sop_instance_uid=correction.detail["note"])
    return read_object(row.storage_key)


def note_naming(study, *numbers, reason=ReasonCode.PATIENT_SAFETY, uid_of=uid):
    named = [
        Named(derived_uid("study", "series"), "1.2.840.10008.5.1.4.1.1.2", uid_of(number))
        for number in numbers
    ]
    return make_note(
        study, named, reason=reason, like=ct_slice(1), sop_instance_uid=derived_uid("note", *numbers),
        series_instance_uid=derived_uid("notes"),
    )  # fmt: skip


def received(cast, data):
    outcome = store_part10(data, site=cast.county, actor=CT)
    return Instance.objects.get(pk=outcome.instance_pk)


@pytest.mark.parametrize("reason", [*ReasonCode][:4])
def test_our_rejection_leaves_a_note_that_says_why_and_what(study, cast, reason):
    correction = reject(study, reason=reason, actor=cast.theo, sop_instance_uids=[uid(2)], comment="运动伪影")

    note = read_note(dcmread(io.BytesIO(note_of(correction))))
    assert note is not None
    assert (note.reason, note.study_instance_uid) == (reason, study.study_instance_uid)
    assert [one.sop_instance_uid for one in note.named] == [uid(2)]
    assert set(Instance.objects.values_list("sop_instance_uid", flat=True)) == {uid(1), uid(3)}


def test_the_note_of_a_rejection_is_valid(study, cast):
    correction = reject(study, reason=ReasonCode.QUALITY, actor=cast.theo, comment="运动伪影")

    assert dicom_errors(note_of(correction)) == []


def test_rejecting_a_whole_study_hides_it_with_its_note_and_restoring_brings_all_back(study, cast):
    correction = reject(study, reason=ReasonCode.WRONG_WORKLIST_ENTRY, actor=cast.theo)
    assert not Study.objects.exists()
    assert correction.instance_count == 3, "the note is not counted"

    restore_instances(correction, actor=cast.theo)

    assert Study.objects.get().series.get().instances.count() == 3


def test_a_reason_that_is_none_of_a_note_is_refused(study, cast):
    with pytest.raises(InvalidInput):
        reject(study, reason=ReasonCode.DELETED, actor=cast.theo)


def test_a_received_note_withdraws_what_it_names_and_itself(study, cast):
    note = received(cast, note_naming(study, 1, 2))

    apply_note(note, site=cast.county, actor=CT)

    assert Instance.objects.get().sop_instance_uid == uid(3)
    assert set(WithdrawnInstance.objects.values_list("reason", flat=True)) == {"113037"}


@pytest.mark.parametrize(("shown", "left"), [(True, 4), (False, 1)])
def test_quality_rejections_stay_visible_only_where_that_is_wanted(study, cast, settings, shown, left):
    settings.DICOM_SHOW_QUALITY_REJECTED = shown

    apply_note(
        received(cast, note_naming(study, 1, 2, reason=ReasonCode.QUALITY)), site=cast.county, actor=CT
    )

    assert Instance.objects.count() == left


def test_what_a_note_names_before_it_comes_stays_out(study, cast):
    apply_note(received(cast, note_naming(study, 3, 4)), site=cast.county, actor=CT)

    with pytest.raises(Conflict) as refusal:
        store_part10(part10(ct_slice(4)), site=cast.county, actor=CT)

    assert refusal.value.code == "REJECTED_BEFORE"
    assert Instance.objects.count() == 2


def test_a_note_about_another_sites_study_does_nothing(study, cast):
    note = received(cast, note_naming(study, 1))

    with pytest.raises(NotPermitted):
        apply_note(note, site=cast.elsewhere, actor=CT)

    assert Instance.objects.count() == 4


def test_key_objects_that_reject_nothing_are_no_rejection(study, cast):
    dataset = dcmread(io.BytesIO(note_naming(study, 1)))
    dataset.ConceptNameCodeSequence[0].CodeValue = "113000"  # Of Interest
    note = received(cast, part10(dataset))

    assert apply_note(note, site=cast.county, actor=CT) is None
    assert Instance.objects.count() == 4


@pytest.mark.parametrize("harm", ["no study", "no uid", "two studies"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_notes_that_cannot_be_read_are_refused(study, harm):
    dataset = dcmread(io.BytesIO(note_naming(study, 1)))
    evidence = dataset.CurrentRequestedProcedureEvidenceSequence
    if harm == "no study":
        del dataset.CurrentRequestedProcedureEvidenceSequence
    elif harm == "two studies":
        evidence.append(evidence[0])
    else:
        evidence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "x'; --"

    with pytest.raises(InvalidInput):
        read_note(dataset)
