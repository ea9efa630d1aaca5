"""Which media type an answer gets (PS3.18 §8.7, RFC 9110 §12.5.1)."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from common.errors import InvalidInput
from integrations.dicomweb.errors import NotAcceptable
from integrations.dicomweb.media_types import (
    DICOM,
    DICOM_JSON,
    JPEG,
    MULTIPART_DICOM,
    MULTIPART_OCTET_STREAM,
    PNG,
    negotiate,
    parse_media_type,
)


def asked(accept: str = "", query: str = ""):
    headers = {"Accept": accept} if accept else {}
    return RequestFactory().get(f"/dicomweb/studies?{query}", headers=headers)


@pytest.mark.parametrize(
    ("accept", "offers", "expected"),
    [
        ("", [MULTIPART_DICOM, DICOM], MULTIPART_DICOM),
        ("*/*", [JPEG, PNG], JPEG),
        ("image/png, image/jpeg;q=0.5", [JPEG, PNG], PNG),
        ("image/*, image/jpeg;q=0", [JPEG, PNG], PNG),
        ("multipart/related; type=application/octet-stream", [MULTIPART_DICOM, MULTIPART_OCTET_STREAM],
         MULTIPART_OCTET_STREAM),
        ('multipart/related; type="application/*"', [MULTIPART_DICOM], MULTIPART_DICOM),
        ("APPLICATION/DICOM", [MULTIPART_DICOM, DICOM], DICOM),
    ],
)  # fmt: skip
def test_the_dearest_of_what_is_offered_is_chosen(accept, offers, expected):
    assert negotiate(asked(accept), offers) == expected


def test_the_transfer_syntax_that_is_named_comes_with_the_choice():
    request = asked('multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80')

    assert negotiate(request, [MULTIPART_DICOM]).transfer_syntax == "1.2.840.10008.1.2.4.80"


@pytest.mark.parametrize("query", ["accept=application/dicom+json", "accept=application%2Fdicom%2Bjson"])
def test_the_query_goes_before_the_header_and_keeps_its_plus(query):
    assert negotiate(asked("image/jpeg", query), [JPEG, DICOM_JSON]) == DICOM_JSON


@pytest.mark.parametrize("accept", ["application/dicom+json;q=0.1", "text/html, */*;q=0.8"])
def test_the_header_is_asked_where_the_query_names_nothing_on_offer(accept):
    assert negotiate(asked(accept, "accept=image/gif"), [DICOM_JSON, JPEG]) == DICOM_JSON
    assert negotiate(asked(accept, "accept=image/jpeg;q=0.1"), [DICOM_JSON, JPEG]) == JPEG


@pytest.mark.parametrize("accept", ["", "text/html"])
def test_what_neither_query_nor_header_names_is_not_acceptable(accept):
    with pytest.raises(NotAcceptable):
        negotiate(asked(accept, "accept=image/gif"), [DICOM_JSON, JPEG])


@pytest.mark.parametrize("accept", ["text/html", "image/jpeg;q=0", "multipart/related; type=image/png"])
def test_what_is_not_on_offer_is_not_acceptable(accept):
    with pytest.raises(NotAcceptable):
        negotiate(asked(accept), [JPEG, MULTIPART_DICOM])


@pytest.mark.parametrize(
    "accept", ["jpeg", "image/jpeg;q=much", "image/jpeg," * 100, "a/" + "b" * 9000, "a/b/c"]
)
def test_what_is_not_to_be_understood_is_refused(accept):
    with pytest.raises(InvalidInput):
        negotiate(asked(accept), [JPEG])


def test_a_quoted_parameter_is_read_and_written_as_it_was():
    media = parse_media_type('multipart/related; Type="application/dicom"; start="a, b; \\"c\\""')

    assert media.part_type == "application/dicom"
    assert media.parameters["start"] == 'a, b; "c"'
    assert parse_media_type(str(media)) == media
