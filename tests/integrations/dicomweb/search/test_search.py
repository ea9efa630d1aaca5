"""Search as a web client sees it: every resource and required key, what is answered, pages, and who sees what.

How values match is left to the tests of the index's queries; syntax and statuses by the clause to tests/conformance.
"""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from tests.archive.studies.indexed import CT, add_patient, add_study
from tests.integrations.dicomweb.search.conftest import REQUEST

KEYWORDS = {
    "PatientName": "00100010", "PatientID": "00100020", "PatientBirthDate": "00100030", "PatientSex": "00100040",
    "StudyDate": "00080020", "StudyTime": "00080030", "AccessionNumber": "00080050", "InstanceAvailability": "00080056",
    "ModalitiesInStudy": "00080061", "ReferringPhysicianName": "00080090", "StudyInstanceUID": "0020000D",
    "StudyID": "00200010", "NumberOfStudyRelatedSeries": "00201206", "NumberOfStudyRelatedInstances": "00201208",
    "SpecificCharacterSet": "00080005", "RetrieveURL": "00081190", "Modality": "00080060",
    "SeriesDescription": "0008103E", "SeriesInstanceUID": "0020000E", "SeriesNumber": "00200011",
    "NumberOfSeriesRelatedInstances": "00201209", "PerformedProcedureStepStartDate": "00400244",
    "PerformedProcedureStepStartTime": "00400245", "RequestAttributesSequence": "00400275",
    "SOPClassUID": "00080016", "SOPInstanceUID": "00080018", "InstanceNumber": "00200013", "Rows": "00280010",
    "Columns": "00280011", "BitsAllocated": "00280100", "NumberOfFrames": "00280008", "StudyDescription": "00081030",
}  # fmt: skip


def found(client: Client, path: str, **query):
    response = client.get(f"/dicomweb{path}", query)
    assert response.status_code in {200, 204}, response.content
    return response.json() if response.status_code == 200 else []


def value(match, keyword):
    values = match[KEYWORDS[keyword]].get("Value")
    return None if values is None else values[0] if len(values) == 1 else values


def accessions(client: Client, path: str = "/studies", **query):
    return [value(match, "AccessionNumber") for match in found(client, path, **query)]


def test_a_study_is_answered_with_every_required_attribute(theo):
    (match,) = found(theo, "/studies", StudyInstanceUID="2.25.1")

    assert {keyword: value(match, keyword) for keyword, tag in KEYWORDS.items() if tag in match} == {
        "SpecificCharacterSet": "ISO_IR 192", "StudyDate": "20260105", "StudyTime": "080030", "AccessionNumber": "A1",
        "InstanceAvailability": "ONLINE", "ModalitiesInStudy": ["CT", "MR"],
        "ReferringPhysicianName": {"Alphabetic": "House^Gregory"},
        "RetrieveURL": "http://testserver/dicomweb/studies/2.25.1", "PatientName": {"Alphabetic": "SMITH1^JOHN"},
        "PatientID": "P1", "PatientBirthDate": "19600101", "PatientSex": "M", "StudyInstanceUID": "2.25.1",
        "StudyID": "1", "NumberOfStudyRelatedSeries": 2, "NumberOfStudyRelatedInstances": 4,
    }  # fmt: skip
    assert list(match) == sorted(match)


def test_a_series_is_answered_with_every_required_attribute(theo):
    first, second = found(theo, "/studies/2.25.1/series")

    assert {keyword: value(first, keyword) for keyword, tag in KEYWORDS.items() if tag in first} == {
        "SpecificCharacterSet": "ISO_IR 192", "Modality": "CT", "SeriesDescription": None,
        "RetrieveURL": "http://testserver/dicomweb/studies/2.25.1/series/2.25.1.1", "StudyInstanceUID": "2.25.1",
        "SeriesInstanceUID": "2.25.1.1", "SeriesNumber": 1, "NumberOfSeriesRelatedInstances": 2,
        "PerformedProcedureStepStartDate": "20260105", "PerformedProcedureStepStartTime": "080100",
        "RequestAttributesSequence": REQUEST["Value"],
    }  # fmt: skip
    assert value(second, "Modality") == "MR"


