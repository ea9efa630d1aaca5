"""Blending by a deformable registration: expected pictures by the vectors, and what is refused (PS3.3 C.20.3).

Vectors lead from the image below to the one laid over it, whose pixels of 0.5 mm hold 10 HU a column and 1 HU a row.
"""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.archive.pixels.blends import advanced_state, deformable, deformed, matrix_of, step
from tests.archive.pixels.states import item
from tests.integrations.dicomweb.blending.stored import (
    COLUMNS,
    FRAME,
    OTHER_FRAME,
    REGISTRATION,
    ROWS,
    SPATIAL,
    URL,
    VALUES,
    alone,
    flat,
    grey,
    halves,
    pictures_of,
    red,
    referring,
    store_as_registration,
    store_in_study,
    store_over,
    store_state,
)
from tests.portal.stored_images import store_ct

X = COLUMNS * 0.5  # mm


def everywhere(*vector: float) -> np.ndarray:
    """One vector in each of 8 rows and columns of 0.5 mm."""
    return np.broadcast_to(np.array(vector, float), (1, 8, 8, 3)).copy()


def picture(theo) -> list[list[int]]:
    """Of the image that is laid over the other, 1 HU a grey level; 0 where nothing is."""
    (made,) = pictures_of(theo.get(URL, HTTP_ACCEPT="image/png"))
    levels: list[list[int]] = made[..., 0].tolist()
    return levels


def test_one_vector_everywhere_moves_the_image_by_it(theo, cast, images):
    store_as_registration(
        cast.county, deformable(deformed(everywhere(-0.5, 0.0, 0.0), steps=(0.5, 0.5, 1)), to=FRAME)
    )
    store_state(cast.county, [images[0]], [images[1]], **alone())

    assert picture(theo) == np.where(COLUMNS > 0, VALUES - 10, 0).tolist()


def test_vectors_that_grow_evenly_scale_the_image(theo, cast, images):
    """At x mm the image is taken at 2x: column c of it at column 2c; beyond 4 mm there is none. y is as it is."""
    ends = np.array([[[(0, 0, 0), (3.5, 0, 0)], [(0, 0, 0), (3.5, 0, 0)]]])
    store_as_registration(cast.county, deformable(deformed(ends, steps=(3.5, 3.5, 1)), to=FRAME))
    store_state(cast.county, [images[0]], [images[1]], **alone())

    assert picture(theo) == np.where(COLUMNS < 4, VALUES + 10 * COLUMNS, 0).tolist()


def test_matrices_and_vectors_are_applied_in_their_order(theo, cast, images):
    """x is moved by 0.5 mm, then by half the x it had, then doubled: 2 * (x + 0.5 + x / 2) is 3x + 1."""
    half = np.array([[[(0, 0, 0), (1.75, 0, 0)], [(0, 0, 0), (1.75, 0, 0)]]])
    one = deformed(
        half, steps=(3.5, 3.5, 1),
        before=matrix_of((1, 0, 0, 0.5), (0, 1, 0, 0), (0, 0, 1, 0)),
        after=matrix_of((2, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)),
    )  # fmt: skip
    store_as_registration(cast.county, deformable(one, to=FRAME))
    store_state(cast.county, [images[0]], [images[1]], **alone())

    source = 3 * COLUMNS + 2
    assert picture(theo) == np.where(source < 8, 10 * source + ROWS, 0).tolist()


def test_nothing_is_shown_beyond_the_grid_or_where_a_vector_is_none(theo, cast, images):
    """A grid from column 2 to 5; a vector of row 3, column 4 is none."""
    vectors = np.zeros((1, 8, 4, 3))
    vectors[0, 3, 2] = np.nan
    store_as_registration(
        cast.county, deformable(deformed(vectors, start=(1, 0, 0), steps=(0.5, 0.5, 1)), to=FRAME)
    )
    store_state(cast.county, [images[0]], [images[1]], **alone())

    is_shown = (COLUMNS >= 2) & (COLUMNS <= 5) & ~((ROWS == 3) & (COLUMNS == 4))
    assert picture(theo) == np.where(is_shown, VALUES, 0).tolist()


