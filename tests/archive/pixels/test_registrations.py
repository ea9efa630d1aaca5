"""By which matrices images come to lie in the same coordinates (PS3.3 C.20.2.1.1)."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from archive.pixels.rendering.registrations import (
    Coordinates,
    Registered,
    Registration,
    Way,
    coordinates_of,
    registration_of,
)
from tests.archive.pixels.blends import matrix_of, registered
from tests.archive.pixels.states import item

RIGHT = matrix_of((1, 0, 0, 5), (0, 1, 0, 0), (0, 0, 1, 0))
DOWN = matrix_of((1, 0, 0, 0), (0, 1, 0, 3), (0, 0, 1, 0))
QUARTER = matrix_of((0, -1, 0, 0), (1, 0, 0, 0), (0, 0, 1, 0))


def registration(*items: Dataset) -> Registration:
    found = registration_of(item(FrameOfReferenceUID="1.2.1", RegistrationSequence=list(items)))
    assert found is not None
    return found


def moved(by: Registered | Way | None, *point: float) -> list[float]:
    assert by is not None
    assert by.matrix is not None
    return [float(value) for value in (by.matrix @ [*point, 1])[:3]]


def test_matrix_is_that_of_the_frame_of_reference():
    made = registration(registered(RIGHT, FrameOfReferenceUID="1.2.2"))

    assert moved(made.of("1.2.9", 1, "1.2.2"), 1, 2, 3) == [6, 2, 3]
    assert made.of("1.2.9", 1, "1.2.3") is None


def test_item_that_names_the_image_or_its_frame_goes_before():
    one = item(ReferencedSOPInstanceUID="1.2.9", ReferencedFrameNumber=[2, 3])
    made = registration(
        registered(RIGHT, FrameOfReferenceUID="1.2.2"), registered(DOWN, ReferencedImageSequence=[one])
    )

    assert moved(made.of("1.2.9", 3, "1.2.2"), 0, 0, 0) == [0, 3, 0]
    assert moved(made.of("1.2.9", 1, "1.2.2"), 0, 0, 0) == [5, 0, 0]


def test_frame_of_reference_of_several_matrices_is_not_guessed():
    made = registration(*(registered(matrix, FrameOfReferenceUID="1.2.2") for matrix in (RIGHT, DOWN)))

    assert made.of("1.2.9", 1, "1.2.2") is None


def test_several_matrices_are_one_where_their_order_does_not_matter():
    made = registration(registered(RIGHT, DOWN, FrameOfReferenceUID="1.2.2"))

    assert moved(made.of("1.2.9", 1, "1.2.2"), 0, 0, 0) == [5, 3, 0]


@pytest.mark.parametrize(
    "matrices",
    [
        [RIGHT, QUARTER], [], [[1.0, 0, 0]], [[0.0] * 15 + [1.0]],
        [[1.0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0.5, 1]],
    ],
    ids=["order matters", "none", "too few numbers", "nothing leads back", "perspective"],
)  # fmt: skip
def test_matrices_that_cannot_be_followed_are_none(matrices):
    said = item(
        FrameOfReferenceUID="1.2.1",
        RegistrationSequence=[registered(*matrices, FrameOfReferenceUID="1.2.2")],
    )

    assert registration_of(said) is None


def test_coordinates_lead_through_what_both_are_registered_to():
    """5 to the right of one is 3 down of the other: so from one to the other it is 5 right and 3 up."""
    made = registration(
        registered(RIGHT, FrameOfReferenceUID="1.2.2"), registered(DOWN, FrameOfReferenceUID="1.2.3")
    )
    here, there = (coordinates_of("1.2.9", 1, frame, [made]) for frame in ("1.2.2", "1.2.3"))

    assert moved(here.leading_to(there), 0, 0, 0) == [5, -3, 0]


def test_images_of_the_registered_frame_of_reference_need_no_matrix():
    made = registration(registered(RIGHT, FrameOfReferenceUID="1.2.2"))

    way = coordinates_of("1.2.9", 1, "1.2.2", [made]).leading_to(coordinates_of("1.2.8", 1, "1.2.1", [made]))

    assert moved(way, 0, 0, 0) == [5, 0, 0]
    assert Coordinates("1.2.1").leading_to(Coordinates("1.2.1")) == Way()
    assert Coordinates("1.2.1").leading_to(Coordinates("1.2.4")) is None
