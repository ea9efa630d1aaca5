"""Retrieving bulk data by the URIs that metadata gives (PS3.18 §10.4.1.1.5)."""

from __future__ import annotations

import json

import pytest

from tests.archive.studies.objects import ct_slice
from tests.integrations.dicomweb.answers import body_of, parts_of
from tests.integrations.dicomweb.retrieve.stored_series import instance_path, store


def test_bulk_data_is_had_by_the_uri_metadata_gives(theo, cast):
    dataset = ct_slice(1)
    dataset.add_new(0x00420011, "OB", b"%PDF-1.4" + bytes(1500))
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = 1507
    store(cast, dataset)
    told = json.loads(body_of(theo.get(f"{instance_path(1)}/metadata")))[0]

    pdf = theo.get(told["00420011"]["BulkDataURI"], headers={"Accept": "application/pdf"})
    pixels = parts_of(theo.get(told["7FE00010"]["BulkDataURI"]))[0]

    assert pdf["Content-Type"] == "application/pdf"
    assert body_of(pdf) == (b"%PDF-1.4" + bytes(1500))[:1507]
    assert pixels.get_payload(decode=True) == dataset.PixelData


def test_bulk_data_inside_a_sequence_is_named_by_its_item(theo, cast):
    item = ct_slice(9)
    item.add_new(0x00420011, "OB", b"x" * 2000)
    del item.file_meta
    dataset = ct_slice(1, ReferencedImageSequence=[ct_slice(8), item])
    store(cast, dataset)

    told = json.loads(body_of(theo.get(f"{instance_path(1)}/metadata")))[0]
    uri = told["00081140"]["Value"][1]["00420011"]["BulkDataURI"]

    assert uri.endswith("/bulkdata/00081140/2/00420011")
    assert body_of(theo.get(uri, headers={"Accept": "application/octet-stream"})) == b"x" * 2000


@pytest.mark.parametrize(
    "path", ["zzz", "00420011", "00080018/1/00080018", "7FE00010/1", "00080018/0/00080018"]
)
def test_bulk_data_that_is_not_there_is_refused(theo, series, path):
    assert theo.get(f"{instance_path(1)}/bulkdata/{path}").status_code in {400, 404}
