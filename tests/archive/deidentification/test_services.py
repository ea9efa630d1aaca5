"""Objects that belong together stay together, the holder of a key gets originals back, and refusals are named."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.deidentification.options import Option
from archive.deidentification.services import Profile, deidentify, reidentify
from common.errors import InvalidInput, NotPermitted
from compute.phantoms.geometry import StackGeometry
from compute.phantoms.headers import StudyHeader
from compute.phantoms.secondary import secondary_capture
from compute.phantoms.writing import datasets, make_phantom
from tests.archive.deidentification.conftest import as_file

TINY = StackGeometry(16, 16, 2, (9.0, 9.0), 3.0, 3.0)


def ct(seed=0, **header):
    made = datasets(
        make_phantom("ct"), TINY, StudyHeader(seed=seed, **header), transfer_syntax_uid=ExplicitVRLittleEndian
    )
    return list(made)


def test_the_result_says_what_was_done_to_it(applied):
    ds = applied(ct()[0], "descriptors", "modified_dates")

    assert ds.PatientIdentityRemoved == "YES"
    assert [code.CodeValue for code in ds.DeidentificationMethodCodeSequence] == [
        "113100",
        "113105",
        "113107",
    ]
    assert {code.CodingSchemeDesignator for code in ds.DeidentificationMethodCodeSequence} == {"DCM"}
    assert ds.LongitudinalTemporalInformationModified == "MODIFIED"
    assert "2026c" in ds.DeidentificationMethod
    assert applied(ct()[0]).LongitudinalTemporalInformationModified == "REMOVED"
    assert applied(ct()[0], "full_dates").LongitudinalTemporalInformationModified == "UNMODIFIED"


def test_objects_of_a_study_fit_together_across_objects_and_sessions(applied, keys):
    first, second = ct()
    second.ReferencedImageSequence = Items([Dataset()])
    second.ReferencedImageSequence[0].ReferencedSOPClassUID = first.SOPClassUID
    second.ReferencedImageSequence[0].ReferencedSOPInstanceUID = first.SOPInstanceUID

    a, b = (applied(ds, key_name="trial") for ds in (first, second))
    again = applied(ct()[0], key_name="trial")
    elsewhere = applied(ct()[0], key_name="other")

    assert a.StudyInstanceUID == b.StudyInstanceUID != first.StudyInstanceUID
    assert a.SeriesInstanceUID == b.SeriesInstanceUID
    assert a.FrameOfReferenceUID == b.FrameOfReferenceUID
    assert b.ReferencedImageSequence[0].ReferencedSOPInstanceUID == a.SOPInstanceUID
    assert b.ReferencedImageSequence[0].ReferencedSOPClassUID == first.SOPClassUID
    assert a.PatientID == b.PatientID == again.PatientID != elsewhere.PatientID
    assert again.SOPInstanceUID == a.SOPInstanceUID != elsewhere.SOPInstanceUID
    assert a.file_meta.MediaStorageSOPInstanceUID == a.SOPInstanceUID
    assert all(len(uid) <= 64 for uid in (a.StudyInstanceUID, a.SOPInstanceUID))


def test_days_between_a_patients_studies_stay_and_two_patients_shift_apart(applied):
    early, late = (
        applied(ct(acquired_at=day)[0], "modified_dates")
        for day in (
            dt.datetime(2026, 2, 27, 9, 30, tzinfo=dt.UTC),
            dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC),
        )
    )
    other = applied(ct(patient_id="ANOTHER")[0], "modified_dates")

    between = dt.date.fromisoformat(late.StudyDate) - dt.date.fromisoformat(early.StudyDate)
    assert between == dt.timedelta(days=3)
    assert early.StudyDate < "20260227"
    assert other.StudyDate != late.StudyDate
    assert early.StudyTime.startswith("093000")
    assert early.PatientBirthDate == ""


def test_characteristics_devices_and_uids_stay_where_asked(applied):
    source = ct()[0]
    plain = applied(source)
    kept = applied(source, "patient", "device", "uids", "institution")

    assert (plain.PatientSex, "PatientAge" in plain, plain.DeviceSerialNumber) == ("", False, "REMOVED")
    assert (kept.PatientSex, kept.PatientAge, kept.StationName) == ("M", source.PatientAge, "CT1")
    assert kept.SOPInstanceUID == source.SOPInstanceUID
    assert kept.InstitutionName == source.InstitutionName


def test_pixels_and_geometry_stay_as_they_are(applied):
    source = ct()[0]
    done = applied(source)

    assert done.PixelData == source.PixelData
    for keyword in ("ImagePositionPatient", "PixelSpacing", "RescaleIntercept", "Rows", "ImageType", "KVP"):
        assert done[keyword].value == source[keyword].value


def test_the_holder_of_the_key_gets_the_originals_back(cast, keys):
    source = ct(patient_name="Ouyang^Xiaohong=欧阳^晓红", patient_id="QX90817")[0]
    data = deidentify(as_file(source), profile=Profile(key_name="trial", is_reversible=True))
    assert b"QX90817" not in data
    assert "欧阳".encode() not in data

    back = dcmread(io.BytesIO(reidentify(data, key_name="trial", actor=cast.ines)))

    for keyword in (
        "PatientID",
        "PatientName",
        "StudyDate",
        "SOPInstanceUID",
        "StudyInstanceUID",
        "PatientBirthDate",
    ):
        assert back[keyword].value == source[keyword].value
    assert "EncryptedAttributesSequence" not in back
    assert "PatientIdentityRemoved" not in back
    line = AuditEvent.objects.get(action="object.reidentified")
    assert (line.person, line.detail) == (cast.ines, {"key_name": "trial"})
    assert line.object_uid == dcmread(io.BytesIO(data)).SOPInstanceUID


def test_an_object_with_sealed_originals_is_valid(keys, dicom_errors):
    data = deidentify(as_file(ct()[0]), profile=Profile(key_name="trial", is_reversible=True))

    assert dicom_errors(data) == []


def test_nobody_else_may_reidentify(cast, keys):
    data = deidentify(as_file(ct()[0]), profile=Profile(key_name="trial", is_reversible=True))

    for actor in (cast.otto, cast.rosa, SystemActor("routing")):
        with pytest.raises(NotPermitted):
            reidentify(data, key_name="trial", actor=actor)
    assert not AuditEvent.objects.filter(action="object.reidentified").exists()


def test_without_the_private_key_or_the_originals_nothing_comes_back(cast, keys):
    plain = deidentify(as_file(ct()[0]), profile=Profile(key_name="trial"))
    with pytest.raises(InvalidInput, match="no originals"):
        reidentify(plain, key_name="trial", actor=cast.ines)
    (keys / "trial.private.pem").unlink()
    with pytest.raises(InvalidInput, match="not on this machine"):
        reidentify(plain, key_name="trial", actor=cast.ines)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: Profile.named(["full_dates", "modified_dates"]), "OPTIONS_CONTRADICT"),
        (lambda: Profile.named(["everything"]), "OPTION_UNKNOWN"),
        (lambda: deidentify(b"no DICOM", profile=Profile()), "NOT_PART10"),
        (lambda: deidentify(as_file(ct()[0])[:400], profile=Profile()), "DATA_SET_DAMAGED"),
        (lambda: deidentify(as_file(ct()[0]), profile=Profile(key_name="unheld")), "KEY_MISSING"),
        (lambda: deidentify(as_file(ct()[0]), profile=Profile(key_name="../x")), "KEY_MISSING"),
        (lambda: deidentify(as_file(ct()[0]), profile=Profile(key_name="short")), "KEY_TOO_SHORT"),
        (
            lambda: deidentify(as_file(secondary_capture(StudyHeader())), profile=Profile()),
            "BURNED_IN_ANNOTATION",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(keys, make, code):
    with pytest.raises(InvalidInput) as refused:
        make()
    assert refused.value.code == code


def test_the_same_object_twice_is_the_same_bytes(keys):
    data = as_file(ct()[0])
    profile = Profile(frozenset({Option.CLEAN_DESCRIPTORS}), "trial")

    assert deidentify(data, profile=profile) == deidentify(data, profile=profile)
