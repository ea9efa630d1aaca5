"""Retrieving frames: as they are stored, decoded or compressed, in the order of the list (PS3.18 §10.4.1.1.6)."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from tests.archive.studies.objects import ct_slice
from tests.integrations.dicomweb.answers import body_of, parts_of
from tests.integrations.dicomweb.retrieve.stored_series import OCTETS, instance_path, store


def test_a_frame_is_what_lies_in_the_object(theo, series):
    part = parts_of(theo.get(f"{instance_path(2)}/frames/1", headers={"Accept": OCTETS}))[0]

    assert part.get_payload(decode=True) == np.full((8, 8), 2, "<i2").tobytes()
    assert part.get_param("transfer-syntax") == ExplicitVRLittleEndian
    assert part["Content-Location"] == f"{instance_path(2)}/frames/1"


def test_frames_come_in_the_order_of_the_list(theo, cast):
    store(cast, ct_slice(1, NumberOfFrames=3, PixelData=np.arange(192, dtype="<i2").tobytes()))

    parts = parts_of(theo.get(f"{instance_path(1)}/frames/3,1"))

    frames = [np.frombuffer(part.get_payload(decode=True), "<i2") for part in parts]
    assert [int(frame[0]) for frame in frames] == [128, 0]


@pytest.mark.parametrize(("frames", "status"), [("0", 400), ("one", 400), ("1,,2", 400), ("2", 404)])
def test_frames_that_are_not_there_are_refused(theo, series, frames, status):
    assert theo.get(f"{instance_path(1)}/frames/{frames}").status_code == status


def test_a_compressed_frame_comes_as_stored_or_decoded(theo, cast):
    dataset = ct_slice(1)
    pixels = dataset.PixelData
    dataset.compress(RLELossless, generate_instance_uid=False)
    store(cast, dataset)
    url = f"{instance_path(1)}/frames/1"

    as_stored = parts_of(theo.get(url, headers={"Accept": f"{OCTETS}; transfer-syntax=*"}))[0]
    by_type = parts_of(theo.get(url, headers={"Accept": 'multipart/related; type="image/dicom-rle"'}))[0]
    decoded = parts_of(theo.get(url, headers={"Accept": OCTETS}))[0]

    assert as_stored.get_param("transfer-syntax") == RLELossless
    assert by_type.get_content_type() == "image/dicom-rle"
    assert by_type.get_payload(decode=True) == as_stored.get_payload(decode=True)
    assert decoded.get_payload(decode=True) == pixels


def test_a_frame_is_compressed_on_request(theo, series):
    accept = f'multipart/related; type="image/jls"; transfer-syntax={JPEGLSLossless}'

    part = parts_of(theo.get(f"{instance_path(2)}/frames/1", headers={"Accept": accept}))[0]

    assert part.get_content_type() == "image/jls"
    assert part.get_payload(decode=True).startswith(b"\xff\xd8\xff")


def test_one_frame_may_come_in_a_single_part(theo, series):
    response = theo.get(f"{instance_path(2)}/frames/1", headers={"Accept": "application/octet-stream"})

    assert body_of(response) == np.full((8, 8), 2, "<i2").tobytes()


def test_a_big_endian_frame_is_given_little_endian(theo, cast):
    dataset = ct_slice(1)
    dataset.PixelData = np.arange(64, dtype=">i2").tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    store(cast, dataset)

    part = parts_of(
        theo.get(f"{instance_path(1)}/frames/1", headers={"Accept": f"{OCTETS}; transfer-syntax=*"})
    )[0]

    assert part.get_payload(decode=True) == np.arange(64, dtype="<i2").tobytes()
