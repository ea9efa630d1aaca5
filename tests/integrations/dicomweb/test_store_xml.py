"""Storing instances sent as metadata in XML (PS3.18 §10.5.2, PS3.19 §A.1) and bulk data in parts of their own."""

from __future__ import annotations

import json

import pytest
from pydicom.dataset import Dataset

from archive.studies.metadata.native_xml import native_xml
from archive.studies.metadata.native_xml_reading import model_of
from archive.studies.models import Instance
from archive.studies.selectors import read_dataset
from common.errors import InvalidInput
from tests.portal.stored_images import ct_slice

RELATED = 'multipart/related; type="application/dicom+xml"; boundary=frontier'


def message(document: bytes, pixels: bytes = b"") -> bytes:
    parts = [b"--frontier\r\nContent-Type: application/dicom+xml\r\n\r\n" + document + b"\r\n"]
    if pixels:
        head = b"--frontier\r\nContent-Type: application/octet-stream\r\nContent-Location: bulk/1\r\n\r\n"
        parts.append(head + pixels + b"\r\n")
    return b"".join(parts) + b"--frontier--\r\n"


def image() -> Dataset:
    """With a private element, an item, an empty value and numbers of each kind."""
    dataset = ct_slice("1.2.3", "1.2.3.4", 0, value=7)
    dataset["PixelData"].VR = "OW"
    block = dataset.private_block(0x0029, "ACME 1.0", create=True)
    block.add_new(0x10, "LO", "secret sauce")
    item = Dataset()
    item.ReferencedSOPInstanceUID, item.ReferencedFrameNumber = "1.2.3.9", [1, 2]
    dataset.ReferencedImageSequence = [item]
    dataset.ImageType = ["ORIGINAL", "", "AXIAL"]
    dataset.ExposureTimeInms = 1.25
    return dataset


def test_metadata_in_xml_and_bulk_data_make_the_object_they_describe(theo):
    dataset = image()
    model = json.loads(dataset.to_json())
    model["7FE00010"] = {"vr": "OW", "BulkDataURI": "bulk/1"}

    answer = theo(message(native_xml(model), dataset.PixelData), content_type=RELATED)

    assert answer.status_code == 200, answer.content
    assert read_dataset(Instance.objects.get()).to_json_dict() == dataset.to_json_dict()


def test_a_private_element_finds_its_block_or_is_given_one():
    document = """<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">
      <DicomAttribute tag="00290001" vr="LO" privateCreator="OTHER"><Value number="1">b</Value></DicomAttribute>
      <DicomAttribute tag="00290010" vr="LO"><Value number="1">ACME</Value></DicomAttribute>
      <DicomAttribute tag="00290002" vr="LO" privateCreator="ACME"><Value number="1">a</Value></DicomAttribute>
    </NativeDicomModel>"""

    model = model_of(document.encode())

    assert {tag: element["Value"] for tag, element in model.items()} == {
        "00290010": ["ACME"], "00290011": ["OTHER"], "00291101": ["b"], "00291002": ["a"],
    }  # fmt: skip


LAUGHS = b"""<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<NativeDicomModel><DicomAttribute tag="00104000" vr="LT"><Value>&b;</Value></DicomAttribute></NativeDicomModel>"""
NO_NUMBER = b"""<NativeDicomModel><DicomAttribute tag="00280010" vr="US"><Value>many</Value></DicomAttribute>
</NativeDicomModel>"""
FILE = b"""<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><NativeDicomModel>&f;</NativeDicomModel>"""


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS,
        FILE,
        b"",
        b"<NativeDicomModel>",
        b"<html/>",
        b"<NativeDicomModel><DicomAttribute tag='patient' vr='PN'/></NativeDicomModel>",
        b"<NativeDicomModel><DicomAttribute tag='00100010'/></NativeDicomModel>",
        NO_NUMBER,
        b"<a>" * 100_000,
    ],
    ids=["entities", "file", "nothing", "broken", "page", "tag", "vr", "number", "depth"],
)  # fmt: skip
def test_what_is_no_document_of_the_model_is_refused_in_words(theo, document):
    with pytest.raises(InvalidInput):
        model_of(document)

    answer = theo(message(document), content_type=RELATED)
    assert answer.status_code == 400
    assert answer.json()["code"] == "METADATA_MALFORMED"
