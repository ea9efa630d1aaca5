"""What the strip says of a series, and its reasons in the reader's language."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from archive.studies.completeness import Evidence, judge_completeness
from archive.studies.geometry import Geometry, Stack, judge_thin_slice
from archive.studies.models import Series
from portal.viewer import reasons
from portal.viewer.orientation import edge_letters
from portal.viewer.reasons import reworded
from portal.viewer.strip import strip_item, strip_items


def test_results_come_first_then_series_by_number():
    made = [
        Series(pk=1, series_number=5), Series(pk=2, series_number=None), Series(pk=3, series_number=2),
        Series(pk=4, series_number=900, is_derived=True),
    ]  # fmt: skip

    assert [item.series.pk for item in strip_items(made)] == [4, 3, 1, 2]


def test_facts_of_a_series_are_words_with_their_reason():
    series = Series(
        modality="CT", series_number=3, completeness="complete", is_thin_slice=False,
        completeness_reason="All 40 announced instances are here.",
        thin_slice_reason="Measured spacing 5 mm is above the limit of 1.5 mm.",
        geometry={"slices": 40, "spacing_mm": 5.0, "pixel_spacing_mm": [0.78125, 0.78125]},
    )  # fmt: skip
    setattr(series, "instance_count", 40)  # noqa: B010 - as annotated by the page's query

    item = strip_item(series)

    assert (item.title, item.slices, item.spacing, item.matrix) == (
        "CT 3", "40 images", "every 5 mm", "0.78 × 0.78 mm",
    )  # fmt: skip
    assert item.thinness is not None
    assert (item.completeness.word, item.thinness.word) == ("Complete", "Thick slices")
    assert item.thinness.why == "Measured spacing 5 mm is above the limit of 1.5 mm."


@pytest.fixture
def every_part_translated(monkeypatch):
    monkeypatch.setattr(reasons, "gettext", lambda message: f"<{message}>")


def known(text: str) -> bool:
    return text.startswith("<") and "> <" in f"{text} <" and not text.replace("> <", "").count("<") > 1


@pytest.mark.parametrize(
    "verdict",
    [
        judge_completeness(Evidence(5, 5, dt.timedelta(0), dt.timedelta(seconds=10), lambda: Geometry(5))),
        judge_completeness(Evidence(4, 5, dt.timedelta(hours=1), dt.timedelta(seconds=10), lambda: Geometry(4))),
        judge_completeness(
            Evidence(4, None, dt.timedelta(0), dt.timedelta(seconds=10), lambda: Geometry(4), is_sending=True)
        ),
        judge_completeness(Evidence(4, None, dt.timedelta(0), dt.timedelta(seconds=10), lambda: Geometry(4))),
        judge_completeness(
            Evidence(4, None, dt.timedelta(hours=1), dt.timedelta(seconds=10), lambda: Geometry(4, spacing_mm=1.0))
        ),
        judge_completeness(
            Evidence(
                4, None, dt.timedelta(0), dt.timedelta(seconds=10),
                lambda: Geometry(4, spacing_mm=1.0, gaps=1, missing_slices=2),
            )
        ),
    ],
)  # fmt: skip
def test_every_reason_the_archive_gives_for_completeness_can_be_translated(verdict, every_part_translated):
    assert known(reworded(verdict.reason)), reworded(verdict.reason)


MIXED = Geometry(
    40,
    is_mixed=True,
    stacks=(
        Stack(30, spacing_mm=1.0, orientation="axial"),
        Stack(10, spacing_mm=5.0, orientation="axial"),
    ),
)


@pytest.mark.parametrize(
    "geometry",
    [Geometry(5, spacing_mm=1.25), Geometry(5, spacing_mm=5.0), Geometry(5, is_mixed=True), MIXED],
)
def test_every_reason_for_thin_or_thick_can_be_translated(geometry, every_part_translated):
    _, reason = judge_thin_slice(geometry, threshold_mm=1.5)

    assert known(reworded(reason)), reworded(reason)


def test_a_reason_nobody_foresaw_is_shown_as_it_was_written():
    with translation.override("zh-hans"):
        assert reworded("The moon is full.") == "The moon is full."


# PS3.3 §C.7.6.2.1.1: rows run to the patient's left (+x) and columns to posterior (+y) in an axial image.
@pytest.mark.parametrize(
    ("orientation", "letters"),
    [
        ([1, 0, 0, 0, 1, 0], ("R", "L", "A", "P")),
        ([1, 0, 0, 0, 0, -1], ("R", "L", "H", "F")),
        ([0, 1, 0, 0, 0, -1], ("A", "P", "H", "F")),
        ([0.8, 0.6, 0, -0.6, 0.8, 0], ("RA", "LP", "AL", "PR")),
        (None, None),
        ([1, 0, 0], None),
        (["a"] * 6, None),
    ],
)
def test_edges_are_named_by_where_they_look(orientation, letters):
    found = edge_letters(orientation)

    assert (found and (found.left, found.right, found.top, found.bottom)) == letters
