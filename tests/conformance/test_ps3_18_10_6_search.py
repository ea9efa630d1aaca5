"""PS3.18 §10.6 Search: the keys and answers of its tables, statuses and header fields.

What values find is tested with the views (tests/integrations/dicomweb/search).
"""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from pydicom.datadict import keyword_for_tag

from tests.archive.studies.indexed import CT, MR, add_patient, add_study
from tests.conformance.native_xml import texts, valid_document
from tests.integrations.dicomweb.answers import strict_parts
from tests.integrations.dicomweb.search.conftest import REQUEST

STUDY, SERIES = "2.25.1", "2.25.1.1"
# Table 10.6.1-5: the Required matching keys of each level, with a value the study has and one that it has not
STUDY_KEYS = {
    "00080020": ("20260105", "20260106"), "00080030": ("0800", "0900"), "00080050": ("A1", "A2"),
    "00080061": ("CT", "MR"), "00080090": ("H*", "W*"), "00100010": ("L*", "M*"), "00100020": ("P1", "P2"),
    "0020000D": (STUDY, "2.25.2"), "00200010": ("1", "2"),
}  # fmt: skip
SERIES_KEYS = {
    "00080060": ("CT", "MR"), "0020000E": (SERIES, "2.25.1.2"), "00200011": ("1", "2"),
    "00400244": ("20260105", "20260106"), "00400245": ("0801", "0901"),
    "00400275.00400009": ("SPS2", "SPS3"), "00400275.00401001": ("RP1", "RP3"),
}  # fmt: skip
INSTANCE_KEYS = {"00080016": (CT, MR), "00080018": (f"{SERIES}.1", f"{SERIES}.9"), "00200013": ("1", "9")}
KEYS = {  # Table 10.6.1-5: the resources, with the levels whose keys they match
    "/studies": STUDY_KEYS,
    "/series": STUDY_KEYS | SERIES_KEYS,
    "/instances": STUDY_KEYS | SERIES_KEYS | INSTANCE_KEYS,
    f"/studies/{STUDY}/series": SERIES_KEYS,
    f"/studies/{STUDY}/instances": SERIES_KEYS | INSTANCE_KEYS,
    f"/studies/{STUDY}/series/{SERIES}/instances": INSTANCE_KEYS,
}
ANSWERED = {  # Tables 10.6.3-3, -4 and -5: what is answered without being asked for
    "/studies": [
        0x00080005, 0x00080020, 0x00080030, 0x00080050, 0x00080056, 0x00080061, 0x00080090, 0x00081190, 0x00100010,
        0x00100020, 0x00100030, 0x00100040, 0x0020000D, 0x00200010, 0x00201206, 0x00201208,
    ],
    f"/studies/{STUDY}/series": [
        0x00080005, 0x00080060, 0x0008103E, 0x00081190, 0x0020000E, 0x00200011, 0x00201209,
    ],
    f"/studies/{STUDY}/series/{SERIES}/instances": [
        0x00080005, 0x00080016, 0x00080018, 0x00080056, 0x00081190, 0x00200013, 0x00280008, 0x00280010, 0x00280011,
        0x00280100,
    ],
}  # fmt: skip


@pytest.fixture
def reader(client: Client, cast) -> Client:
    patient = add_patient(cast.county, "Li", "Hua", "P1")
    study = add_study(
        cast.county, patient, 1, date=dt.date(2026, 1, 5), time=dt.time(8, 0, 30),
        referring_physician_name="House^Gregory",
    )  # fmt: skip
    series = study.series.get()
    series.attributes |= {
        "00400244": {"vr": "DA", "Value": ["20260105"]},
        "00400245": {"vr": "TM", "Value": ["080100"]},
        "00400275": REQUEST,
    }
    series.save()
    client.force_login(cast.theo)
    return client


def named_both_ways(path: str) -> tuple[str, str]:
    return path, ".".join(keyword_for_tag(int(tag, 16)) for tag in path.split("."))


@pytest.mark.parametrize(("path", "key"), [(path, key) for path, keys in KEYS.items() for key in keys])
def test_10_6_1_every_required_key_is_matched_by_tag_and_by_keyword(reader, path, key):
    his, others = KEYS[path][key]
    for name in named_both_ways(key):
        found = reader.get(f"/dicomweb{path}", {name: his})
        missed = reader.get(f"/dicomweb{path}", {name: others})

        assert (found.status_code, missed.status_code) == (200, 204)
        assert {match["0020000D"]["Value"][0] for match in found.json()} == {STUDY}
        assert "Warning" not in found.headers
        assert "Warning" not in missed.headers