def test_image_below_may_be_brought_to_the_registered_coordinates_by_a_matrix(theo, cast, images):
    """Two columns to the right by its matrix, one to the left by the vectors."""
    moved = deformable(
        deformed(None, after=matrix_of((1, 0, 0, -1), (0, 1, 0, 0), (0, 0, 1, 0)), SourceFrameOfReferenceUID=FRAME),
        deformed(np.pad(everywhere(-0.5, 0, 0), ((0, 0), (0, 0), (0, 4), (0, 0)), "edge"), steps=(0.5, 0.5, 1)),
        to="1.2.80",
    )  # fmt: skip
    store_as_registration(cast.county, moved)
    store_state(cast.county, [images[0]], [images[1]], **alone())

    assert picture(theo) == np.where(COLUMNS < 7, VALUES + 10, 0).tolist()


def test_volume_of_an_input_is_deformed_across_its_slices(theo, cast):
    """Slices of 0, 24 and 48 HU at 0, 1 and 2 mm; that at 0 mm of the geometry takes its columns from 0 to 2 mm."""
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    for index in range(3):
        store_over(cast.county, index, FrameOfReferenceUID=OTHER_FRAME, PixelData=flat(24 * index))
    deeper = np.array([[[(0, 0, 0), (0, 0, 2)], [(0, 0, 0), (0, 0, 2)]]])
    store_as_registration(cast.county, deformable(deformed(deeper, steps=(4, 4, 1)), to=FRAME))
    store_in_study(cast.county, advanced_state([grey(), red(**referring())], [step(2, 1, opacity=1.0)]))

    made = picture(theo)

    assert made[3] == [round(2.55 * 24 * x / 2) for x in X[3]]


def test_number_of_statements_does_not_grow_with_the_slices(theo, cast):
    counts = []
    store_as_registration(
        cast.county, deformable(deformed(everywhere(0, 0, 0), steps=(0.5, 0.5, 1)), to=FRAME)
    )
    store_in_study(cast.county, halves(grey(), red(**referring())))
    store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME)
    for index in range(4):
        store_over(cast.county, index, FrameOfReferenceUID=OTHER_FRAME)
        with CaptureQueriesContext(connection) as asked:
            assert theo.get(URL, HTTP_ACCEPT="image/png").status_code == 200
        counts.append(len(asked))

    assert counts[1] == counts[3]


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (deformable(deformed(everywhere(0, 0, 0), SourceFrameOfReferenceUID="1.2.79"), to=FRAME),
         "BLENDING_FRAME_OF_REFERENCE"),
        (deformable(deformed(everywhere(0, 0, 0), steps=(1, 0, 1)), to=FRAME), "BLENDING_REGISTRATION_GRID"),
        (deformable(deformed(everywhere(0, 0, 0), before=[0.0] * 16), to=FRAME), "BLENDING_REGISTRATION_MATRIX"),
        (deformable(deformed(everywhere(0, 0, 0), start=(0, 0, 9)), to=FRAME), "BLENDING_PLANES"),
        (deformable(deformed(everywhere(0, 0, 0), SourceFrameOfReferenceUID=FRAME), to=OTHER_FRAME),
         "BLENDING_REGISTRATION_INVERSE"),
    ],
    ids=["of another", "no grid", "no matrix", "elsewhere", "the image below"],
)  # fmt: skip
def test_deformations_that_do_not_help_are_refused_by_name(theo, cast, images, made, code):
    store_as_registration(cast.county, made)
    store_state(cast.county, [images[0]], [images[1]], **referring())

    response = theo.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, code)


def test_registration_that_may_not_be_seen_is_as_if_it_were_not_there(client, cast, images):
    made = deformable(deformed(everywhere(0, 0, 0), steps=(0.5, 0.5, 1)), to=FRAME)
    store_as_registration(cast.elsewhere, made, study="1.2.99")
    named = item(ReferencedSOPClassUID=SPATIAL, ReferencedSOPInstanceUID=REGISTRATION)
    series = item(SeriesInstanceUID="1.2.99.5", ReferencedSOPSequence=[named])
    elsewhere = [item(StudyInstanceUID="1.2.99", ReferencedSeriesSequence=[series])]
    store_state(cast.county, [images[0]], [images[1]], ReferencedSpatialRegistrationSequence=elsewhere)
    client.force_login(cast.theo)

    response = client.get(URL, HTTP_ACCEPT="image/png")

    assert (response.status_code, response.json()["code"]) == (406, "BLENDING_REGISTRATION_MISSING")
