"""Every transaction by the public client library, over HTTP, with an access token and real objects.

Searching is tried more widely in search/test_dicomweb_client.py.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import pytest
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless
from requests import HTTPError

from accounts.tokens import issue_token
from common.uids import derived_uid

ANY = (("application/dicom", "*"),)
NATIVE = (("application/dicom", ExplicitVRLittleEndian),)
FILM = "transfer_syntax/other/emri_small_jpeg_ls_lossless.dcm"
PLAIN = "transfer_syntax/other/emri_small_big_endian.dcm"
DOCUMENT = "encapsulated/encapsulated_pdf.dcm"


@pytest.fixture
def program(live_server, cast) -> Iterator[DICOMwebClient]:
    _, secret = issue_token(cast.theo, label="test", lasts=dt.timedelta(days=1))
    headers = {"Authorization": f"Bearer {secret}", "Connection": "close"}  # no thread outlives its answer
    client = DICOMwebClient(url=f"{live_server.url}/dicomweb", headers=headers)
    yield client
    client._session.close()


def film(shared_data: Path, number: int) -> Dataset:
    """The ten frames in JPEG-LS, as one of several instances of their series."""
    dataset = dcmread(shared_data / "dicom" / FILM)
    dataset.SOPInstanceUID = derived_uid("film", number)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.InstanceNumber = number
    return dataset


def same(given: Dataset, sent: Dataset) -> bool:
    return given.to_json_dict() == sent.to_json_dict()


def test_the_public_client_stores_finds_and_retrieves_real_objects(program, shared_data: Path):
    films = [film(shared_data, number) for number in (1, 2)]
    first = films[0]
    study, series, instance = first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID

    said = program.store_instances(films)
    assert [item.ReferencedSOPInstanceUID for item in said.ReferencedSOPSequence] == [
        one.SOPInstanceUID for one in films
    ]

    assert [Dataset.from_json(one).StudyInstanceUID for one in program.search_for_studies()] == [study]
    assert [Dataset.from_json(one).SeriesInstanceUID for one in program.search_for_series(study)] == [series]
    found = program.search_for_instances(study, series, search_filters={"SOPInstanceUID": instance})
    assert Dataset.from_json(found[0]).NumberOfFrames == 10

    for given in (
        program.retrieve_study(study, media_types=ANY),
        program.retrieve_series(study, series, media_types=ANY),
        list(program.iter_series(study, series, media_types=ANY)),
    ):
        assert all(same(one, sent) for one, sent in zip(given, films, strict=True))
    whole = program.retrieve_instance(study, series, instance, media_types=ANY)
    assert (whole.file_meta.TransferSyntaxUID, same(whole, first)) == (JPEGLSLossless, True)
    plain = program.retrieve_instance(study, series, instance, media_types=NATIVE)
    assert plain.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert np.array_equal(plain.pixel_array, first.pixel_array)
    packed = program.retrieve_instance(
        study, series, instance, media_types=(("application/dicom", JPEG2000Lossless),)
    )
    assert packed.file_meta.TransferSyntaxUID == JPEG2000Lossless
    assert np.array_equal(packed.pixel_array, first.pixel_array)


def test_the_public_client_retrieves_metadata_and_what_they_refer_to(program, shared_data: Path):
    sent = dcmread(shared_data / "dicom" / PLAIN)
    uids = sent.StudyInstanceUID, sent.SeriesInstanceUID, sent.SOPInstanceUID
    program.store_instances([sent])

    for told in (
        program.retrieve_study_metadata(uids[0])[0],
        program.retrieve_series_metadata(*uids[:2])[0],
        program.retrieve_instance_metadata(*uids),
    ):
        referred = told["7FE00010"]["BulkDataURI"]
        assert Dataset.from_json(told, lambda *_: b"").PatientID == sent.PatientID
    # Big endian words of 16 bits leave in little endian (PS3.18 8.7.3.3).
    pixels = program.retrieve_bulkdata(urljoin(program.base_url, referred))
    assert b"".join(pixels) == np.frombuffer(sent.PixelData, ">u2").astype("<u2").tobytes()


def test_the_public_client_retrieves_frames_and_pictures(program, shared_data: Path):
    sent = film(shared_data, 1)
    uids = sent.StudyInstanceUID, sent.SeriesInstanceUID, sent.SOPInstanceUID
    program.store_instances([sent])
    samples, coded = sent.pixel_array, list(generate_frames(sent.PixelData, number_of_frames=10))

    native = program.retrieve_instance_frames(*uids, frame_numbers=[3, 10])
    assert native == [samples[2].tobytes(), samples[9].tobytes()]
    own = program.retrieve_instance_frames(
        *uids, frame_numbers=[1], media_types=(("image/jls", JPEGLSLossless),)
    )
    assert own == [coded[0]]
    assert list(program.iter_instance_frames(*uids, frame_numbers=[2])) == [samples[1].tobytes()]

    picture = program.retrieve_instance_rendered(*uids, media_types=("image/png",))
    assert Image.open(io.BytesIO(picture)).size == (64, 64)
    one = program.retrieve_instance_frames_rendered(*uids, frame_numbers=[10], media_types=("image/jpeg",))
    assert Image.open(io.BytesIO(one)).format == "JPEG"


def test_the_public_client_is_shown_a_document_and_refused_what_we_do_not_do(program, shared_data: Path):
    sent = dcmread(shared_data / "dicom" / DOCUMENT)
    uids = sent.StudyInstanceUID, sent.SeriesInstanceUID, sent.SOPInstanceUID
    program.store_instances([sent])

    shown = program.retrieve_instance_rendered(*uids, media_types=("application/pdf",))
    assert shown == sent.EncapsulatedDocument[: sent.EncapsulatedDocumentLength]
    with pytest.raises(HTTPError, match="405"):
        program.delete_study(uids[0])
