"""Retrieving objects by WADO-RS: parts, transfer syntaxes and statuses (PS3.18 §10.4, §8.7.3)."""

from __future__ import annotations

import io
import json
import zipfile

from django.db import connection
from django.test.utils import CaptureQueriesContext
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from archive.studies.models import Study
from common.uids import derived_uid
from tests.archive.studies.objects import ct_slice
from tests.integrations.dicomweb.answers import body_of, parts_of
from tests.integrations.dicomweb.retrieve.stored_series import (
    ANY_DICOM,
    DICOM,
    SERIES,
    SERIES_PATH,
    STUDY,
    STUDY_PATH,
    held,
    instance_path,
    store,
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