def test_8_3_4_3_all_fields_are_those_of_every_level_the_path_does_not_name(reader):
    (series,) = reader.get("/dicomweb/series", {"includefield": "all"}).json()
    below = reader.get(f"/dicomweb/studies/{STUDY}/series", {"includefield": "all"}).json()[0]

    assert {"00100010", "00081030", "0008103E", "00080080", "00180050", "00201209"} <= series.keys()
    assert {"0008103E", "00080080", "00180050", "00201209"} <= below.keys()
    assert not {"00100010", "00081030"} & below.keys()


@pytest.mark.parametrize("path", ANSWERED)
def test_10_6_3_required_attributes_are_answered_unasked(reader, path):
    (match, *_) = reader.get(f"/dicomweb{path}").json()

    assert {f"{tag:08X}" for tag in ANSWERED[path]} <= match.keys()
    assert all(set(element) <= {"vr", "Value"} for element in match.values())


def test_8_3_4_4_1_no_match_is_204_without_a_payload(reader):
    response = reader.get("/dicomweb/studies", {"PatientID": "nobody"})

    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response.headers  # §8.7.9


def test_8_3_4_4_1_an_offset_behind_the_last_match_is_204(reader):
    assert reader.get("/dicomweb/studies", {"offset": "1"}).status_code == 204


def test_8_3_4_4_1_further_results_are_told_in_a_warning(reader):
    response = reader.get(f"/dicomweb/studies/{STUDY}/instances", {"limit": "1"})

    assert len(response.json()) == 1
    warning = "299 http://testserver/dicomweb: There are additional results that can be requested"
    assert response.headers["Warning"] == warning


@pytest.mark.parametrize("query", ["_=1767600000", "PatientNom=nobody", "0010001=x", "limits=0"])
def test_8_3_unsupported_parameters_are_ignored_and_told_of(reader, query):
    response = reader.get("/dicomweb/studies", QUERY_STRING=f"PatientID=P1&{query}")

    assert [match["0020000D"]["Value"][0] for match in response.json()] == [STUDY]
    name = query.partition("=")[0]
    warning = f"299 http://testserver/dicomweb: Query parameters that are not supported were ignored: {name}"
    assert response.headers["Warning"] == warning


def test_8_3_what_is_no_name_is_ignored_and_not_repeated(reader):
    for name in ("%C3%A9t%C3%A9", "a,b", "x" * 65, '"; Set-Cookie'):
        response = reader.get("/dicomweb/studies", QUERY_STRING=f"{name}=1")
        assert response.status_code == 200
        assert response.headers["Warning"].endswith(": Query parameters that are not supported were ignored")


@pytest.mark.parametrize("query", ["limit=few", "fuzzymatching=perhaps", "includefield=NoSuchField"])
def test_8_3_a_supported_parameter_with_an_invalid_value_is_a_bad_request(reader, query):
    assert reader.get("/dicomweb/studies", QUERY_STRING=query).status_code == 400


def test_10_6_3_3_attributes_of_the_study_are_told_with_its_series_where_asked_for(reader):
    (series,) = reader.get(f"/dicomweb/studies/{STUDY}/series", {"includefield": "PatientID,00081030"}).json()
    (study,) = reader.get("/dicomweb/studies", {"includefield": "SeriesDescription"}).json()

    assert series["00100020"]["Value"] == ["P1"]
    assert "00081030" in series
    assert "0008103E" not in study


@pytest.mark.parametrize("path", ANSWERED)
def test_10_6_3_3_matches_come_as_xml_a_part_each_and_say_the_same(reader, path):
    told = reader.get(f"/dicomweb{path}").json()

    response = reader.get(
        f"/dicomweb{path}", headers={"Accept": 'multipart/related; type="application/dicom+xml"'}
    )
    documents = [valid_document(part.body) for part in strict_parts(response)]

    assert response.status_code == 200
    assert [[one.get("tag") for one in document] for document in documents] == [sorted(one) for one in told]
    for document, match in zip(documents, told, strict=True):
        assert texts(document, "00081190") == match["00081190"]["Value"]


def test_10_6_3_3_several_matches_do_not_go_into_one_document(reader):
    path = f"/dicomweb/studies/{STUDY}/instances"
    accept = {"Accept": "application/dicom+xml"}

    assert reader.get(path, headers=accept).status_code == 406
    one = reader.get(path, {"limit": "1"}, headers=accept)
    assert (one.status_code, one["Content-Type"]) == (200, "application/dicom+xml")
    valid_document(one.content)
