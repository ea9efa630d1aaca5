"""Blending presentation states as resources: which images are laid over which, refusals, and who may see them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.studies.services import store_part10
from tests.archive.pixels.blends import blending_state
from tests.archive.pixels.states import item
from tests.portal.stored_images import ct_slice, part10, store_ct

MODALITY = SystemActor("dicom:CT1", "county")
STUDY, OTHER_STUDY, SERIES, STATE = "1.2.3", "1.2.9", "1.2.9.4", "1.2.3.4.6"
FRAME = "1.2.77"
URL = f"/dicomweb/studies/{STUDY}/series/1.2.3.5/instances/{STATE}/rendered"
HU = {"RescaleSlope": 1, "RescaleIntercept": -1000, "RescaleType": "HU",
      "SoftcopyVOILUTSequence": [item(WindowCenter=50, WindowWidth=100, VOILUTFunction="LINEAR_EXACT")]}  # fmt: skip


@pytest.fixture
def theo(client, cast):
    client.force_login(cast.theo)
    return client


@pytest.fixture
def under(cast) -> list[str]:
    """Slices at 0, 1 and 2 mm, of 0, 1 and 2 HU."""
    return _uids(store_ct(cast.county, study=STUDY, FrameOfReferenceUID=FRAME))


def _uids(series) -> list[str]:
    return list(series.instances.order_by("instance_number").values_list("sop_instance_uid", flat=True))


def store_over(site, index: int, **elements: object) -> str:
    """A slice of another study, of 60 HU."""
    made = ct_slice(OTHER_STUDY, SERIES, index, value=60, **{"FrameOfReferenceUID": FRAME, **elements})
    store_part10(part10(made), site=site, actor=MODALITY)
    return str(made.SOPInstanceUID)


def store_state(site, under: list[str], over: list[str], **elements: Any) -> None:
    by = blending_state(opacity=0.5, under=HU, over=HU, **elements)
    for one, study, uids in zip(by.BlendingSequence, (STUDY, OTHER_STUDY), (under, over), strict=True):
        one.StudyInstanceUID = study
        one.ReferencedSeriesSequence[0].ReferencedImageSequence = [
            item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=uid)
            for uid in uids
        ]
    of_study = ct_slice(STUDY, "1.2.3.5", 0)
    for keyword in ("SpecificCharacterSet", "PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
        setattr(by, keyword, of_study.get(keyword))
    by.StudyInstanceUID, by.SeriesInstanceUID, by.Modality = STUDY, "1.2.3.5", "PR"
    store_part10(part10(by), site=site, actor=MODALITY)


def test_blending_state_is_the_images_of_its_sets_that_lie_in_one_plane(theo, cast, under):
    """Y = 1/100; 60 of 100 is entry 153 of 255: red is (0.6 + 0.01) / 2, green 0.01 / 2. The first rows are air."""
    store_state(cast.county, under, [store_over(cast.county, 1)])

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    made = np.asarray(Image.open(io.BytesIO(response.content)))
    assert made.shape == (8, 8, 3)
    assert made[0].max() == 0
    assert (made[1:] == [78, 1, 1]).all()
    assert AuditEvent.objects.filter(action="study.retrieved", object_uid=OTHER_STUDY).count() == 1


def test_each_pair_of_images_is_a_picture(theo, cast, under):
    store_state(cast.county, under, [store_over(cast.county, index) for index in (2, 0)])

    response = theo.get(URL, HTTP_ACCEPT='multipart/related; type="image/png"')

    body = b"".join(response.streaming_content)
    assert body.count(b"\x89PNG") == 2
    assert body.index(under[0].encode()) < body.index(under[2].encode())
    assert under[1].encode() not in body


def test_uri_service_shows_an_image_by_a_blending_state(theo, cast, under):
    store_state(cast.county, under, [store_over(cast.county, 1)])
    asked = f"/dicomweb/wado?requestType=WADO&studyUID={STUDY}&seriesUID=1.2.3.4&contentType=image/png"
    by = f"presentationSeriesUID=1.2.3.5&presentationUID={STATE}"

    paired, alone = (theo.get(f"{asked}&objectUID={uid}&{by}") for uid in (under[1], under[0]))

    assert np.asarray(Image.open(io.BytesIO(paired.content)))[1, 0].tolist() == [78, 1, 1]
    assert (alone.status_code, alone.json()["code"]) == (406, "PRESENTATION_UNSUITED")


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"FrameOfReferenceUID": "1.2.78"}, "BLENDING_FRAME_OF_REFERENCE"),
        ({"ImagePositionPatient": [0, 0, 1.5]}, "BLENDING_PLANES"),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, "BLENDING_PLANES"),
        ({"ImagePositionPatient": None}, "BLENDING_UNPLACED"),
        ({"PatientID": "C-2002"}, "BLENDING_PATIENTS"),
        ({"NumberOfFrames": 2, "PixelData": b"\0" * 256}, "BLENDING_OF_FRAMES"),
    ],
)
def test_images_that_cannot_be_laid_over_each_other_are_refused_by_name(theo, cast, under, elements, code):
    store_state(cast.county, under, [store_over(cast.county, 1, **elements)])

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, code)


def test_registered_sets_are_refused_by_name(theo, cast, under):
    registration = item(
        ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.66.1", ReferencedSOPInstanceUID="1.2.55"
    )
    store_state(
        cast.county, under, [store_over(cast.county, 1)], ReferencedSpatialRegistrationSequence=[registration]
    )

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, "BLENDING_REGISTERED")


def test_images_that_are_not_there_are_told_of(theo, cast, under):
    store_state(cast.county, under, ["1.2.9.4.1"])

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, "IMAGES_MISSING")


def test_images_of_a_study_that_may_not_be_seen_are_as_if_not_there(theo, cast, under):
    store_state(cast.county, under, [store_over(cast.elsewhere, 1)])

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, "IMAGES_MISSING")
