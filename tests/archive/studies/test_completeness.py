"""Verdicts on series from evidence; time is an argument."""

import datetime as dt

import pytest

from archive.studies.completeness import Evidence, judge_completeness
from archive.studies.geometry import Geometry

WHOLE = Geometry(slices=10, spacing_mm=1.0)
GAPPED = Geometry(slices=10, spacing_mm=1.0, gaps=2, missing_slices=3)
UNPLACED = Geometry(slices=10)


@pytest.mark.parametrize(
    ("expected", "quiet", "geometry", "complete", "said"),
    [
        (10, 0, WHOLE, True, "All 10"),
        (12, 5, WHOLE, False, "10 of 12"),
        (12, 120, WHOLE, True, "10 of 12"),
        (None, 4.9, WHOLE, False, "without a gap"),
        (None, 5, WHOLE, True, "nothing more came for 5 s"),
        (None, 5, GAPPED, False, "3 slices missing"),
        (None, 20, GAPPED, True, "3 slices missing"),
        (None, 5, UNPLACED, True, "10 instances"),
    ],
)
def test_the_verdict_follows_the_evidence_and_says_it(expected, quiet, geometry, complete, said):
    verdict = judge_completeness(
        Evidence(10, expected, dt.timedelta(seconds=quiet), dt.timedelta(seconds=5), geometry)
    )

    assert verdict.is_complete is complete
    assert said in verdict.reason


@pytest.mark.parametrize(("quiet", "complete"), [(5, False), (29.9, False), (30, True)])
def test_a_sender_that_has_not_released_its_association_may_come_back(quiet, complete):
    evidence = Evidence(
        10, None, dt.timedelta(seconds=quiet), dt.timedelta(seconds=5), WHOLE, is_sending=True
    )

    verdict = judge_completeness(evidence)

    assert verdict.is_complete is complete
    assert "the sender has not released" in verdict.reason
