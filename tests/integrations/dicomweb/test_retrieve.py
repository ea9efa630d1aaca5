"""Retrieving by WADO-RS: media types, transfer syntaxes, parts and statuses (PS3.18 §10.4)."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.storage.keys import new_segment_key, slice_key
from archive.storage.objects import LocalSlice, local_slice, read_object
from archive.studies.metadata.models import SeriesMetadata
from archive.studies.metadata.services import prepare
from archive.studies.models import Instance, Study
from archive.studies.services import store_part10
from common.uids import derived_uid
from events.services import Event
from integrations.dicomweb.media_types import MediaType
from integrations.dicomweb.retrieve.frames import frame_parts
from integrations.dicomweb.retrieve.presence import present
from integrations.dicomweb.retrieve.subjects import Subject, subjects
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.dicomweb.answers import body_of, parts_of

CT = SystemActor("dicom:CT1", "county")
STUDY, SERIES = derived_uid("study"), derived_uid("study", "series")
STUDY_PATH = f"/dicomweb/studies/{STUDY}"
SERIES_PATH = f"{STUDY_PATH}/series/{SERIES}"
ANY_DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
DICOM = 'multipart/related; type="application/dicom"'
OCTETS = 'multipart/related; type="application/octet-stream"'


def instance_path(number: int) -> str:
    return f"{SERIES_PATH}/instances/{derived_uid('study', 'series', number)}"


def store(cast, *datasets) -> None:
    for dataset in datasets:
        store_part10(part10(dataset), site=cast.county, actor=CT)


@pytest.fixture
def series(cast) -> None:
    store(cast, *(ct_slice(number) for number in (1, 2, 3)))


@pytest.fixture
def theo(client, cast):
    client.force_login(cast.theo)
    return client


def named_all() -> list[Subject]:
    return subjects(CT, study=STUDY)


def held(number: int) -> bytes:
    return read_object(
        Instance.objects.get(sop_instance_uid=derived_uid("study", "series", number)).storage_key
    )


def test_a_series_leaves_byte_for_byte_as_it_is_stored(theo, series):
    response = theo.get(SERIES_PATH, headers={"Accept": ANY_DICOM})

    assert response.status_code == 200
    parts = parts_of(response)
    assert [part.get_payload(decode=True) for part in parts] == [held(1), held(2), held(3)]
    assert parts[0].get_content_type() == "application/dicom"
    assert parts[0].get_param("transfer-syntax") == ExplicitVRLittleEndian
    assert parts[1]["Content-Location"] == instance_path(2)
    assert response["Content-Type"].startswith('multipart/related; type="application/dicom"')


def test_a_study_and_an_instance_are_resources_too(theo, series):
    assert len(parts_of(theo.get(STUDY_PATH, headers={"Accept": DICOM}))) == 3
    assert len(parts_of(theo.get(instance_path(2)))) == 1


def test_one_instance_may_come_in_a_single_part(theo, series):
    response = theo.get(instance_path(1), headers={"Accept": "application/dicom"})

    assert response["Content-Type"].startswith("application/dicom")
    assert body_of(response) == held(1)


def test_several_instances_do_not_go_into_a_single_part(theo, series):
    response = theo.get(SERIES_PATH, headers={"Accept": "application/dicom"})

    assert response.status_code == 406
    assert response.json()["code"] == "NOT_ACCEPTABLE"


def test_a_study_comes_as_a_zip_file_on_request(theo, series):
    response = theo.get(f"{STUDY_PATH}?accept=application/zip")

    with zipfile.ZipFile(io.BytesIO(body_of(response))) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 3
        assert archive.read(f"{SERIES}/{derived_uid('study', 'series', 1)}.dcm") == held(1)


def test_without_a_word_on_transfer_syntax_explicit_little_endian_is_given(theo, cast):
    dataset = ct_slice(1)
    pixels = dataset.PixelData
    dataset.compress(RLELossless, generate_instance_uid=False)
    store(cast, dataset)

    part = parts_of(theo.get(instance_path(1), headers={"Accept": DICOM}))[0]

    given = dcmread(io.BytesIO(part.get_payload(decode=True)))
    assert part.get_param("transfer-syntax") == ExplicitVRLittleEndian == given.file_meta.TransferSyntaxUID
    assert given.PixelData == pixels


def test_a_transfer_syntax_nobody_can_make_is_not_acceptable(theo, series):
    accept = f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.102"

    assert theo.get(SERIES_PATH, headers={"Accept": accept}).status_code == 406


def lose(number: int) -> None:
    """As if a disk had lost it: the object's bytes are not where they should be."""
    key = Instance.objects.get(sop_instance_uid=derived_uid("study", "series", number)).storage_key
    slice_ = local_slice(key)
    assert slice_ is not None
    slice_.path.unlink()


