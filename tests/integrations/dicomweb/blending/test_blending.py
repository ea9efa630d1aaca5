"""Blending presentation states as resources: which images are laid over which, refusals, and who may see them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from accounts.models import AuditEvent
from archive.pixels.sources import PixelSource
from archive.studies.services import store_part10
from integrations.dicomweb.blending import handing, volumes
from tests.archive.pixels.blends import blending_state
from tests.archive.pixels.states import item
from tests.integrations.dicomweb.answers import parts_of
from tests.integrations.dicomweb.blending.stored import (
    FRAME,
    HU,
    MODALITY,
    OTHER_STUDY,
    SERIES,
    STATE,
    STUDY,
    URL,
    flat,
    named,
    pictures_of,
    store_film,
    store_in_study,
    store_over,
    store_state,
)
from tests.portal.stored_images import ct_slice, part10, store_ct


@pytest.fixture
def under(cast) -> list[str]:
    """Slices at 0, 1 and 2 mm, of 0, 1 and 2 HU."""
    return _uids(store_ct(cast.county, study=STUDY, FrameOfReferenceUID=FRAME))


def _uids(series) -> list[str]:
    return list(series.instances.order_by("instance_number").values_list("sop_instance_uid", flat=True))


def test_blending_state_is_the_images_of_its_sets_that_lie_in_one_plane(theo, cast, under):
    """Y = 1/100; 60 of 100 is entry 153 of 255: red is (0.6 + 0.01) / 2, green 0.01 / 2. The first rows are air."""
    store_state(cast.county, under, [store_over(cast.county, 1)])

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    made = np.asarray(Image.open(io.BytesIO(response.content)))
    assert made.shape == (8, 8, 3)
    assert made[0].max() == 0
    assert (made[1:] == [78, 1, 1]).all()
    assert AuditEvent.objects.filter(action="study.retrieved", object_uid=OTHER_STUDY).count() == 1


def test_each_image_that_others_reach_is_a_picture(theo, cast, under):
    """Superimposed at 2 and 1 mm: half a millimetre beyond belongs to them, 0 mm does not."""
    store_state(cast.county, under, [store_over(cast.county, index) for index in (2, 1)])

    response = theo.get(URL, HTTP_ACCEPT='multipart/related; type="image/png"')

    places = [part["Content-Location"] for part in parts_of(response)]
    assert [place.split("/")[-2] for place in places] == under[1:]


def test_image_between_two_is_blended_with_what_is_interpolated_between_them(theo, cast, under):
    """At 1 mm, half of the way from -20 HU at -1 mm to 60 HU at 3 mm: 20 of 100, entry 51."""
    over = [
        store_over(cast.county, index, ImagePositionPatient=[0, 0, z], PixelData=flat(value))
        for index, z, value in ((1, -1, -20), (2, 3, 60))
    ]
    store_state(cast.county, [under[1]], over, opacity=1.0)

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert (made == [51, 0, 0]).all()


def test_frames_of_films_are_blended_each_with_those_in_its_place(theo, cast):
    """Below at 0, 1 and 2 mm, above at 1 mm and deeper: half a millimetre beyond belongs to it, 0 mm does not.

    By the URI service it is the first of them: 40 of 100 is entry 102.
    """
    below = store_film(cast.county, STUDY, "1.2.3.4", {0: 10, 1: 20, 2: 30})
    above = store_film(cast.county, OTHER_STUDY, SERIES, {1: 40, 2: 80, 3: 90})
    store_state(cast.county, [below], [above], opacity=1.0)
    by = f"presentationSeriesUID=1.2.3.5&presentationUID={STATE}"
    asked = (
        f"requestType=WADO&studyUID={STUDY}&seriesUID=1.2.3.4&objectUID={below}&contentType=image/png&{by}"
    )

    response = theo.get(URL, HTTP_ACCEPT='multipart/related; type="image/png"')
    places = [part["Content-Location"] for part in parts_of(response)]
    by_uri = theo.get(f"/dicomweb/wado?{asked}")

    assert [place.partition("/frames/")[2] for place in places] == ["2/rendered", "3/rendered"]
    assert [picture[0, 0].tolist() for picture in pictures_of(by_uri)] == [[102, 0, 0]]


def test_enhanced_image_of_one_frame_is_where_its_functional_groups_say(theo, cast, under):
    store_state(cast.county, under, [store_film(cast.county, OTHER_STUDY, SERIES, {1: 60})], opacity=1.0)

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert (made == [153, 0, 0]).all()


def test_only_the_frames_a_state_names_are_blended(theo, cast):
    below = store_film(cast.county, STUDY, "1.2.3.4", {0: 10, 1: 20})
    above = store_film(cast.county, OTHER_STUDY, SERIES, {0: 40, 1: 80})
    by = blending_state(opacity=1.0, under=HU, over=HU)
    sets = ((STUDY, named(below)), (OTHER_STUDY, named(above, ReferencedFrameNumber=[2])))
    for one, (study, image) in zip(by.BlendingSequence, sets, strict=True):
        one.StudyInstanceUID, one.ReferencedSeriesSequence[0].ReferencedImageSequence = study, [image]
    store_in_study(cast.county, by)

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert (made == [204, 0, 0]).all()


def test_only_the_segments_a_state_names_are_blended(theo, cast, under):
    """Two segments of a segmentation at 1 mm, of which the second is named."""
    made = ct_slice(OTHER_STUDY, SERIES, 0, FrameOfReferenceUID=FRAME, NumberOfFrames=2)
    made.PerFrameFunctionalGroupsSequence = [
        item(PlanePositionSequence=[item(ImagePositionPatient=[0, 0, 1])],
             SegmentIdentificationSequence=[item(ReferencedSegmentNumber=number)])
        for number in (1, 2)
    ]  # fmt: skip
    made.PixelData = flat(40) + flat(80)
    store_part10(part10(made), site=cast.county, actor=MODALITY)
    by = blending_state(opacity=1.0, under=HU, over=HU)
    sets = (
        (STUDY, named(under[1])),
        (OTHER_STUDY, named(str(made.SOPInstanceUID), ReferencedSegmentNumber=[2])),
    )
    for one, (study, image) in zip(by.BlendingSequence, sets, strict=True):
        one.StudyInstanceUID, one.ReferencedSeriesSequence[0].ReferencedImageSequence = study, [image]
    store_in_study(cast.county, by)

    (shown,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert (shown[1:] == [204, 0, 0]).all()


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
        ({"NumberOfFrames": 2, "PixelData": b"\0" * 256}, "BLENDING_AMBIGUOUS"),
    ],
)
def test_images_that_cannot_be_laid_over_each_other_are_refused_by_name(theo, cast, under, elements, code):
    store_state(cast.county, under, [store_over(cast.county, 1, **elements)])

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, code)


def test_images_of_one_place_are_not_chosen_from(theo, cast, under):
    over = [store_over(cast.county, index, ImagePositionPatient=[0, 0, 1]) for index in (1, 2)]
    store_state(cast.county, under, over)

    assert theo.get(URL, HTTP_ACCEPT="image/png").json()["code"] == "BLENDING_AMBIGUOUS"


@pytest.mark.parametrize("limit", ["MOST_OVER_ONE", "MOST_IN_ANSWER"])
def test_more_than_is_blended_in_one_answer_is_refused_by_name(theo, cast, under, monkeypatch, limit):
    monkeypatch.setattr(volumes, limit, 1)
    over = [store_over(cast.county, index, ImagePositionPatient=[0, 0, index + 0.5]) for index in (0, 1)]
    store_state(cast.county, under, over)

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, "BLENDING_TOO_LARGE")


def test_many_images_are_blended_with_as_many_statements_as_few(theo, cast, under):
    over = [store_over(cast.county, index) for index in (0, 1, 2)]
    store_state(cast.county, under[:1], over[:1])
    store_state(cast.county, under, over, SOPInstanceUID="1.2.3.4.9")

    def statements(url: str) -> int:
        assert theo.get(url, HTTP_ACCEPT='multipart/related; type="image/png"').status_code == 200
        with CaptureQueriesContext(connection) as captured:
            pictures_of(theo.get(url, HTTP_ACCEPT='multipart/related; type="image/png"'))
        return len(captured)

    assert statements(URL) == statements(URL.replace(STATE, "1.2.3.4.9")) <= 10


def test_objects_that_would_have_to_be_held_are_refused_by_name_if_they_are_large(
    theo, cast, under, monkeypatch
):
    monkeypatch.setattr(handing, "MOST_CARRIED", 7)
    monkeypatch.setattr(handing, "source_of", lambda _subject: PixelSource(data=bytes(8)))
    store_state(cast.county, under, [store_over(cast.county, 1)])

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, "BLENDING_TOO_LARGE")


def test_images_that_are_not_there_are_told_of(theo, cast, under):
    store_state(cast.county, under, ["1.2.9.4.1"])

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, "IMAGES_MISSING")


def test_images_of_a_study_that_may_not_be_seen_are_as_if_not_there(theo, cast, under):
    store_state(cast.county, under, [store_over(cast.elsewhere, 1)])

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, "IMAGES_MISSING")