def test_an_instance_is_answered_with_every_required_attribute(theo):
    first, second = found(theo, "/studies/2.25.1/series/2.25.1.1/instances")

    assert {keyword: value(first, keyword) for keyword, tag in KEYWORDS.items() if tag in first} == {
        "SpecificCharacterSet": "ISO_IR 192", "SOPClassUID": CT, "SOPInstanceUID": "2.25.1.1.1",
        "InstanceAvailability": "ONLINE", "InstanceNumber": 1, "Rows": 512, "Columns": 256, "BitsAllocated": 16,
        "NumberOfFrames": 1,
        "RetrieveURL": "http://testserver/dicomweb/studies/2.25.1/series/2.25.1.1/instances/2.25.1.1.1",
        "StudyInstanceUID": "2.25.1", "SeriesInstanceUID": "2.25.1.1",
    }  # fmt: skip
    assert value(second, "SOPInstanceUID") == "2.25.1.1.2"


def test_what_the_path_does_not_name_is_answered_with_its_own_attributes(theo):
    (series,) = found(theo, "/series", SeriesInstanceUID="2.25.1.2")
    (instance,) = found(theo, "/instances", SOPInstanceUID="2.25.1.2.1")
    below_study = found(theo, "/studies/2.25.1/instances", limit="1")[0]

    assert [value(series, keyword) for keyword in ("PatientID", "Modality", "SeriesNumber")] == [
        "P1",
        "MR",
        2,
    ]
    assert [value(instance, keyword) for keyword in ("PatientID", "Modality", "Rows")] == ["P1", "MR", None]
    assert KEYWORDS["Modality"] in below_study
    assert KEYWORDS["PatientID"] not in below_study


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["A3", "A1", "A4"]),
        ({"StudyDate": "20260105"}, ["A1"]),
        ({"StudyDate": "20260101-20260131"}, ["A1"]),
        ({"00080020": "20260102-"}, ["A3", "A1"]),
        ({"StudyTime": "0800-0801"}, ["A1"]),
        ({"AccessionNumber": "A3"}, ["A3"]),
        ({"ModalitiesInStudy": "MR"}, ["A1"]),
        ({"ModalitiesInStudy": "MR,XA"}, ["A1"]),
        ({"ModalitiesInStudy": "MR\\XA"}, ["A1"]),
        ({"ReferringPhysicianName": "house*"}, ["A1"]),
        ({"PatientName": "li*"}, ["A3"]),
        ({"PatientName": "李*"}, ["A3"]),
        ({"PatientID": "P1"}, ["A1", "A4"]),
        ({"PatientID": "P?"}, ["A3", "A1", "A4"]),
        ({"StudyInstanceUID": "2.25.1,2.25.4"}, ["A1", "A4"]),
        ({"StudyInstanceUID": ["2.25.1", "2.25.4"]}, ["A1", "A4"]),
        ({"0020000d": "2.25.1\\2.25.3"}, ["A3", "A1"]),
        ({"StudyID": "4"}, ["A4"]),
        ({"PatientID": "P1", "StudyDate": "20260105"}, ["A1"]),
        ({"PatientID": "P1", "StudyDate": '""'}, ["A4"]),
        ({"PatientID": "nobody"}, []),
    ],
)
def test_every_required_study_key_matches(theo, query, expected):
    assert accessions(theo, **query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"Modality": "MR"}, ["2.25.1.2"]),
        ({"SeriesInstanceUID": "2.25.1.1,2.25.3.1"}, ["2.25.3.1", "2.25.1.1"]),
        ({"SeriesNumber": "2"}, ["2.25.1.2"]),
        ({"PerformedProcedureStepStartDate": "20260101-20260110"}, ["2.25.1.1"]),
        ({"PerformedProcedureStepStartTime": "0801"}, ["2.25.1.1"]),
        ({"RequestAttributesSequence.ScheduledProcedureStepID": "SPS2"}, ["2.25.1.1"]),
        ({"00400275.00401001": "RP1"}, ["2.25.1.1"]),
        ({"00400275.00400009": "SPS1", "RequestAttributesSequence.00401001": "RP1"}, ["2.25.1.1"]),
        ({"00400275.00400009": "SPS1", "RequestAttributesSequence.00401001": "RP2"}, []),
        ({"PatientID": "P3"}, ["2.25.3.1"]),
    ],
)
def test_every_required_series_key_matches(theo, query, expected):
    assert [value(match, "SeriesInstanceUID") for match in found(theo, "/series", **query)] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"SOPClassUID": CT}, ["2.25.1.1.1", "2.25.1.1.2"]),
        ({"SOPInstanceUID": "2.25.1.2.2"}, ["2.25.1.2.2"]),
        ({"InstanceNumber": "1"}, ["2.25.1.1.1", "2.25.1.2.1"]),
    ],
)
def test_every_required_instance_key_matches(theo, query, expected):
    matches = found(theo, "/studies/2.25.1/instances", **query)

    assert sorted(value(match, "SOPInstanceUID") for match in matches) == expected