def test_a_series_with_a_lost_object_comes_without_it_and_says_so(theo, series):
    lose(2)

    response = theo.get(SERIES_PATH, headers={"Accept": ANY_DICOM})

    assert response.status_code == 206
    assert response["Warning"] == '299 consilium "1 instances are not in the store"'
    assert [part["Content-Location"] for part in parts_of(response)] == [instance_path(1), instance_path(3)]


def test_a_lost_object_by_itself_is_not_found(theo, series):
    lose(2)

    response = theo.get(instance_path(2), headers={"Accept": ANY_DICOM})

    assert (response.status_code, response.json()["code"]) == (404, "OBJECT_MISSING")


def test_an_object_that_moved_since_its_row_was_read_is_looked_up_again(theo, series):
    before = named_all()
    before[1] = replace(before[1], storage_key=slice_key(new_segment_key(), 0, 100))

    there = present(before)

    assert there.lost == 0
    assert there.subjects == named_all()


def test_frames_of_an_object_that_moved_since_its_row_was_read_are_looked_up_again(
    theo, series, django_assert_num_queries
):
    now = named_all()[1]
    before = replace(now, storage_key=slice_key(new_segment_key(), 0, now.size_bytes))
    bytes_alone = MediaType("application/octet-stream")

    (there,) = frame_parts(now, [1], ExplicitVRLittleEndian, kind=bytes_alone)
    with django_assert_num_queries(2):  # where the segment lies, and the row as it is now
        (again,) = frame_parts(before, [1], ExplicitVRLittleEndian, kind=bytes_alone)

    assert again.body == there.body
    assert isinstance(there.body, LocalSlice)


def test_frames_of_a_lost_object_are_not_found(theo, series):
    lose(2)

    response = theo.get(f"{instance_path(2)}/frames/1", headers={"Accept": OCTETS})

    assert (response.status_code, response.json()["code"]) == (404, "OBJECT_MISSING")


def test_an_object_that_cannot_be_decoded_is_left_out_of_what_is_to_be_decoded(theo, cast):
    damaged = ct_slice(2)
    damaged.compress(RLELossless, generate_instance_uid=False)
    damaged.PixelData = encapsulate([b"\0" * 64])
    store(cast, ct_slice(1), damaged, ct_slice(3))

    response = theo.get(SERIES_PATH, headers={"Accept": DICOM})
    alone = theo.get(instance_path(2), headers={"Accept": DICOM})
    as_stored = theo.get(SERIES_PATH, headers={"Accept": ANY_DICOM})

    assert (response.status_code, len(parts_of(response))) == (206, 2)
    assert "transfer syntax" in response["Warning"]
    assert alone.status_code == 406
    assert (as_stored.status_code, len(parts_of(as_stored))) == (200, 3)


def test_objects_that_are_converted_keep_their_order(theo, cast):
    compressed = [ct_slice(number) for number in range(1, 8)]
    for dataset in compressed[::2]:
        dataset.compress(RLELossless, generate_instance_uid=False)
    store(cast, *compressed)

    parts = parts_of(theo.get(SERIES_PATH, headers={"Accept": DICOM}))

    given = [dcmread(io.BytesIO(part.get_payload(decode=True))) for part in parts]
    assert [one.InstanceNumber for one in given] == list(range(1, 8))
    assert [one.PixelData for one in given] == [ct_slice(number).PixelData for number in range(1, 8)]


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


def test_metadata_is_an_array_of_what_every_instance_says(theo, series):
    response = theo.get(f"{SERIES_PATH}/metadata")

    assert response["Content-Type"] == "application/dicom+json"
    found = json.loads(body_of(response))
    assert [one["00200013"]["Value"] for one in found] == [[1], [2], [3]]
    assert found[0]["00100010"]["Value"] == [{"Alphabetic": "Li^Hua", "Ideographic": "李^华"}]
    assert found[1]["7FE00010"] == {"vr": "OW", "BulkDataURI": f"{instance_path(2)}/bulkdata/7FE00010"}


def test_metadata_is_deflated_for_who_takes_it_so(theo, series):
    packed = theo.get(f"{STUDY_PATH}/metadata", headers={"Accept-Encoding": "gzip, deflate, br"})
    plain = theo.get(f"{STUDY_PATH}/metadata")

    assert packed["Content-Encoding"] == "deflate"
    body = body_of(packed)
    assert len(body) == int(packed["Content-Length"])
    assert zlib.decompress(body) == body_of(plain)


