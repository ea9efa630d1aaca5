"""PS3.18 §10.4 Retrieve: of every resource the media types, the syntax of messages, and the statuses.

What is in the objects is tested with the views (tests/integrations/dicomweb/retrieve/), what pictures show
with the renderer; the URI service has a file of its own.
"""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from django.test import Client
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from accounts.actors import SystemActor
from archive.studies.services import store_part10
from common.uids import derived_uid
from tests.archive.studies.objects import ct_slice, part10
from tests.conformance.native_xml import NAMESPACE, texts, valid_document
from tests.integrations.dicomweb.answers import body_of, strict_parts

CT = SystemActor("dicom:CT1", "county")
STUDY = f"/dicomweb/studies/{derived_uid('study')}"
SERIES = f"{STUDY}/series/{derived_uid('study', 'series')}"
PLAIN, PACKED, PAPER = (f"{SERIES}/instances/{derived_uid('study', 'series', n)}" for n in (1, 2, 3))
PDF = b"%PDF-1.4" + bytes(range(256)) * 8
RAMP = np.arange(64, dtype="<i2").tobytes()


def related(kind: str, **parameters: str) -> str:
    more = "".join(f"; {name.replace('_', '-')}={value}" for name, value in parameters.items())
    return f'multipart/related; type="{kind}"{more}'