@pytest.mark.parametrize("star", ["*", "%2A", "%2a"])
def test_a_wild_card_may_be_encoded_or_not(theo, star):
    response = theo.get("/dicomweb/studies", QUERY_STRING=f"PatientName=SMITH1{star}")

    assert [value(match, "AccessionNumber") for match in response.json()] == ["A1", "A4"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("john smith1", ["A1", "A4"]),
        ("Smyth", ["A1", "A4"]),
        ("smit", ["A1", "A4"]),
        ("jon", ["A1", "A4"]),
        ("hua li", ["A3"]),
        ("李", ["A3"]),
        ("john li", []),
        ("^^", ["A3", "A1", "A4"]),
    ],
)
def test_fuzzy_names_match_in_any_order_and_by_sound(theo, name, expected):
    assert accessions(theo, PatientName=name, fuzzymatching="true") == expected


def test_names_do_not_match_by_sound_unless_asked(theo):
    assert accessions(theo, PatientName="Smyth") == []
    assert accessions(theo, PatientName="Smyth", fuzzymatching="false") == []
    assert accessions(theo, ReferringPhysicianName="gregory house", fuzzymatching="true") == ["A1"]


def test_pages_follow_one_another_without_gap_or_overlap(theo, cast):
    patient = add_patient(cast.county, "Page", "Turner", "P9")
    for number in range(100, 107):
        add_study(cast.county, patient, number, date=dt.date(2025, 1, 1), modalities=())
    whole = accessions(theo, PatientID="P9")

    pages = [accessions(theo, PatientID="P9", limit="3", offset=str(at)) for at in (0, 3, 6, 9)]

    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [one for page in pages for one in page] == whole == [f"A{number}" for number in range(106, 99, -1)]


def test_a_page_that_is_not_the_last_says_so(theo):
    first = theo.get("/dicomweb/studies", {"limit": "2"})
    last = theo.get("/dicomweb/studies", {"limit": "2", "offset": "2"})

    assert "additional results" in first.headers["Warning"]
    assert first.headers["Warning"].startswith("299 ")
    assert "Warning" not in last.headers


def test_included_fields_are_answered_beside_the_required_ones(theo):
    (named,) = found(theo, "/studies", StudyInstanceUID="2.25.1", includefield="StudyDescription,00080062")
    (twice,) = found(
        theo, "/studies", StudyInstanceUID="2.25.1", includefield=["00081030", "SOPClassesInStudy"]
    )
    (everything,) = found(theo, "/studies", StudyInstanceUID="2.25.1", includefield="all")

    assert value(named, "StudyDescription") == ['CT "chest" ', " 2"]
    assert named == twice
    assert set(named) < set(everything)
    assert everything["00201200"] == {"vr": "IS", "Value": [2]}  # NumberOfPatientRelatedStudies, of this site
    assert everything["00080054"] == {"vr": "AE", "Value": ["CONSILIUM"]}


def test_all_fields_of_a_series_are_those_of_its_level(theo):
    first, _ = found(theo, "/studies/2.25.1/series", includefield="all")

    assert first["00081070"] == {"vr": "PN", "Value": [{"Alphabetic": "Ortiz^Ana"}]}
    assert first["00180050"] == {"vr": "DS", "Value": [1.25]}
    assert KEYWORDS["PatientName"] not in first


def test_an_ideographic_name_is_answered_in_its_own_group(theo):
    (match,) = found(theo, "/studies", PatientID="P3")

    assert value(match, "PatientName") == {"Alphabetic": "Li^Hua", "Ideographic": "李华"}
    assert match[KEYWORDS["PatientBirthDate"]] == {"vr": "DA"}


