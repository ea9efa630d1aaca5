"""Workitems sent as XML, alone or as the one part of a message.

Reference  PS3.18 §11.1.3 (media types), PS3.19 §A.1 (Native DICOM Model)
"""

from __future__ import annotations

import pytest

from archive.studies.metadata.native_xml import native_xml
from tests.conformance.workitems import REQUIRED, UID, held, model, tag

XML = "application/dicom+xml"
RELATED = f'multipart/related; type="{XML}"; boundary=edge'
CODED = REQUIRED | {
    "PatientName": "Li^Hua=李^华",
    "ScheduledProcessingParametersSequence": [
        {
            "ValueType": "TEXT",
            "ConceptNameCodeSequence": [
                {"CodeValue": "1", "CodingSchemeDesignator": "99X", "CodeMeaning": "Threshold"}
            ],
            "TextValue": " <high> & dry ",
        }
    ],
}


@pytest.fixture
def program(program_of, cast):
    return program_of(cast.theo)


def post(program, data: bytes, content_type: str = XML):
    return program.post(f"/dicomweb/workitems?workitem={UID}", data=data, content_type=content_type)


def document() -> bytes:
    sent = model(CODED)
    sent[tag("PatientName")]["Value"] = [{"Alphabetic": "Li^Hua", "Ideographic": "李^华"}]
    return native_xml(sent)


@pytest.mark.parametrize("is_multipart", [False, True], ids=["alone", "as a part"])
def test_a_workitem_comes_as_xml_and_is_the_same_in_json(program, is_multipart):
    part = b"--edge\r\nContent-Type: application/dicom+xml\r\n\r\n" + document() + b"\r\n--edge--\r\n"

    response = post(program, part, RELATED) if is_multipart else post(program, document())

    assert response.status_code == 201, response.content
    found = held(program)
    assert found[tag("PatientName")]["Value"] == [{"Alphabetic": "Li^Hua", "Ideographic": "李^华"}]
    expected = model(CODED)
    name = tag("ScheduledWorkitemCodeSequence")
    assert found[name] == expected[name]
    assert (
        found[tag("ScheduledProcedureStepStartDateTime")]
        == expected[tag("ScheduledProcedureStepStartDateTime")]
    )


def within(element: str) -> bytes:
    return f"<NativeDicomModel>{element}</NativeDicomModel>".encode()


LABEL = '<DicomAttribute tag="00741204" vr="LO">{}</DicomAttribute>'
NESTED = '<DicomAttribute tag="0040A370" vr="SQ"><Item number="1">', "</Item></DicomAttribute>"


@pytest.mark.parametrize(
    "sent",
    [
        b"<NativeDicomModel",
        b"<Other/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><NativeDicomModel>&a;</NativeDicomModel>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><NativeDicomModel/>',
        within('<DicomAttribute tag="0074120" vr="LO"/>'),
        within('<DicomAttribute tag="00741204"/>'),
        within(LABEL.format('<BulkData uri="file:///etc/passwd"/>')),
        within(NESTED[0] * 40 + NESTED[1] * 40),
    ],
)
def test_xml_that_is_no_workitem_is_a_bad_request(program, sent):
    assert post(program, sent).status_code == 400


def test_a_message_of_several_workitems_is_a_bad_request(program):
    part = b"--edge\r\nContent-Type: application/dicom+xml\r\n\r\n" + document() + b"\r\n"

    assert post(program, part + part + b"--edge--\r\n", RELATED).status_code == 400