def test_metadata_of_an_instance_is_one_of_its_series(theo, series):
    of_series = json.loads(body_of(theo.get(f"{SERIES_PATH}/metadata")))

    assert json.loads(body_of(theo.get(f"{instance_path(2)}/metadata"))) == [of_series[1]]


def test_metadata_of_a_series_that_still_receives_has_what_came_last(theo, cast, series):
    assert len(json.loads(body_of(theo.get(f"{SERIES_PATH}/metadata")))) == 3
    store(cast, ct_slice(4), ct_slice(5))

    found = json.loads(body_of(theo.get(f"{SERIES_PATH}/metadata")))

    assert [one["00200013"]["Value"][0] for one in found] == [1, 2, 3, 4, 5]


def test_kept_metadata_takes_as_many_statements_for_one_instance_as_for_many(theo, cast, series):
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            body_of(theo.get(f"{SERIES_PATH}/metadata"))
        return len(captured)

    body_of(theo.get(f"{SERIES_PATH}/metadata"))
    few = statements()
    store(cast, *(ct_slice(number) for number in range(4, 20)))
    body_of(theo.get(f"{SERIES_PATH}/metadata"))

    assert statements() == few <= 4


def test_frames_and_series_take_a_constant_number_of_statements(theo, cast, series):
    def statements(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            body_of(theo.get(path))
        return len(captured)

    for path in (SERIES_PATH, f"{instance_path(1)}/frames/1"):
        body_of(theo.get(path))
        assert statements(path) <= 4


def test_what_leaves_a_corrected_study_names_its_patient_of_today(theo, cast, series):
    study = Study.objects.get(study_instance_uid=STUDY)
    study.patient.family_name = "Wang"
    study.patient.save()
    Study.objects.update(corrected_at=study.received_at)

    given = dcmread(io.BytesIO(parts_of(theo.get(instance_path(1)))[0].get_payload(decode=True)))
    told = json.loads(body_of(theo.get(f"{SERIES_PATH}/metadata")))

    assert str(given.PatientName).startswith("Wang^Hua")
    assert told[0]["00100010"]["Value"][0]["Alphabetic"] == "Wang^Hua"
    assert given.PixelData == ct_slice(1).PixelData


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


@pytest.mark.parametrize(
    "path",
    [STUDY_PATH, SERIES_PATH, f"{SERIES_PATH}/metadata", f"{instance_path(1)}/frames/1",
     f"{instance_path(1)}/metadata", f"{instance_path(1)}/bulkdata/7FE00010"],
)  # fmt: skip
def test_otto_of_another_site_finds_nothing(client, cast, series, path):
    client.force_login(cast.otto)

    response = client.get(path)

    assert response.status_code == 404
    assert response.json()["code"] == "NOT_FOUND"


def test_nobody_gets_in_without_signing_in(client, series):
    response = client.get(SERIES_PATH)

    assert response.status_code == 401
    assert "Bearer" in response["WWW-Authenticate"]
    assert "Basic" in response["WWW-Authenticate"]
    assert "Basic" not in client.get(SERIES_PATH, headers={"Sec-Fetch-Mode": "cors"})["WWW-Authenticate"]


def test_what_is_no_uid_and_what_is_no_resource_are_told_apart(theo, series):
    assert theo.get("/dicomweb/studies/..%2f..%2fetc").status_code in {400, 404}
    assert theo.get("/dicomweb/studies/abc/metadata").status_code == 400
    assert theo.get("/dicomweb/nothing/here").json()["code"] == "RESOURCE_UNKNOWN"


def test_a_method_the_resource_has_not_is_told_with_those_it_has(theo, series):
    response = theo.delete(SERIES_PATH)

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"


def test_an_hour_of_looking_at_a_study_is_one_line_for_each_kind(theo, cast, series, clock):
    for _ in range(3):
        for number in (1, 2):
            body_of(theo.get(f"{instance_path(number)}/frames/1"))
    body_of(theo.get(SERIES_PATH))

    lines = AuditEvent.objects.filter(action="study.retrieved", study_instance_uid=STUDY).order_by("id")
    assert [line.detail["transaction"] for line in lines] == ["frames", "wado-rs"]
    assert {line.person for line in lines} == {cast.theo}


def test_metadata_is_ready_once_the_series_is_complete(cast, series):
    prepare(Event(uuid4(), "SeriesComplete", {"subjects": {"series": SERIES}}, uuid4()))

    assert SeriesMetadata.objects.get(series__series_instance_uid=SERIES).instance_count == 3