def test_an_attribute_that_cannot_be_matched_is_named_in_a_warning(theo):
    response = theo.get("/dicomweb/studies", {"Modality": "CT", "AccessionNumber": "A1"})

    assert len(response.json()) == 1
    assert "00080060" in response.headers["Warning"]


def test_another_sites_studies_are_not_there(client, cast, index):
    client.force_login(cast.otto)

    assert client.get("/dicomweb/studies").status_code == 204
    assert client.get("/dicomweb/series", {"SeriesInstanceUID": "2.25.1.1"}).status_code == 204
    assert client.get("/dicomweb/studies/2.25.1/series").status_code == 404
    assert client.get("/dicomweb/studies/2.25.1/instances").status_code == 404
    assert client.get("/dicomweb/studies/2.25.1/series/2.25.1.1/instances").status_code == 404


def test_a_series_is_found_below_its_own_study_only(theo):
    assert theo.get("/dicomweb/studies/2.25.3/series/2.25.1.1/instances").status_code == 404
    assert theo.get("/dicomweb/studies/2.25.1/series", {"Modality": "US"}).status_code == 204


def test_nobody_searches_without_signing_in(client, index):
    response = client.get("/dicomweb/studies")

    assert response.status_code == 401
    assert "WWW-Authenticate" in response.headers


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=-1", 400),
        ("limit=ten", 400),
        ("limit=1&limit=2", 400),
        ("offset=1e9", 400),
        ("offset=999999999999999999999", 400),
        ("fuzzymatching=maybe", 400),
        ("StudyDate=tomorrow", 400),
        ("StudyInstanceUID=1.2'--", 400),
        ("PatientName=%00", 400),
        ("PatientName=%ff%fe", 400),
        ("PatientName=" + "*a" * 40, 400),
        ("PatientName=" + "x" * 2000, 400),
        ("includefield=NoSuchField", 400),
        ("&".join(f"{number:08X}=1" for number in range(1000)), 413),
        ("StudyInstanceUID=" + ",".join(f"1.{number}" for number in range(3000)), 413),
        ("PatientName=" + "x" * 70_000, 413),
        (".".join(["00400275"] * 50) + "=1", 400),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(theo, query, status):
    assert theo.get("/dicomweb/studies", QUERY_STRING=query).status_code == status


def test_unusable_paths_and_methods_are_refused(theo):
    assert theo.get("/dicomweb/studies/1.2;x/series").status_code == 400
    assert theo.get("/dicomweb/studies/2.25.1/series", {"StudyInstanceUID": "2.25.3"}).status_code == 400
    assert theo.delete("/dicomweb/series").status_code == 405


@pytest.mark.parametrize(
    ("accept", "status", "content_type"),
    [
        ("application/dicom+json", 200, "application/dicom+json"),
        ("application/json", 200, "application/json"),
        ("*/*", 200, "application/dicom+json"),
        ("application/dicom+json; q=0.2, application/json", 200, "application/json"),
        ("text/html", 406, "application/json"),
    ],
)
def test_answers_are_dicom_json(theo, accept, status, content_type):
    response = theo.get("/dicomweb/studies", headers={"accept": accept})

    assert (response.status_code, response.headers["Content-Type"]) == (status, content_type)


@pytest.mark.parametrize("path", ["/studies", "/series", "/instances"])
def test_a_search_asks_the_database_the_same_however_much_it_finds(theo, cast, index, path):
    found(theo, path)
    with CaptureQueriesContext(connection) as few:
        assert 0 < len(found(theo, path, PatientID="P3")) < 5
    patient = add_patient(cast.county, "Many", "Studies", "P9")
    for number in range(100, 140):
        add_study(cast.county, patient, number, slices=1)
    with CaptureQueriesContext(connection) as many:
        assert len(found(theo, path, PatientID="P9", includefield="all")) == 40

    assert len(few) == len(many) <= 5


def test_searching_leaves_one_audit_line_an_hour_without_the_values(theo, cast, clock):
    for name in ("SMITH1", "LI"):
        found(theo, "/studies", PatientName=name)
    clock.advance(dt.timedelta(hours=1))
    found(theo, "/studies", StudyDate="20260105")

    lines = AuditEvent.objects.filter(action="studies.searched", person=cast.theo).order_by("id")
    assert [line.detail["keys"] for line in lines] == [["00100010"], ["00080020"]]
    assert "SMITH" not in str([line.detail for line in lines])
