"""Blending by a spatial registration: expected pictures by the matrix, refusals by name (PS3.3 C.20.2, C.11.14.1.1)."""

from __future__ import annotations

import pytest

from tests.archive.pixels.blends import matrix_of, registered
from tests.archive.pixels.states import item
from tests.integrations.dicomweb.blending.stored import (
    COLUMNS,
    FIDUCIALS,
    FRAME,
    OTHER_FRAME,
    ROWS,
    SPATIAL,
    URL,
    VALUES,
    alone,
    pictures_of,
    referring,
    store_registration,
    store_state,
)

IDENTITY = matrix_of((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0))
ONE_PIXEL_RIGHT = matrix_of((1, 0, 0, 0.5), (0, 1, 0, 0), (0, 0, 1, 0))
QUARTER_TURN = matrix_of((0, -1, 0, 3.5), (1, 0, 0, 0), (0, 0, 1, 0))


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
