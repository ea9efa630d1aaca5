"""DCMTK's findscu asks at every level of both models, by every kind of matching of PS3.4 §C.2.2.2."""

import pytest
from pydicom.dataset import Dataset

from common.uids import derived_uid
from integrations.dicom.models import AERole
from tests.integrations.dicom.retrieving import FINDSCU, dcmtk, found_by, hold_series, installed

pytestmark = pytest.mark.skipif(not installed(FINDSCU), reason="DCMTK is not installed")

A, B = derived_uid("a"), derived_uid("b")
A1, A2, B1 = derived_uid("a", "a1"), derived_uid("a", "a2"), derived_uid("b", "b1")
UNIQUE = {
    "PATIENT": "PatientID", "STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID",
}  # fmt: skip


def images(study, series, count):
    return {derived_uid(study, series, number) for number in range(1, count + 1)}


@pytest.fixture
def held(peer, modality, cast):
    """Study a of patient P1 with two series, study b of patient P2 with one."""
    modality.roles = [AERole.QUERY_SCU]
    modality.save()
    request = Dataset()
    request.RequestedProcedureID, request.ScheduledProcedureStepID = "RP7", "SPS7"
    hold_series(cast.county, 3, study="a", series="a1", RequestAttributesSequence=[request])
    hold_series(cast.county, 2, study="a", series="a2", Modality="MR", SeriesNumber=2)
    hold_series(
        cast.county, 2, study="b", series="b1", PatientID="P2", PatientName="Müller^Jörg", StudyDate="20260401",
        StudyTime="143000", Modality="MR",
    )  # fmt: skip
    return peer


def answers(held, model, level, *keys):
    """The unique keys DCMTK was answered with, and all it printed."""
    asked = [part for key in (f"QueryRetrieveLevel={level}", UNIQUE[level], *keys) for part in ("-k", key)]
    result = dcmtk(FINDSCU, held, "-v", model, *asked, held.host, held.port)
    assert result.returncode == 0, result.stderr
    said = result.stdout + result.stderr
    return {value for value in found_by(said.partition("Find Response")[2], UNIQUE[level]) if value}, said


@pytest.mark.parametrize(
    ("model", "level", "keys", "found"),
    [
        ("-P", "PATIENT", [], {"P1", "P2"}),
        ("-P", "STUDY", ["PatientID=P1"], {A}),
        ("-P", "SERIES", ["PatientID=P1", f"StudyInstanceUID={A}"], {A1, A2}),
        (
            "-P",
            "IMAGE",
            ["PatientID=P2", f"StudyInstanceUID={B}", f"SeriesInstanceUID={B1}"],
            images("b", "b1", 2),
        ),
        ("-S", "STUDY", [], {A, B}),
        ("-S", "SERIES", [f"StudyInstanceUID={B}"], {B1}),
        ("-S", "IMAGE", [f"StudyInstanceUID={A}", f"SeriesInstanceUID={A1}"], images("a", "a1", 3)),
    ],
)
def test_every_level_of_both_models_is_answered(held, model, level, keys, found):
    assert answers(held, model, level, *keys)[0] == found


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (["AccessionNumber", "PatientName="], {A, B}),  # universal: a key of no length matches all
        (["PatientID=P2"], {B}),
        (["PatientName=LI^H?A"], {A}),
        (["PatientName=*^j*"], {B}),
        (["StudyDate=20260302-20260331"], {A}),
        (["StudyDate=20260303-"], {B}),
        (["StudyDate=-20260401", "StudyTime=120000-150000"], {B}),
        ([f"StudyInstanceUID={A}\\{B}\\1.2.3"], {A, B}),
        (["ModalitiesInStudy=CT"], {A}),
        (["ModalitiesInStudy=CT\\MR"], {A, B}),
        (["ModalitiesInStudy=US\\XA"], set()),
        (["PatientID=P3"], set()),
    ],
)
def test_every_kind_of_matching_of_studies(held, keys, found):
    assert answers(held, "-S", "STUDY", *keys)[0] == found


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (["RequestAttributesSequence[0].RequestedProcedureID=RP7"], {A1}),
        (["RequestAttributesSequence[0].RequestedProcedureID=RP8"], set()),
        (["RequestAttributesSequence[0].ScheduledProcedureStepID=SPS*"], {A1}),
        (["Modality=M?"], {A2}),
        (["SeriesNumber=1"], {A1}),
    ],
)
def test_sequences_and_numbers_of_series_match(held, keys, found):
    assert answers(held, "-S", "SERIES", f"StudyInstanceUID={A}", *keys)[0] == found


def test_a_name_in_chinese_is_found_in_the_character_set_of_the_key(held):
    found, _ = answers(held, "-S", "STUDY", "SpecificCharacterSet=ISO_IR 192", "PatientName=*李*")

    assert found == {A}


def test_a_key_that_is_not_supported_is_reported_with_every_answer(held):
    _, with_it = answers(held, "-S", "STUDY", "PatientID=P1", "InstitutionAddress=")
    _, without = answers(held, "-S", "STUDY", "PatientID=P1")

    assert "Warning" in with_it.partition("Find Response")[2]
    assert "Warning" not in without.partition("Find Response")[2]
