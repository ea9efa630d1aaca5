"""Series in time that are blended: a picture a time point, in its order, whichever way it is told (PS3.3 C.11.33)."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image, ImageSequence

from archive.studies.services import store_part10
from integrations.dicomweb.blending import frames, handing
from tests.archive.pixels.blends import advanced_state, step
from tests.archive.pixels.states import item
from tests.integrations.dicomweb.blending.stored import (
    FRAME,
    MODALITY,
    OTHER_FRAME,
    OTHER_STUDY,
    SERIES,
    STUDY,
    URL,
    flat,
    grey,
    pictures_of,
    red,
    store_film,
    store_in_study,
    store_over,
)
from tests.portal.stored_images import ct_slice, part10, store_ct

MANY = 'multipart/related; type="image/png"'
TIMED = {"TimeSeriesBlending": "TRUE"}


def store_moment(site, number: int, value: int, *, z: float = 0, **elements: Any) -> None:
    """One slice of the series in time, of as many HU."""
    store_over(site, number, ImagePositionPatient=[0, 0, z], PixelData=flat(value), **elements)


def store_blending(site, *inputs: Any, **elements: Any) -> None:
    """The second input alone where there is any of it: red from 0 to 100 HU."""
    store_in_study(site, advanced_state(list(inputs), [step(2, 1, opacity=1.0)], **elements))


def reds(response) -> list[int]:
    return [int(picture[3, 3, 0]) for picture in pictures_of(response)]


WAYS = {
    "positions": [{"TemporalPositionIdentifier": number} for number in (3, 1, 2)],
    "delays": [{"TriggerTime": delay} for delay in ("300.5", "20.5", "100.5")],
    "times of a PET": [{"FrameReferenceTime": ms} for ms in ("90000", "30000", "60000")],
    "acquisitions": [
        {"AcquisitionDate": day, "AcquisitionTime": hour}
        for day, hour in (("20260302", "000001"), ("20260301", "235958"), ("20260301", "235959"))
    ],
    "positions that are all one, and times": [
        {"TemporalPositionIdentifier": 1, "AcquisitionDateTime": f"2026030110150{second}"} for second in (3, 1, 2)
    ],
}  # fmt: skip


@pytest.mark.parametrize("told", WAYS.values(), ids=WAYS)
def test_each_time_point_gives_a_picture_in_the_order_of_time(theo, cast, told):
    """The last one is stored first: 60, 20 and 40 HU, of which 20 HU are 51 of 255."""
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    for number, (value, elements) in enumerate(zip((60, 20, 40), told, strict=True)):
        store_moment(cast.county, number, value, **elements)
    store_blending(cast.county, grey(), red(**TIMED))

    assert reds(theo.get(URL, HTTP_ACCEPT=MANY)) == [51, 102, 153]


def test_all_places_of_a_time_point_come_before_the_next(theo, cast):
    """Two slices, each taken twice, a second after the other: a scanner that goes to and fro."""
    store_ct(cast.county, slices=2, FrameOfReferenceUID=FRAME)
    taken = [(0, 12, 1), (1, 20, 2), (1, 40, 3), (0, 28, 4)]
    for number, (z, value, second) in enumerate(taken):
        store_moment(cast.county, number, value, z=z, AcquisitionDateTime=f"2026030110150{second}")
    store_blending(cast.county, grey(), red(**TIMED))

    made = reds(theo.get(URL, HTTP_ACCEPT=MANY))

    assert made == [round(2.55 * value) for value in (12, 20, 28, 40)]


def test_series_in_time_may_be_that_whose_geometry_is_shown(theo, cast):
    """At half opacity, over 0 HU that stay: 20 and 40 HU are 25.5 and 51 of 255."""
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    for number, value in enumerate((40, 20)):
        store_moment(cast.county, number, value, TemporalPositionIdentifier=2 - number)
    inputs = [grey(), red(GeometryForDisplay="TRUE", **TIMED)]
    store_in_study(cast.county, advanced_state(inputs, [step(2, 1, opacity=0.5)]))

    assert reds(theo.get(URL, HTTP_ACCEPT=MANY)) == [26, 51]


def test_two_series_in_time_go_on_together(theo, cast):
    """EQUAL of grey 10 and 30 HU and red 40 and 90 HU, told by positions and by times."""
    for number, value in enumerate((10, 30)):
        made = ct_slice(STUDY, "1.2.3.4", number, FrameOfReferenceUID=FRAME, PixelData=flat(value),
                        ImagePositionPatient=[0, 0, 0], TriggerTime=str(100 * number))  # fmt: skip
        store_part10(part10(made), site=cast.county, actor=MODALITY)
    for number, value in enumerate((90, 40)):
        store_moment(cast.county, number, value, TemporalPositionIdentifier=2 - number)
    store_in_study(cast.county, advanced_state([grey(**TIMED), red(**TIMED)], [step(1, 2)]))

    shown = pictures_of(theo.get(URL, HTTP_ACCEPT=MANY))

    assert [picture[3, 3].tolist() for picture in shown] == [
        [round(2.55 * (10 + 40) / 2), round(2.55 * 10 / 2), round(2.55 * 10 / 2)],
        [round(2.55 * (30 + 90) / 2), round(2.55 * 30 / 2), round(2.55 * 30 / 2)],
    ]


def test_frames_of_an_enhanced_image_are_time_points(theo, cast):
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    made = ct_slice(OTHER_STUDY, SERIES, 0, FrameOfReferenceUID=FRAME, NumberOfFrames=2)
    made.PerFrameFunctionalGroupsSequence = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=[0, 0, 0])],
            FrameContentSequence=[item(TemporalPositionIndex=index)],
        )
        for index in (2, 1)
    ]
    made.PixelData = flat(40) + flat(20)
    store_part10(part10(made), site=cast.county, actor=MODALITY)
    store_blending(cast.county, grey(), red(**TIMED))

    assert reds(theo.get(URL, HTTP_ACCEPT=MANY)) == [51, 102]


def test_gif_is_a_film_of_the_time_points(theo, cast):
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    for number, value in enumerate((60, 20, 40)):
        store_moment(cast.county, number, value, TriggerTime=str(value))
    store_blending(cast.county, grey(), red(**TIMED))

    response = theo.get(URL, HTTP_ACCEPT="image/gif")

    assert response["Content-Type"] == "image/gif"
    assert film_of(response.content) == [51, 102, 153]


def test_gifs_are_a_film_of_each_place(theo, cast):
    store_ct(cast.county, slices=2, FrameOfReferenceUID=FRAME)
    for number, (z, value) in enumerate([(0, 20), (0, 40), (1, 60), (1, 80)]):
        store_moment(cast.county, number, value, z=z, TriggerTime=str(value))
    store_blending(cast.county, grey(), red(**TIMED))

    response = theo.get(URL, HTTP_ACCEPT='multipart/related; type="image/gif"')

    parts = [part for part in b"".join(response).split(b"\r\n\r\n") if part.startswith(b"GIF")]
    assert [film_of(part) for part in parts] == [[51, 102], [153, 204]]


def film_of(data: bytes) -> list[int]:
    """Red in the middle of each picture; a GIF has colours of its own near to those drawn."""
    shown = ImageSequence.Iterator(Image.open(io.BytesIO(data)))
    return [int(np.asarray(picture.convert("RGB"))[3, 3, 0]) for picture in shown]


def test_one_picture_is_not_taken_for_all_of_a_series_in_time(theo, cast):
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    for number in (1, 2):
        store_moment(cast.county, number, 20, TemporalPositionIdentifier=number)
    store_blending(cast.county, grey(), red(**TIMED))

    assert theo.get(URL, HTTP_ACCEPT="image/png").status_code == 406


def test_number_of_statements_does_not_grow_with_the_time_points(theo, cast):
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    store_blending(cast.county, grey(), red(**TIMED))
    counts = []
    for number in range(1, 5):
        store_moment(cast.county, number, 20, TemporalPositionIdentifier=number)
        with CaptureQueriesContext(connection) as asked:
            assert len(reds(theo.get(URL, HTTP_ACCEPT=MANY))) == number
        counts.append(len(asked))

    assert counts[1] == counts[3] <= 10


@pytest.mark.parametrize(
    ("moments", "code"),
    [
        ([{}, {}], "BLENDING_TIME_UNTOLD"),
        ([{"TriggerTime": "5"}, {"TriggerTime": "5"}], "BLENDING_TIME_UNTOLD"),
        ([{"TriggerTime": "5"}, {"FrameReferenceTime": "5"}], "BLENDING_TIME_UNTOLD"),
        ([{"TriggerTime": "1"}, {"TriggerTime": "2"}, {"TriggerTime": "1", "z": 1}], "BLENDING_TIME_UNTOLD"),
        ([{"TriggerTime": "1", "FrameOfReferenceUID": OTHER_FRAME}], "BLENDING_FRAME_OF_REFERENCE"),
    ],
    ids=["nothing told", "one time", "two kinds", "a place less often", "elsewhere"],
)
def test_series_that_are_no_series_in_time_are_refused_by_name(theo, cast, moments, code):
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    for number, elements in enumerate(moments):
        store_moment(cast.county, number, 20, **elements)
    store_blending(cast.county, grey(), red(**TIMED))

    response = theo.get(URL, HTTP_ACCEPT=MANY)

    assert (response.status_code, response.json()["code"]) == (406, code)


def test_series_of_different_lengths_are_refused_by_name(theo, cast):
    store_film(cast.county, STUDY, "1.2.3.4", {0: 10})
    for number in (1, 2):
        store_moment(cast.county, number, 20, TemporalPositionIdentifier=number)
    of_one = grey(**TIMED)
    store_ct(cast.county, slices=1, series="1.2.3.7", FrameOfReferenceUID=FRAME, TemporalPositionIdentifier=1)
    of_one.SeriesInstanceUID = "1.2.3.7"
    store_blending(cast.county, of_one, red(**TIMED))

    assert theo.get(URL, HTTP_ACCEPT=MANY).json()["code"] == "BLENDING_TIME_POINTS"


@pytest.mark.parametrize(("module", "accept"), [(frames, MANY), (handing, "image/gif")])
def test_more_images_than_are_opened_are_refused_by_name(theo, cast, monkeypatch, module, accept):
    monkeypatch.setattr(module, "MOST_OPENED", 1)
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    for number in (1, 2):
        store_moment(cast.county, number, 20, TemporalPositionIdentifier=number)
    store_blending(cast.county, grey(), red(**TIMED))

    response = theo.get(URL, HTTP_ACCEPT=accept)

    assert (response.status_code, response.json()["code"]) == (406, "BLENDING_TOO_LARGE")


def test_series_of_another_site_is_as_if_it_were_not_there(theo, cast):
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    store_moment(cast.elsewhere, 1, 20, TemporalPositionIdentifier=1)
    store_blending(cast.county, grey(), red(**TIMED))

    assert theo.get(URL, HTTP_ACCEPT=MANY).json()["code"] == "IMAGES_MISSING"
