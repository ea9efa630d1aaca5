"""What leaves: as received while the index agrees, under the index's identity once a study was corrected."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from accounts.actors import SystemActor
from archive.mpi.models import Patient
from archive.mpi.services import register_patient
from archive.storage.objects import read_object
from archive.studies.coercion import with_values
from archive.studies.corrections.folding import file_under_survivor
from archive.studies.corrections.models import Correction
from archive.studies.corrections.services import merge_studies, reassign_study, split_study, undo_correction
from archive.studies.models import Instance, Study
from archive.studies.modified_header import Modification
from archive.studies.outgoing import identities_of, identity_of, outgoing_part10
from archive.studies.services import store_part10
from common.errors import InvalidInput
from common.identifiers import Authority, Identifier
from common.uids import derived_uid
from events.delivery import deliver_due
from tests.archive.orders.orders import make_patient, place_order
from tests.archive.studies.objects import ct_slice, part10
from tests.dciodvfy import new_errors

CT = SystemActor("dicom:CT1", "county")
WHY = "taken under the wrong worklist entry"
MODIFIED = Modification("county", dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC), "CORRECT")


def store(cast, *numbers, study="study", series="series", **elements) -> Study:
    for number in numbers:
        data = part10(ct_slice(number, study=study, series=series, **elements))
        store_part10(data, site=cast.county, actor=CT)
    return Study.objects.get(study_instance_uid=derived_uid(study))


@pytest.fixture
def study(cast, clock) -> Study:
    return store(cast, 1, 2)


@pytest.fixture
def wang(cast) -> Patient:
    return make_patient(cast, "2002", family_name="Wang", given_name="Fang", ideographic_name="王芳", sex="F")


def leaving(number: int = 0) -> tuple[bytes, Dataset]:
    data = outgoing_part10(Instance.objects.order_by("pk")[number])
    return data, dcmread(io.BytesIO(data))


def test_an_object_of_a_study_never_corrected_leaves_as_it_came_and_costs_no_statement(study):
    instance = Instance.objects.select_related("series__study").earliest("pk")

    with CaptureQueriesContext(connection) as asked:
        data = outgoing_part10(instance)

    assert data == read_object(instance.storage_key)
    assert not [one for one in asked.captured_queries if "studies_" in one["sql"] or "mpi_" in one["sql"]]


def test_a_reassigned_object_leaves_with_the_patient_and_order_of_the_index(study, cast, wang):
    order = place_order(cast, wang)
    stored = read_object(Instance.objects.earliest("pk").storage_key)
    reassign_study(study, patient=wang, order=order, actor=cast.theo, comment=WHY)

    _, dataset = leaving()

    assert str(dataset.PatientName) == "Wang^Fang=王芳"
    assert (dataset.PatientID, dataset.IssuerOfPatientID) == ("2002", "COUNTY")
    assert (dataset.PatientBirthDate, dataset.PatientSex) == ("19580412", "F")
    assert dataset.AccessionNumber == order.accession_number
    before = dcmread(io.BytesIO(stored))
    assert dataset.PixelData == before.PixelData
    assert dataset.SOPInstanceUID == before.SOPInstanceUID
    assert read_object(Instance.objects.earliest("pk").storage_key) == stored


def test_the_former_values_stay_inside_with_source_time_and_reason(study, cast, wang, settings):
    reassign_study(study, patient=wang, actor=cast.theo, comment=WHY)

    _, dataset = leaving()

    (item,) = dataset.OriginalAttributesSequence
    assert (item.SourceOfPreviousValues, item.ModifyingSystem) == ("county", settings.DICOM_AE_TITLE)
    assert item.ReasonForTheAttributeModification == "CORRECT"
    assert item.AttributeModificationDateTime == "20260302080000.000000+0000"
    (former,) = item.ModifiedAttributesSequence
    assert (str(former.PatientName), former.PatientID) == ("Li^Hua=李^华", "P1")
    assert former.PatientBirthDate == "19600101"
    assert "PatientSex" not in former  # it was F before and is F now


def test_the_same_object_leaves_in_the_same_bytes_every_time(study, cast, wang, clock):
    reassign_study(study, patient=wang, actor=cast.theo, comment=WHY)
    first, _ = leaving()
    clock.advance(dt.timedelta(days=1))

    assert leaving()[0] == first


def test_the_patient_id_is_the_one_the_owning_site_issued(study, cast):
    patient = register_patient(
        identifiers=[
            Identifier("E-9", Authority("ELSEWHERE")), Identifier("2002", cast.county.authority),
        ],
        site=cast.county, family_name="Wang", given_name="Fang", birth_date=None, sex="F", actor=CT, source="test",
    )  # fmt: skip
    reassign_study(study, patient=patient, actor=cast.theo, comment=WHY)

    _, dataset = leaving()

    assert (dataset.PatientID, dataset.IssuerOfPatientID) == ("2002", cast.county.authority_namespace)
    assert dataset.PatientBirthDate == ""


def test_what_else_told_of_the_former_patient_and_order_does_not_go_with_the_new(cast, clock, wang):
    request = Dataset()
    request.RequestedProcedureID = "OF-LI"
    study = store(
        cast, 1, OtherPatientIDs="LI-2", PatientAge="066Y", AccessionNumber="ACC-LI", PatientWeight=70,
        RequestAttributesSequence=[request],
    )  # fmt: skip
    reassign_study(study, patient=wang, order=place_order(cast, wang), actor=cast.theo, comment=WHY)

    _, dataset = leaving()

    for keyword in ("OtherPatientIDs", "PatientAge", "RequestAttributesSequence"):
        assert keyword not in dataset
    former = dataset.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    assert (former.OtherPatientIDs, former.AccessionNumber) == ("LI-2", "ACC-LI")
    assert former.RequestAttributesSequence[0].RequestedProcedureID == "OF-LI"
    assert dataset.PatientWeight == 70  # measured on whoever lay there


def test_a_study_taken_from_its_order_leaves_without_accession_number(cast, clock):
    li = make_patient(cast, "P1")
    order = place_order(cast, li)
    study = store(cast, 1, AccessionNumber=order.accession_number)
    assert study.order == order
    correction = reassign_study(study, patient=make_patient(cast, "2002"), actor=cast.theo, comment=WHY)

    assert leaving()[1].AccessionNumber == ""
    undo_correction(correction, actor=cast.theo)
    study.refresh_from_db()
    assert study.accession_number == order.accession_number


def test_after_undoing_an_object_leaves_as_it_came(study, cast, wang):
    first = reassign_study(study, patient=wang, actor=cast.theo, comment=WHY)
    second = reassign_study(study, patient=make_patient(cast, "3003"), actor=cast.theo, comment=WHY)

    undo_correction(second, actor=cast.theo)
    assert leaving()[1].PatientID == "2002"
    undo_correction(first, actor=cast.theo)
    assert leaving()[0] == read_object(Instance.objects.earliest("pk").storage_key)


def test_studies_of_a_folded_patient_leave_with_the_survivor(study, cast, wang):
    Patient.objects.filter(pk=study.patient.pk).update(merged_into=wang)
    assert file_under_survivor(Patient.objects.get(pk=study.patient.pk), actor=CT) == 1

    study.refresh_from_db()
    assert study.patient == wang
    assert leaving()[1].PatientID == "2002"


def test_what_is_merged_out_of_a_corrected_study_carries_the_corrected_patient(study, cast, wang, clock):
    into = store(cast, 1, study="into", PatientID="2002")
    assert into.patient == wang
    reassign_study(study, patient=wang, actor=cast.theo, comment=WHY)
    study.refresh_from_db()
    merge_studies(study, into, actor=cast.theo, comment=WHY)
    clock.advance(dt.timedelta(seconds=5))
    deliver_due()

    held = Instance.objects.filter(series__study=into)
    assert held.count() == 3
    assert not Correction.objects.filter(performed_at=None).exists()
    for instance in held:
        assert dcmread(io.BytesIO(outgoing_part10(instance))).PatientID == "2002"


def test_copies_of_a_split_carry_the_patient_id_of_the_owning_site(study, cast, clock):
    store(cast, 1, series="other")
    patient = register_patient(
        identifiers=[Identifier("E-9", Authority("ELSEWHERE")), Identifier("2002", cast.county.authority)],
        site=cast.county, family_name="Wang", given_name="Fang", birth_date=None, sex="F", actor=CT, source="test",
    )  # fmt: skip
    split_study(study, [derived_uid("study", "other")], patient=patient, actor=cast.theo, comment=WHY)
    clock.advance(dt.timedelta(seconds=5))
    deliver_due()

    copy = Instance.objects.get(series__study__patient=patient)
    assert dcmread(io.BytesIO(outgoing_part10(copy))).PatientID == "2002"


def test_identities_cost_the_same_for_one_study_and_for_many(cast, clock, wang):
    studies = [store(cast, 1, study=f"study {number}") for number in range(5)]
    for study in studies:
        reassign_study(study, patient=wang, actor=cast.theo, comment=WHY)
    counts = []
    for several in (studies[:1], studies):
        with CaptureQueriesContext(connection) as asked:
            assert len(identities_of([study.pk for study in several])) == len(several)
        counts.append(len(asked))
    assert counts == [2, 2]
    untouched = store(cast, 1, study="untouched")
    with CaptureQueriesContext(connection) as asked:
        assert identity_of(untouched) is None
    assert len(asked) == 0


SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
]


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
@pytest.mark.parametrize("name", ["Smith^Anna", "王^芳"])
def test_every_encoding_keeps_its_pixels_and_all_other_elements(syntax, name):
    dataset = ct_slice(
        1,
        SpecificCharacterSet="ISO_IR 100",
        PatientName="Müller^Jürgen",
        StudyDescription="Schädel",
    )
    dataset.add_new(0x00091010, "LO", "private")
    dataset.add_new(0x00090010, "LO", "MAKER")
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    dataset.ReferencedImageSequence = [reference]
    dataset.file_meta.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    dcmwrite(
        buffer, dataset, enforce_file_format=True, implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
    )  # fmt: skip

    changed = dcmread(io.BytesIO(with_values(buffer.getvalue(), {"PatientName": name}, MODIFIED)))

    before = dcmread(io.BytesIO(buffer.getvalue()))
    assert str(changed.PatientName) == name
    former = changed.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
    assert str(former.PatientName) == "Müller^Jürgen"
    assert changed.StudyDescription == "Schädel"
    assert changed.file_meta == before.file_meta
    added = {"PatientName", "OriginalAttributesSequence", "SpecificCharacterSet"}
    assert [element for element in changed if element.keyword not in added] == [
        element for element in before if element.keyword not in added
    ]


def test_compressed_frames_are_passed_on_byte_for_byte():
    frames = encapsulate([bytes([number]) * 50 for number in range(3)])
    dataset = ct_slice(1, PixelData=frames, NumberOfFrames=3)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = RLELossless
    data = part10(dataset)

    changed = with_values(data, {"PatientID": "2002"}, MODIFIED)

    assert changed[changed.index(b"\xe0\x7f\x10\x00") :] == data[data.index(b"\xe0\x7f\x10\x00") :]
    assert dcmread(io.BytesIO(changed)).PatientID == "2002"


def test_an_object_that_says_so_already_is_not_touched():
    data = part10(ct_slice(1))

    assert (
        with_values(data, {"PatientName": "Li^Hua=李^华", "PatientID": "P1", "AccessionNumber": ""}, MODIFIED)
        is data
    )


def test_an_object_that_cannot_be_changed_does_not_leave(study, cast, wang):
    data = part10(ct_slice(1))

    with pytest.raises(InvalidInput):
        with_values(data[:100], {"PatientID": "2002"}, MODIFIED)


def test_earlier_modifications_stay_before_ours():
    once = with_values(part10(ct_slice(1)), {"PatientID": "2"}, MODIFIED)
    twice = dcmread(io.BytesIO(with_values(once, {"PatientID": "3"}, MODIFIED)))

    former = [item.ModifiedAttributesSequence[0].PatientID for item in twice.OriginalAttributesSequence]
    assert former == ["P1", "2"]


def test_dciodvfy_finds_no_new_error_in_real_objects_and_their_pixels_are_untouched(shared_data):
    paths = [path for path in sorted((shared_data / "dicom").rglob("*")) if path.is_file()]
    changed_ones = 0
    for path in paths[:: max(1, len(paths) // 40)]:
        data = path.read_bytes()
        if data[128:132] != b"DICM" or len(data) > 8 << 20:
            continue
        values = {
            "PatientName": "Wang^Fang", "PatientID": "2002", "IssuerOfPatientID": "COUNTY",
            "PatientBirthDate": "19580412", "PatientSex": "F", "AccessionNumber": "A1",
        }  # fmt: skip
        try:
            before = dcmread(io.BytesIO(data))
            before.decode()
            if "SOPInstanceUID" not in before:
                continue  # a directory, which is no instance
            changed = with_values(data, values, MODIFIED)
        except Exception:  # noqa: S112 - the corpus holds damaged files too
            continue
        assert new_errors(changed, data) == []
        assert dcmread(io.BytesIO(changed)).get("PixelData") == before.get("PixelData")
        changed_ones += 1
    assert changed_ones > 10
