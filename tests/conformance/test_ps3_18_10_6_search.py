"""PS3.18 §10.6 Search: the keys and answers of its tables, statuses and header fields.

What values find is tested with the views (tests/integrations/dicomweb/search).
"""

from __future__ import annotations

import pytest
from django.test import Client
from pydicom.datadict import keyword_for_tag

from tests.archive.studies.indexed import add_patient, add_study
from tests.conformance.native_xml import texts, valid_document
from tests.integrations.dicomweb.answers import strict_parts

STUDY, SERIES = "2.25.1", "2.25.1.1"
KEYS = {  # Table 10.6.1-5, Required IE Types of matching keys, with values each may have
    "/studies": {
        0x00080020: "20260105", 0x00080030: "0800", 0x00080050: "A1", 0x00080061: "CT", 0x00080090: "H*",
        0x00100010: "L*", 0x00100020: "P1", 0x0020000D: STUDY, 0x00200010: "1",
    },
    "/series": {
        0x00080060: "CT", 0x0020000E: SERIES, 0x00200011: "1", 0x00400244: "20260105", 0x00400245: "0800",
    },
    "/instances": {0x00080016: "1.2.840.10008.5.1.4.1.1.2", 0x00080018: f"{SERIES}.1", 0x00200013: "1"},
}  # fmt: skip
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
    ],
}  # fmt: skip


@pytest.fixture
def reader(client: Client, cast) -> Client:
    patient = add_patient(cast.county, "Li", "Hua", "P1")
    add_study(cast.county, patient, 1)
    client.force_login(cast.theo)
    return client


@pytest.mark.parametrize(("path", "tag"), [(path, tag) for path, keys in KEYS.items() for tag in keys])
def test_10_6_1_every_required_key_is_matched_by_tag_and_by_keyword(reader, path, tag):
    for name in (f"{tag:08X}", keyword_for_tag(tag)):
        response = reader.get(f"/dicomweb{path}", {name: KEYS[path][tag]})

        assert response.status_code in {200, 204}
        assert "Warning" not in response.headers


@pytest.mark.parametrize("path", ANSWERED)
def test_10_6_3_required_attributes_are_answered_unasked(reader, path):
    (match, *_) = reader.get(f"/dicomweb{path}").json()

    assert {f"{tag:08X}" for tag in ANSWERED[path]} <= match.keys()
    assert all(set(element) <= {"vr", "Value"} for element in match.values())


def test_8_3_4_4_1_no_match_is_204_without_a_payload(reader):
    response = reader.get("/dicomweb/studies", {"PatientID": "nobody"})

    assert (response.status_code, response.content) == (204, b"")


def test_8_3_4_4_1_an_offset_behind_the_last_match_is_204(reader):
    assert reader.get("/dicomweb/studies", {"offset": "1"}).status_code == 204


def test_8_3_4_4_1_further_results_are_told_in_a_warning(reader):
    response = reader.get(f"/dicomweb/studies/{STUDY}/instances", {"limit": "1"})

    assert len(response.json()) == 1
    assert response.headers["Warning"].startswith("299 ")


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
