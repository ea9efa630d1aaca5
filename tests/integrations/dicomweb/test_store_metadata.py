"""Storing instances sent as JSON metadata and bulk data in parts of their own."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.studies.models import Instance
from archive.studies.selectors import read_dataset
from integrations.dicomweb.store import metadata
from tests.integrations.dicomweb.storing import described, message, multipart, slices, told
from tests.portal.stored_images import ct_slice

RELATED = 'multipart/related; type="application/dicom+json"; boundary=frontier'


def test_metadata_and_bulk_data_make_an_object(theo):
    dataset = ct_slice("1.2.3", "1.2.3.4", 0, value=7)
    dataset["PixelData"].VR = "OW"

    answer = theo(message([described(dataset)], **{"1": dataset.PixelData}), content_type=RELATED)

    assert answer.status_code == 200
    stored = read_dataset(Instance.objects.get())
    assert stored.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert stored.to_json_dict() == dataset.to_json_dict()


def test_one_instance_that_lacks_its_bulk_data_spares_the_others(theo):
    whole, lacking = (ct_slice("1.2.3", "1.2.3.4", index) for index in range(2))

    answer = theo(
        message([described(whole), described(lacking, uri="bulk/2")], **{"1": whole.PixelData}),
        content_type=RELATED,
    )

    assert answer.status_code == 202
    [failed] = told(answer).FailedSOPSequence
    assert (failed.ReferencedSOPInstanceUID, failed.FailureReason) == (lacking.SOPInstanceUID, 0xC000)


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "http://127.0.0.1:1/x", "../../etc/passwd", ""])
def test_bulk_data_are_fetched_from_nowhere_else(theo, uri):
    answer = theo(message([described(ct_slice("1.2.3", "1.2.3.4", 0), uri=uri)]), content_type=RELATED)

    assert answer.status_code == 409
    assert not Instance.objects.exists()


def test_a_compressed_frame_is_put_into_the_form_of_an_object(theo):
    dataset = ct_slice("1.2.3", "1.2.3.4", 0)
    frame = b"\xff\xd8\xff\xd9"
    body = message([described(dataset)], **{"1": frame}).replace(
        b"application/octet-stream", b'image/jpeg; transfer-syntax="1.2.840.10008.1.2.4.70"'
    )

    assert theo(body, content_type=RELATED).status_code == 200
    stored = read_dataset(Instance.objects.get())
    assert stored.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.70"
    assert frame in stored.PixelData


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no JSON",
        b"[1, 2]",
        b"[" * 100_000,
        b'"' + b"x" * 100,
        b'[{"00080018": {"vr": "UI", "Value": ["1.2.3", "' + b"9" * 100 + b'"]}}]',
        b'[{"00080016": 1, "00080018": []}]',
        b'[{"zzzz": {"vr": "UI", "Value": ["1"]}, "00080016": {"Value": ["1.2"]}, "00080018": {"Value": ["1.2"]}}]',
        b'[{"a":' * 60 + b"1" + b"}]" * 60,
    ],
)
def test_metadata_that_are_none_are_refused(theo, text):
    assert theo(message(text), content_type=RELATED).status_code in {400, 409}
    assert not Instance.objects.exists()


VRS = st.sampled_from(["AT", "CS", "DA", "DS", "FD", "FL", "IS", "OB", "OW", "PN", "SQ", "SS", "SV", "TM", "UI", "UL",
                       "UN", "UR", "US", "XX", 1, None])  # fmt: skip
TAGS = st.sampled_from(["00080005", "00080020", "00100010", "00181088", "00280010", "00281101", "00400275", "00091002",
                        "7FE00010", "zz", ""])  # fmt: skip
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TAGS | st.sampled_from(["vr", "Value", "Alphabetic"]), inner, max_size=3)
    ),
    max_leaves=6,
)
ELEMENTS = st.fixed_dictionaries(
    {"vr": VRS}, optional={"Value": JSON_VALUES, "InlineBinary": JSON_VALUES, "BulkDataURI": JSON_VALUES}
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wrong=st.dictionaries(TAGS, ELEMENTS | JSON_VALUES, max_size=3))
def test_values_of_any_kind_are_stored_or_refused_and_never_a_defect(theo, wrong):
    dataset = described(ct_slice("1.2.3", "1.2.3.4", 0)) | wrong

    assert theo(message([dataset], **{"1": b"12"}), content_type=RELATED).status_code in {200, 202, 400, 409}


def test_metadata_have_a_largest_size(theo, monkeypatch):
    monkeypatch.setattr(metadata, "LARGEST_METADATA", 1000)

    assert theo(message(b"[" + b" " * 1000 + b"]"), content_type=RELATED).status_code == 413


def test_a_few_bulk_data_do_not_become_many_objects(theo):
    """What is stored may not be many times what was sent."""
    bulk = bytes(100_000)
    instances = [described(ct_slice("1.2.3", "1.2.3.4", index, Rows=250, Columns=200)) for index in range(20)]

    answer = theo(message(instances, **{"1": bulk}), content_type=RELATED)

    assert answer.status_code == 202
    assert Instance.objects.count() == 4


def test_dicom_objects_do_not_belong_into_such_a_message(theo):
    answer = theo(multipart(*slices(1)), content_type=RELATED)

    assert answer.status_code == 400
