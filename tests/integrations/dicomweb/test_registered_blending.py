"""Blending by a spatial registration: expected pictures by the matrix, refusals by name (PS3.3 C.20.2, C.11.14.1.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from tests.archive.pixels.blends import matrix_of, registered
from tests.archive.pixels.states import item, state
from tests.integrations.dicomweb.test_blending import (
    FRAME,
    HU,
    STUDY,
    URL,
    pictures_of,
    store_in_study,
    store_over,
    store_state,
)
from tests.portal.stored_images import store_ct

OTHER_FRAME, REGISTRATION = "1.2.78", "1.2.3.55"
SPATIAL, FIDUCIALS = "1.2.840.10008.5.1.4.1.1.66.1", "1.2.840.10008.5.1.4.1.1.66.2"
ROWS, COLUMNS = np.mgrid[:8, :8]
VALUES = 10 * COLUMNS + ROWS
IDENTITY = matrix_of((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0))
ONE_PIXEL_RIGHT = matrix_of((1, 0, 0, 0.5), (0, 1, 0, 0), (0, 0, 1, 0))
QUARTER_TURN = matrix_of((0, -1, 0, 3.5), (1, 0, 0, 0), (0, 0, 1, 0))


@pytest.fixture
def theo(client, cast):
    client.force_login(cast.theo)
    return client


@pytest.fixture
def images(cast) -> tuple[str, str]:
    """An image of 0 HU, and one of 10 HU a column and 1 HU a row in another frame of reference; both at 0 mm."""
    below = store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME).instances.get().sop_instance_uid
    pixels = (VALUES + 1000).astype(np.uint16).tobytes()
    return below, store_over(cast.county, 0, FrameOfReferenceUID=OTHER_FRAME, PixelData=pixels)


def store_registration(site, *items: Dataset, sop_class: str = SPATIAL, to: str = FRAME) -> None:
    made = state(sop_class, FrameOfReferenceUID=to, RegistrationSequence=list(items))
    store_as_registration(site, made)


def store_as_registration(site, made: FileDataset, *, study: str = STUDY) -> None:
    """As the object states refer to."""
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = UID(REGISTRATION)
    store_in_study(site, made, study=study)


def referring(instance: str = REGISTRATION) -> dict[str, Any]:
    """What a state says of the registration."""
    named = item(ReferencedSOPClassUID=SPATIAL, ReferencedSOPInstanceUID=instance)
    series = item(SeriesInstanceUID="1.2.3.5", ReferencedSOPSequence=[named])
    study = item(StudyInstanceUID="1.2.3", ReferencedSeriesSequence=[series])
    return {"ReferencedSpatialRegistrationSequence": [study]}


def alone() -> dict[str, Any]:
    """The superimposed image alone, 1 HU an entry of the palette."""
    window = item(WindowCenter=127.5, WindowWidth=255, VOILUTFunction="LINEAR_EXACT")
    return {"opacity": 1.0, "over": {**HU, "SoftcopyVOILUTSequence": [window]}, **referring()}


def test_registration_by_one_pixel_moves_the_superimposed_image_by_one_pixel(theo, cast, images):
    store_registration(cast.county, registered(ONE_PIXEL_RIGHT, FrameOfReferenceUID=OTHER_FRAME))
    store_state(cast.county, [images[0]], [images[1]], **alone())

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert made[:, 1:, 0].tolist() == VALUES[:, :-1].tolist()
    assert made[:, 0].max() == 0


def test_registration_by_a_quarter_turn_turns_the_superimposed_image(theo, cast, images):
    """Registered x is 3.5 mm - y of the image, y its x: column j of row i is column i of its row 7 - j."""
    store_registration(cast.county, registered(QUARTER_TURN, FrameOfReferenceUID=OTHER_FRAME))
    store_state(cast.county, [images[0]], [images[1]], **alone())

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert made[..., 0].tolist() == (10 * ROWS + 7 - COLUMNS).tolist()


def test_both_images_may_be_registered_to_a_third_frame_of_reference(theo, cast, images):
    """One pixel right of the image above, and named by itself; the one below two pixels right: one left of it."""
    two_right = matrix_of((1, 0, 0, 1), (0, 1, 0, 0), (0, 0, 1, 0))
    above = registered(ONE_PIXEL_RIGHT, ReferencedImageSequence=[item(ReferencedSOPInstanceUID=images[1])])
    store_registration(cast.county, registered(two_right, FrameOfReferenceUID=FRAME), above, to="1.2.80")
    store_state(cast.county, [images[0]], [images[1]], **alone())

    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))

    assert made[:, :-1, 0].tolist() == VALUES[:, 1:].tolist()


@pytest.mark.parametrize(
    ("items", "sop_class", "code"),
    [
        ([registered(IDENTITY, FrameOfReferenceUID="1.2.79")], SPATIAL, "BLENDING_FRAME_OF_REFERENCE"),
        ([registered([0.0] * 16, FrameOfReferenceUID=OTHER_FRAME)], SPATIAL, "BLENDING_REGISTRATION_MATRIX"),
        ([registered(ONE_PIXEL_RIGHT, QUARTER_TURN, FrameOfReferenceUID=OTHER_FRAME)], SPATIAL,
         "BLENDING_REGISTRATION_MATRIX"),
        ([], FIDUCIALS, "BLENDING_REGISTRATION_CLASS"),
        (None, SPATIAL, "BLENDING_REGISTRATION_MISSING"),
    ],
)  # fmt: skip
def test_registrations_that_do_not_help_are_refused_by_name(theo, cast, images, items, sop_class, code):
    if items is not None:
        store_registration(cast.county, *items, sop_class=sop_class)
    store_state(cast.county, [images[0]], [images[1]], **referring())

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, code)
