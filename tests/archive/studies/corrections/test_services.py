"""Corrections a person makes, with their consequences, and undone."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.studies.corrections.copying import perform_planned
from archive.studies.corrections.models import Correction
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.services import (
    merge_studies,
    reassign_study,
    reject_instances,
    split_study,
    undo_correction,
)
from archive.studies.models import Instance, Series, Study
from archive.studies.selectors import read_dataset
from archive.studies.services import store_part10
from common.errors import Conflict, InvalidInput, NotFound
from common.uids import derived_uid
from events.delivery import deliver_due
from events.services import Event
from tests.archive.orders.orders import make_patient, place_order
from tests.archive.studies.objects import ct_slice, part10

CT = SystemActor("dicom:CT1", "county")
WHY = "taken under the wrong worklist entry"


def store(cast, *numbers, study="study", series="series", **elements):
    for number in numbers:
        dataset = ct_slice(number, study=study, series=series, **elements)
        store_part10(part10(dataset), site=cast.county, actor=CT)
    return Study.objects.get(study_instance_uid=derived_uid(study))


@pytest.fixture
def study(cast, clock):
    store(cast, 1, 2, 3)
    return store(cast, 1, 2, series="other")


@pytest.fixture
def perform(clock):
    def perform():
        clock.advance(dt.timedelta(seconds=5))
        deliver_due()

    return perform


def test_a_reassigned_study_answers_with_its_new_patient_and_keeps_its_bytes(study, cast):
    patient = make_patient(cast, "2002", family_name="Wang", given_name="Fang")
    order = place_order(cast, patient)
    before = read_dataset(Instance.objects.earliest("pk"))

    correction = reassign_study(study, patient=patient, order=order, actor=cast.theo, comment=WHY)

    study.refresh_from_db()
    assert (study.patient, study.order, study.match_reason) == (patient, order, "Reassigned by a person")
    assert read_dataset(Instance.objects.earliest("pk")) == before
    line = AuditEvent.objects.get(action="study.reassigned")
    assert line.detail["correction"] == str(correction.uid)
    assert WHY not in str(line.detail)


def test_undoing_a_reassignment_files_the_study_as_it_was(study, cast):
    first = study.patient
    correction = reassign_study(study, patient=make_patient(cast, "2002"), actor=cast.theo, comment=WHY)

    undo_correction(correction, actor=cast.theo)

    study.refresh_from_db()
    assert study.patient == first
    with pytest.raises(Conflict, match="undone already"):
        undo_correction(correction, actor=cast.theo)


def test_a_correction_is_not_undone_over_a_later_one(study, cast):
    correction = reassign_study(study, patient=make_patient(cast, "2002"), actor=cast.theo, comment=WHY)
    reassign_study(study, patient=make_patient(cast, "3003"), actor=cast.theo, comment=WHY)

    with pytest.raises(Conflict) as refusal:
        undo_correction(correction, actor=cast.theo)

    assert refusal.value.code == "CHANGED_SINCE"


@pytest.mark.parametrize("person", ["otto", "rosa", "ivo"])
def test_who_may_not_correct_finds_no_study(study, cast, person):
    with pytest.raises(NotFound):
        reject_instances(study, reason=ReasonCode.QUALITY, actor=getattr(cast, person), comment=WHY)

    assert Instance.objects.count() == 5


def test_a_correction_without_a_reason_in_words_is_refused(study, cast):
    with pytest.raises(InvalidInput) as refusal:
        reject_instances(study, reason=ReasonCode.QUALITY, actor=cast.theo, comment="  ")

    assert refusal.value.fields == {"comment": "This field is required."}


def test_an_order_of_another_patient_is_refused(study, cast):
    order = place_order(cast, make_patient(cast, "3003"))

    with pytest.raises(InvalidInput):
        reassign_study(study, patient=make_patient(cast, "2002"), order=order, actor=cast.theo, comment=WHY)


def test_a_split_writes_the_series_anew_and_rejects_the_old(study, cast, perform):
    old = Series.objects.get(series_instance_uid=derived_uid("study", "other"))
    patient = make_patient(cast, "2002", family_name="王", given_name="芳", ideographic_name="王芳")

    correction = split_study(study, [old.series_instance_uid], patient=patient, actor=cast.theo, comment=WHY)
    assert correction.performed_at is None
    perform()

    correction.refresh_from_db()
    new = Study.objects.exclude(pk=study.pk).get()
    assert new.study_instance_uid == correction.detail["target"]
    assert (new.patient, new.series.get().instances.count()) == (patient, 2)
    assert [one.series_instance_uid for one in study.series.all()] == [derived_uid("study", "series")]
    copy = read_dataset(new.series.get().instances.earliest("instance_number"))
    assert copy.StudyInstanceUID == new.study_instance_uid
    assert (copy.PatientID, str(copy.PatientName)) == ("2002", "王^芳=王芳")
    assert copy.pixel_array.max() == 1
    original = copy.OriginalAttributesSequence[-1].ModifiedAttributesSequence[0]
    assert original.StudyInstanceUID == study.study_instance_uid
    assert original.SeriesInstanceUID == old.series_instance_uid
    assert original.SOPInstanceUID == derived_uid("study", "other", 1)
    assert (original.PatientID, str(original.PatientName)) == ("P1", "Li^Hua=李^华")


def test_undoing_a_split_brings_the_old_series_back_and_takes_the_copies_away(study, cast, perform):
    correction = split_study(study, [derived_uid("study", "other")], actor=cast.theo, comment=WHY)
    with pytest.raises(Conflict, match="still being made"):
        undo_correction(correction, actor=cast.theo)
    perform()

    undo_correction(Correction.objects.get(pk=correction.pk), actor=cast.theo)

    assert Study.objects.get() == study
    assert study.series.count() == 2
    assert Instance.objects.count() == 5


def test_a_merge_moves_everything_into_the_other_study(study, cast, perform):
    into = store(cast, 1, study="target", AccessionNumber="ACC7")

    merge_studies(study, into, actor=cast.theo, comment=WHY)
    perform()

    assert Study.objects.get() == into
    assert (into.series.count(), Instance.objects.count()) == (3, 6)
    moved = Instance.objects.exclude(series__series_instance_uid=derived_uid("target", "series"))
    assert {read_dataset(one).AccessionNumber for one in moved} == {"ACC7"}


def test_studies_of_two_patients_are_not_merged(study, cast):
    into = store(cast, 1, study="target", PatientID="P2")

    with pytest.raises(InvalidInput) as refusal:
        merge_studies(study, into, actor=cast.theo, comment=WHY)

    assert refusal.value.code == "TWO_PATIENTS"


def test_references_among_what_is_moved_follow_it(study, cast, perform):
    reference = ct_slice(1, study="study", series="other")
    item = type(reference)()
    item.ReferencedSOPClassUID = reference.SOPClassUID
    item.ReferencedSOPInstanceUID = reference.SOPInstanceUID
    store(cast, 3, series="other", ReferencedImageSequence=[item])

    correction = split_study(study, [derived_uid("study", "other")], actor=cast.theo, comment=WHY)
    perform()

    correction.refresh_from_db()
    copies = correction.detail["copies"]
    moved = Instance.objects.get(sop_instance_uid=copies[derived_uid("study", "other", 3)])
    (followed,) = read_dataset(moved).ReferencedImageSequence
    assert followed.ReferencedSOPInstanceUID == copies[reference.SOPInstanceUID]


def test_what_fails_half_way_leaves_nothing_and_is_done_the_next_time(
    study, cast, perform, monkeypatch, clock
):
    correction = split_study(study, [derived_uid("study", "other")], actor=cast.theo, comment=WHY)
    done: list[int] = []

    def store_one_and_die(*arguments, **named):
        if done:
            raise OSError("the process ends here")
        done.append(1)
        return store_part10(*arguments, **named)

    monkeypatch.setattr("archive.studies.corrections.copying.store_part10", store_one_and_die)
    perform()
    assert Study.objects.count() == 1
    assert Instance.objects.count() == 5
    monkeypatch.undo()

    perform()

    correction.refresh_from_db()
    assert correction.performed_at is not None
    assert Study.objects.count() == 2


def test_an_instance_that_comes_to_a_moved_series_is_not_lost(study, cast, perform):
    split_study(study, [derived_uid("study", "other")], actor=cast.theo, comment=WHY)
    perform()

    store(cast, 9, series="other")

    late = Instance.objects.get(sop_instance_uid=derived_uid("study", "other", 9))
    assert late.series in study.series.all()


def test_two_corrections_of_a_study_do_not_cross(study, cast):
    split_study(study, [derived_uid("study", "other")], actor=cast.theo, comment=WHY)

    with pytest.raises(Conflict) as refusal:
        split_study(study, [derived_uid("study", "series")], actor=cast.theo, comment=WHY)

    assert refusal.value.code == "CORRECTION_UNDER_WAY"


def test_a_correction_that_was_made_is_not_made_again(study, cast, perform):
    correction = split_study(study, [derived_uid("study", "other")], actor=cast.theo, comment=WHY)
    perform()
    count = Instance.objects.count()

    payload = {"correction": str(correction.uid)}
    perform_planned(Event(uuid.uuid4(), "CorrectionPlanned", payload, correction.trace_id))

    assert Instance.objects.count() == count
