"""DICOM JSON as the Native DICOM Model (PS3.19 §A.1)."""

from __future__ import annotations

import json

import pytest

from archive.studies.metadata.native_xml import native_xml
from archive.studies.metadata.reading import instances_in
from tests.conformance.native_xml import NAMESPACE, texts, valid_document


def test_a_name_is_written_by_groups_and_components():
    name = {"Alphabetic": "Li^Hua^^Dr", "Ideographic": "李^华"}
    document = valid_document(native_xml({"00100010": {"vr": "PN", "Value": [name]}}))

    assert texts(document, "00100010", "PersonName", "Alphabetic", "FamilyName") == ["Li"]
    assert texts(document, "00100010", "PersonName", "Alphabetic", "NamePrefix") == ["Dr"]
    assert texts(document, "00100010", "PersonName", "Alphabetic", "MiddleName") == []
    assert texts(document, "00100010", "PersonName", "Ideographic", "GivenName") == ["华"]


def test_every_value_has_its_number_and_an_empty_one_keeps_its_place():
    document = valid_document(native_xml({"00080008": {"vr": "CS", "Value": ["MPG", None, "XR3"]}}))

    assert texts(document, "00080008") == ["MPG", "", "XR3"]
    numbers = document.xpath("d:DicomAttribute/d:Value/@number", namespaces=NAMESPACE)
    assert numbers == ["1", "2", "3"]


def test_a_private_element_names_its_creator_instead_of_its_block():
    model = {"00091001": {"vr": "LO", "Value": ["abcd"]}, "00090010": {"vr": "LO", "Value": ["ACME <1>"]}}
    creator, element = valid_document(native_xml(model))

    assert (creator.get("tag"), creator.get("privateCreator")) == ("00090010", None)
    assert (element.get("tag"), element.get("privateCreator")) == ("00090001", "ACME <1>")


def test_items_binary_values_and_references_each_have_their_element():
    model = {
        "00081140": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2"]}}, {}]},
        "00420011": {"vr": "OB", "InlineBinary": "AAE="},
        "7FE00010": {"vr": "OW", "BulkDataURI": "/dicomweb/a?b&c"},
        "00080000": {"vr": "UL", "Value": [4]},
        "00080090": {"vr": "PN"},
    }
    document = valid_document(native_xml(model))

    assert texts(document, "00081140", "Item", "DicomAttribute", "Value") == ["1.2"]
    assert texts(document, "00420011", "InlineBinary") == ["AAE="]
    (bulk,) = document.xpath("d:DicomAttribute/d:BulkData/@uri", namespaces=NAMESPACE)
    assert bulk == "/dicomweb/a?b&c"
    assert document.xpath("d:DicomAttribute[@tag='00080000']", namespaces=NAMESPACE) == []


@pytest.mark.parametrize(
    ("text", "read"),
    [("a<b>&c", "a<b>&c"), ("one\r\ntwo", "one\r\ntwo"), ("form\x0cfeed\x1b", "form\ufffdfeed\ufffd")],
)
def test_texts_come_out_as_they_went_in_but_for_what_xml_cannot_hold(text, read):
    assert texts(valid_document(native_xml({"00104000": {"vr": "LT", "Value": [text]}})), "00104000") == [
        read
    ]


def test_instances_are_read_one_by_one_whatever_the_pieces(monkeypatch):
    monkeypatch.setattr("archive.studies.metadata.reading._SMALLEST_PIECE", 16)
    model = {
        "00280030": {"vr": "DS", "Value": [0.50]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "李"}]},
    }
    text = json.dumps([model] * 3, ensure_ascii=False).replace("0.5", "0.50").encode()

    for size in (1, 7, 1000):
        found = list(instances_in(text[at : at + size] for at in range(0, len(text), size)))
        assert [one["00280030"]["Value"] for one in found] == [["0.50"]] * 3
        assert found[2]["00100010"]["Value"][0]["Alphabetic"] == "李"


def test_an_array_of_nothing_has_no_instances():
    assert list(instances_in([b"[", b"]"])) == []