@pytest.fixture
def retrieve(client: Client, cast):
    """A plain image, a compressed one and a document, in one series."""
    paper = ct_slice(3, SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1", PixelData=None)
    paper.add_new(0x00420011, "OB", PDF)
    paper.MIMETypeOfEncapsulatedDocument, paper.EncapsulatedDocumentLength = "application/pdf", len(PDF)
    packed = ct_slice(2, PixelData=RAMP)
    packed.compress(RLELossless, generate_instance_uid=False)
    for dataset in (ct_slice(1, PixelData=RAMP), packed, paper):
        store_part10(part10(dataset), site=cast.county, actor=CT)
    client.force_login(cast.theo)

    def ask(path: str, accept: str = "*/*", **headers: str):
        return client.get(path, headers={"Accept": accept, **headers})

    return ask


ANSWERS = [  # what is asked for of which resource, and what the parts or the answer are of
    (STUDY, "*/*", "application/dicom", 3),
    (STUDY, related("application/dicom"), "application/dicom", 3),
    (STUDY, related("application/dicom", transfer_syntax="*"), "application/dicom", 3),
    (SERIES, 'multipart/related; type="application/dicom";transfer-syntax=1.2.840.10008.1.2', "application/dicom", 3),
    (PLAIN, "multipart/related", "application/dicom", 1),
    (PLAIN, "application/dicom", "application/dicom", 0),
    (PLAIN, related("application/octet-stream"), "application/octet-stream", 1),
    (f"{STUDY}/metadata", "*/*", "application/dicom+json", 0),
    (f"{SERIES}/metadata", "application/json", "application/json", 0),
    (f"{PLAIN}/metadata", "application/dicom+json", "application/dicom+json", 0),
    (f"{STUDY}/metadata", related("application/dicom+xml"), "application/dicom+xml", 3),
    (f"{PLAIN}/metadata", related("application/dicom+xml"), "application/dicom+xml", 1),
    (f"{PLAIN}/metadata", "application/dicom+xml", "application/dicom+xml", 0),
    (f"{PLAIN}/frames/1", "*/*", "application/octet-stream", 1),
    (f"{PLAIN}/frames/1,1", related("application/octet-stream"), "application/octet-stream", 2),
    (f"{PLAIN}/frames/1", "application/octet-stream", "application/octet-stream", 0),
    (f"{PLAIN}/frames/1", related("image/jls"), "image/jls", 1),
    (f"{PACKED}/frames/1", related("image/dicom-rle"), "image/dicom-rle", 1),
    (f"{PACKED}/frames/1", "image/dicom-rle", "image/dicom-rle", 0),
    (f"{PLAIN}/bulkdata/7FE00010", "*/*", "application/octet-stream", 1),
    (f"{PLAIN}/bulkdata/7FE00010", "application/octet-stream", "application/octet-stream", 0),
    (f"{PACKED}/bulkdata/7FE00010", related("image/dicom-rle"), "image/dicom-rle", 1),
    (f"{PAPER}/bulkdata/00420011", "application/pdf", "application/pdf", 0),
    (f"{PAPER}/bulkdata/00420011", related("application/pdf"), "application/pdf", 1),
    (f"{PAPER}/bulkdata/00420011", related("application/octet-stream"), "application/octet-stream", 1),
    (f"{STUDY}/bulkdata", related("application/octet-stream"), "application/octet-stream", 3),
    (f"{SERIES}/bulkdata", "*/*", "application/octet-stream", 3),
    (f"{PAPER}/bulkdata", "*/*", "application/octet-stream", 1),
    (f"{STUDY}/pixeldata", "*/*", "application/octet-stream", 2),
    (f"{SERIES}/pixeldata", related("image/jls"), "image/jls", 2),
    (f"{PACKED}/pixeldata", related("image/dicom-rle"), "image/dicom-rle", 1),
    (f"{PLAIN}/rendered", "*/*", "image/jpeg", 0),
    (f"{PLAIN}/rendered", related("image/png"), "image/png", 1),
    (f"{PLAIN}/frames/1/rendered", "image/gif", "image/gif", 0),
    (f"{PAPER}/rendered", "*/*", "application/pdf", 0),
    (f"{SERIES}/rendered", "*/*", "image/jpeg", 2),
    (f"{STUDY}/thumbnail", "*/*", "image/jpeg", 0),
    (f"{PLAIN}/thumbnail", "image/png", "image/png", 0),
]  # fmt: skip


def test_8_6_1_and_8_7_every_answer_is_of_the_media_type_and_the_syntax_of_its_clause(retrieve):
    for path, accept, kind, count in ANSWERS:
        response = retrieve(path, accept)

        assert response.status_code == 200, (path, accept, response.headers)
        if count:
            parts = strict_parts(response)
            assert [part.media_type for part in parts] == [kind] * count, (path, accept)
            assert all(part.body for part in parts)
        else:
            assert response["Content-Type"].partition(";")[0] == kind, (path, accept)
            assert len(body_of(response)) == int(response.get("Content-Length", len(body_of(response)))) > 0


REFUSED = [  # 8.7.5: what none of the acceptable media types can carry
    (STUDY, "application/dicom"), (STUDY, "image/jpeg"), (PLAIN, "text/html"),
    (PLAIN, related("application/dicom", transfer_syntax="1.2.3")),
    (f"{STUDY}/metadata", "application/dicom"), (f"{STUDY}/metadata", "application/dicom+xml"),
    (f"{PLAIN}/frames/1", "text/plain"), (f"{PLAIN}/frames/1,1", "application/octet-stream"),
    (f"{PLAIN}/frames/1", related("image/jls", transfer_syntax="1.2.840.10008.1.2.5")),
    (f"{PLAIN}/bulkdata/7FE00010", "image/png"), (f"{PAPER}/pixeldata", "*/*"),
    (f"{PAPER}/rendered", "image/jpeg"), (f"{STUDY}/rendered", "image/jpeg"), (f"{STUDY}/thumbnail", "image/gif"),
    (STUDY, "application/dicom;q=0, */*;q=0"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "accept"), REFUSED)
def test_8_7_5_what_is_not_acceptable_is_406_with_a_status_report(retrieve, path, accept):
    response = retrieve(path, accept)

    assert response.status_code == 406
    assert response.json()["message"]


def test_8_3_3_1_the_accept_parameter_goes_before_the_header(retrieve):
    response = retrieve(f"{PLAIN}/metadata?accept=application/dicom%2Bxml", "application/dicom+json")

    assert response["Content-Type"] == "application/dicom+xml"


def test_8_7_8_1_the_header_is_asked_where_the_accept_parameter_names_nothing_supported(retrieve):
    by_header = retrieve(f"{PLAIN}/metadata?accept=image/bmp", "application/dicom+xml")
    by_wild_card = retrieve(f"{PLAIN}/metadata?accept=image/bmp", "text/html, */*;q=0.8")

    assert by_header["Content-Type"] == "application/dicom+xml"
    assert by_wild_card["Content-Type"] == "application/dicom+json"
    assert retrieve(f"{PLAIN}/metadata?accept=image/bmp", "text/html").status_code == 406


def test_8_7_8_2_a_transfer_syntax_the_accept_parameter_names_is_not_given_up_for_the_header(retrieve):
    named = 'accept=multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.100'

    assert retrieve(f"{PLAIN}?{named}", "*/*").status_code == 406


def test_8_3_3_2_a_character_set_that_is_not_supported_is_a_bad_request(retrieve):
    assert retrieve(f"{PLAIN}/metadata?charset=utf-8").status_code == 200
    assert retrieve(f"{PLAIN}/metadata?charset=iso-8859-5").status_code == 400


def test_8_7_3_5_2_every_part_says_its_transfer_syntax(retrieve):
    by_default = strict_parts(retrieve(SERIES, related("application/dicom")))
    as_stored = strict_parts(retrieve(SERIES, related("application/dicom", transfer_syntax="*")))
    frame = strict_parts(retrieve(f"{PLAIN}/frames/1", related("image/jls")))

    assert {part.transfer_syntax for part in by_default} == {ExplicitVRLittleEndian}
    assert [part.transfer_syntax for part in as_stored] == [
        ExplicitVRLittleEndian, RLELossless, ExplicitVRLittleEndian,
    ]  # fmt: skip
    assert frame[0].transfer_syntax == JPEGLSLossless
    for part in as_stored:
        assert dcmread(io.BytesIO(part.body)).file_meta.TransferSyntaxUID == part.transfer_syntax


def test_10_4_3_2_every_part_says_where_it_can_be_had_and_is_had_there(retrieve):
    for path in (SERIES, f"{PLAIN}/frames/1", f"{STUDY}/bulkdata", f"{STUDY}/pixeldata"):
        for part in strict_parts(retrieve(path)):
            location = part.headers["content-location"]
            (again,) = strict_parts(retrieve(location, "multipart/related"))
            assert again.body == part.body, location


def test_10_4_1_1_2_metadata_says_the_same_in_json_and_in_xml(retrieve):
    told = json.loads(body_of(retrieve(f"{STUDY}/metadata")))
    documents = [valid_document(part.body) for part in strict_parts(retrieve(
        f"{STUDY}/metadata", related("application/dicom+xml")
    ))]  # fmt: skip

    assert len(documents) == len(told) == 3
    for document, model in zip(documents, told, strict=True):
        assert [one.get("tag") for one in document] == sorted(model)
        assert texts(document, "00080018") == model["00080018"]["Value"]
        assert texts(document, "00280030") == [str(value) for value in model["00280030"]["Value"]]
        assert texts(document, "00100010", "PersonName", "Ideographic", "GivenName") == ["华"]
        uris = document.xpath("//d:BulkData/@uri", namespaces=NAMESPACE)
        assert uris == [one["BulkDataURI"] for one in model.values() if "BulkDataURI" in one]


def test_10_4_3_3_5_all_bulk_data_are_had_by_the_uris_of_the_metadata(retrieve):
    told = json.loads(body_of(retrieve(f"{STUDY}/metadata")))
    uris = [one["BulkDataURI"] for model in told for one in model.values() if "BulkDataURI" in one]

    parts = strict_parts(retrieve(f"{STUDY}/bulkdata"))

    assert [part.headers["content-location"] for part in parts] == uris
    assert [part.body for part in parts] == [RAMP, RAMP, PDF]


def test_10_4_3_1_what_cannot_be_had_of_several_is_left_out_with_206(retrieve):
    lossy = retrieve(SERIES, related("application/dicom", transfer_syntax=JPEGLSLossless))

    assert lossy.status_code == 206
    assert lossy["Warning"].startswith("299 ")
    assert len(strict_parts(lossy)) == 2  # a document has no pixels to be compressed


def test_rfc_9110_14_a_range_of_bulk_data_is_given_with_206(retrieve):
    path = f"{PLAIN}/bulkdata/7FE00010"
    whole = retrieve(path, "application/octet-stream")
    assert (whole.status_code, whole["Accept-Ranges"]) == (200, "bytes")

    for asked, first, last in (
        ("0-0", 0, 0),
        ("10-19", 10, 19),
        ("120-999", 120, 127),
        ("-8", 120, 127),
        ("5-", 5, 127),
    ):
        response = retrieve(path, Range=f"bytes={asked}")
        assert response.status_code == 206
        assert response["Content-Range"] == f"bytes {first}-{last}/128"
        assert int(response["Content-Length"]) == last - first + 1
        assert body_of(response) == RAMP[first : last + 1]


def test_rfc_9110_15_5_17_a_range_behind_the_end_is_416(retrieve):
    for asked in ("128-", "500-600", "-0"):
        response = retrieve(f"{PLAIN}/bulkdata/7FE00010", Range=f"bytes={asked}")
        assert response.status_code == 416
        assert response["Content-Range"] == "bytes */128"


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes=9-3", "bytes=a-b", "bytes=0-1,5-6", "bytes=-"])
def test_rfc_9110_14_2_what_is_no_range_that_is_known_is_passed_over(retrieve, asked):
    response = retrieve(f"{PLAIN}/frames/1", "application/octet-stream", Range=asked)

    assert (response.status_code, body_of(response)) == (200, RAMP)


def test_rfc_9110_13_1_5_a_range_of_what_has_changed_is_all_of_it(retrieve):
    path = f"{PLAIN}/bulkdata/7FE00010"
    tag = retrieve(path, "application/octet-stream")["ETag"]

    assert retrieve(path, **{"Range": "bytes=0-1", "If-Range": tag}).status_code == 206
    other = retrieve(path, "application/octet-stream", **{"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (other.status_code, body_of(other)) == (200, RAMP)


def test_a_range_of_a_frame_and_of_an_object_is_given_too(retrieve):
    frame = retrieve(f"{PLAIN}/frames/1", "application/octet-stream", Range="bytes=2-3")
    dicom = retrieve(PLAIN, "application/dicom", Range="bytes=128-131")

    assert (frame.status_code, body_of(frame)) == (206, RAMP[2:4])
    assert (dicom.status_code, body_of(dicom)) == (206, b"DICM")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/dicomweb/studies/1.2.3", 404), (f"{SERIES}/instances/1.2.3", 404), (f"{PLAIN}/frames/2", 404),
     (f"{PLAIN}/frames/0", 400), (f"{PLAIN}/bulkdata/00100010/1/00100010", 404), (f"{PLAIN}/bulkdata/x", 400),
     ("/dicomweb/studies/one", 400), (f"{STUDY}/pictures", 404), (f"{PLAIN}/rendered?window=1", 400)],
)  # fmt: skip
def test_8_5_refusals_have_the_status_of_their_clause_and_a_report(retrieve, path, status):
    response = retrieve(path)

    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    assert set(response.json()) >= {"code", "message"}


def test_8_1_1_1_head_is_answered_as_get_without_a_payload(retrieve, client):
    for path in (f"{PLAIN}/frames/1", f"{STUDY}/metadata", f"{PLAIN}/rendered"):
        got, head = retrieve(path), client.head(path, headers={"Accept": "*/*"})
        assert (head.status_code, body_of(head)) == (200, b"")
        assert head["Content-Type"].partition(";")[0] == got["Content-Type"].partition(";")[0]
