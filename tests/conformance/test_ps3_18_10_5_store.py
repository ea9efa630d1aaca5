"""PS3.18 §10.5 Store: of every payload the status, and the response module in both its media types.

What becomes of the objects is tested with the views (tests/integrations/dicomweb/test_store*.py).
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydicom.dataset import Dataset

from archive.studies.models import Instance
from tests.conformance.native_xml import NAMESPACE, texts, valid_document
from tests.integrations.dicomweb.conftest import nothing_noted_before, program_of
from tests.integrations.dicomweb.storing import RELATED, STUDIES, multipart, slices
from tests.portal.stored_images import ct_slice, part10

__all__ = ["nothing_noted_before", "program_of"]  # fixtures
STUDY, SERIES = "1.2.3", "1.2.3.4"
CLASS_UID, INSTANCE_UID, URL = "00081150", "00081155", "00081190"
WARNING, FAILURE, FAILED, STORED, OTHER = "00081196", "00081197", "00081198", "00081199", "0008119A"


@pytest.fixture
def store(cast, program_of):
    client = program_of(cast.theo)

    def post(*objects: bytes, path: str = STUDIES, accept: str = "application/dicom+json", **more):
        body = more.pop("body", None) or multipart(*objects)
        return client.post(
            path, data=body, content_type=more.pop("kind", RELATED), headers={"Accept": accept}
        )

    return post


def items(response, tag: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = response.json().get(tag, {}).get("Value", [])
    return found


def test_10_5_3_1_200_all_instances_are_stored(store):
    response = store(*slices(2))

    assert response.status_code == 200
    assert response["Content-Type"] == "application/dicom+json"
    assert len(items(response, STORED)) == 2
    assert FAILED not in response.json()


def test_10_5_3_1_202_some_are_stored_and_the_others_told_of(store):
    (good,) = slices(1)
    elsewhere = part10(ct_slice("9.9.9", "9.9.9.1", 0))

    response = store(good, elsewhere, path=f"{STUDIES}/{STUDY}")

    assert response.status_code == 202
    (failed,) = items(response, FAILED)
    assert failed[FAILURE] == {"vr": "US", "Value": [0xA900]}  # table I.2-2: not of the study that was named
    assert len(items(response, STORED)) == 1


def test_10_5_3_1_409_no_instance_could_be_stored(store):
    (good,) = slices(1)
    assert store(good).status_code == 200
    other = part10(ct_slice(STUDY, SERIES, 0, value=99))

    response = store(other)

    assert response.status_code == 409
    (failed,) = items(response, FAILED)
    assert failed[FAILURE]["Value"] == [0x0111]  # duplicate SOP instance


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ('multipart/related; type="application/dicom"', b"--frontier--", 400),  # no boundary is named
        (RELATED, b"--frontier--\r\n", 400),
        (RELATED, b"--frontier\r\nContent-Type: application/dicom\r\n\r\nDICM", 400),
        ("text/plain", b"hello", 415),
        ("multipart/form-data; boundary=frontier", b"--frontier--\r\n", 415),
        ('multipart/related; type="image/jpeg"; boundary=frontier', b"--frontier--\r\n", 415),
        ("application/dicom", b"", 409),
    ],
)
def test_10_5_3_1_messages_that_cannot_be_read_or_taken(store, kind, body, status):
    response = store(kind=kind, body=body)

    assert response.status_code == status


def test_10_5_3_1_413_more_than_is_taken_in_a_request(store, settings):
    settings.STOW_MOST_PARTS = 1

    assert store(*slices(2)).status_code == 413


def test_8_7_5_406_a_response_in_no_acceptable_media_type_and_nothing_is_stored(store):
    assert store(*slices(1), accept="image/png").status_code == 406
    assert not Instance.objects.exists()


def test_i_2_a_stored_instance_is_named_with_where_it_can_be_had(store):
    response = store(*slices(1))
    (stored,) = items(response, STORED)
    uid = Instance.objects.get().sop_instance_uid

    assert stored[CLASS_UID] == {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]}
    assert stored[INSTANCE_UID] == {"vr": "UI", "Value": [uid]}
    path = f"/dicomweb/studies/{STUDY}/series/{SERIES}/instances/{uid}"
    assert stored[URL] == {"vr": "UR", "Value": [f"http://testserver{path}"]}
    assert response.json()[URL]["Value"] == [f"http://testserver/dicomweb/studies/{STUDY}"]


def test_i_2_what_names_no_instance_is_an_other_failure(store):
    response = store(*slices(1), b"no DICOM at all")

    assert response.status_code == 202
    (other,) = items(response, OTHER)
    assert other == {FAILURE: {"vr": "US", "Value": [0xC000]}}


def test_10_5_3_3_the_response_is_had_as_xml_and_says_the_same(store):
    objects = [*slices(2), b"no DICOM at all"]
    told = store(*objects).json()

    response = store(*objects, accept="application/dicom+xml")
    document = valid_document(response.content)

    assert response["Content-Type"] == "application/dicom+xml"
    assert [one.get("tag") for one in document] == sorted(told)
    by_json = [one[INSTANCE_UID]["Value"][0] for one in told[STORED]["Value"]]
    assert texts(document, STORED, "Item", f"DicomAttribute[@tag='{INSTANCE_UID}']", "Value") == by_json
    keyword = f"//d:DicomAttribute[@tag='{FAILURE}']/@keyword"
    assert document.xpath(keyword, namespaces=NAMESPACE) == ["FailureReason"]


def test_10_5_2_metadata_and_bulk_data_are_a_payload_too(store):
    dataset = Dataset.from_json(ct_slice(STUDY, SERIES, 0).to_json_dict())
    pixels = dataset.PixelData
    model = json.loads(dataset.to_json())
    model["7FE00010"] = {"vr": "OW", "BulkDataURI": "pixels"}
    head = b"--frontier\r\nContent-Type: application/dicom+json; transfer-syntax=1.2.840.10008.1.2.1\r\n\r\n"
    bulk = b"--frontier\r\nContent-Type: application/octet-stream\r\nContent-Location: pixels\r\n\r\n"
    body = head + json.dumps([model]).encode() + b"\r\n" + bulk + pixels + b"\r\n--frontier--\r\n"

    response = store(kind='multipart/related; type="application/dicom+json"; boundary=frontier', body=body)

    assert response.status_code == 200
    assert len(items(response, STORED)) == 1
