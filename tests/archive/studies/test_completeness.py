"""Verdicts on series from evidence; time is an argument."""

import datetime as dt
from typing import Any

import pytest

from archive.studies.completeness import Evidence, Named, judge_completeness
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
        (None, 4.9, WHOLE, False, "10 instances; waiting"),
        (None, 5, WHOLE, True, "without a gap"),
        (None, 5, WHOLE, True, "nothing more came for 5 s"),
        (None, 5, GAPPED, False, "3 slices missing"),
        (None, 20, GAPPED, True, "3 slices missing"),
        (None, 5, UNPLACED, True, "10 instances"),
    ],
)
def test_the_verdict_follows_the_evidence_and_says_it(expected, quiet, geometry, complete, said):
    verdict = judge_completeness(
        Evidence(10, expected, dt.timedelta(seconds=quiet), dt.timedelta(seconds=5), lambda: geometry)
    )

    assert verdict.is_complete is complete
    assert said in verdict.reason


@pytest.mark.parametrize(("quiet", "complete"), [(5, False), (29.9, False), (30, True)])
def test_a_sender_that_has_not_released_its_association_may_come_back(quiet, complete):
    evidence = Evidence(
        10, None, dt.timedelta(seconds=quiet), dt.timedelta(seconds=5), lambda: WHOLE, is_sending=True
    )

    verdict = judge_completeness(evidence)

    assert verdict.is_complete is complete
    assert "the sender has not released" in verdict.reason


QUIET = dt.timedelta(seconds=5)
ALL_NAMED = (Named("mpps", 10, missing=0, unnamed=0),)
TWO_LACK = (Named("mpps", 12, missing=2, unnamed=0),)


@pytest.mark.parametrize(
    ("named", "facts", "quiet", "complete", "decided_by", "said"),
    [
        # a list that is here in full needs no waiting, whatever the sender or the header say
        (ALL_NAMED, {}, 0, True, "mpps", "The performed step names 10 instances, and all are here."),
        (ALL_NAMED, {"is_sending": True}, 0, True, "mpps", "all are here"),
        (ALL_NAMED, {"expected": 12}, 0, True, "mpps", "The header announces 12, 10 are here."),
        # a list that is not here in full is waited for long after a timer would have given up
        (TWO_LACK, {}, 5, False, "mpps", "names 12 instances, 10 are here; waiting"),
        (TWO_LACK, {}, 119, False, "mpps", "waiting until nothing comes for 120 s"),
        (TWO_LACK, {}, 120, True, "mpps", "names 12 instances, 10 are here; nothing more came for 120 s"),
        (TWO_LACK, {"expected": 10}, 5, False, "mpps", "names 12"),
        # more than a list names is no reason to wait, but is said
        ((Named("mpps", 8, missing=0, unnamed=2),), {}, 0, True, "mpps", "2 more are here"),
        # one who lacks something outweighs one who does not
        ((*ALL_NAMED, Named("commitment", 11, missing=1, unnamed=0)), {}, 5, False, "commitment", "names 11"),
        # commitment may be asked for a part of the series: then it proves nothing
        ((Named("commitment", 6, missing=0, unnamed=4),), {}, 0, False, "quiet", "10 instances; waiting"),
        ((Named("commitment", 10, missing=0, unnamed=0),), {}, 0, True, "commitment", "commitment request"),
        ((Named("availability", 10, missing=0, unnamed=0),), {}, 0, True, "availability", "notification"),
        # a step that has not ended: no timer of seconds decides
        ((), {"is_under_way": True}, 60, False, "mpps", "the performed step is in progress"),
        ((), {"is_under_way": True}, 120, True, "mpps", "the performed step is in progress"),
        ((), {"is_under_way": True, "expected": 10}, 0, True, "expected", "All 10"),
    ],
)  # fmt: skip
def test_the_strongest_evidence_decides_and_what_contradicts_it_is_named(
    named, facts, quiet, complete, decided_by, said
):
    known = {"expected": None, **facts}
    verdict = judge_completeness(
        Evidence(10, quiet=dt.timedelta(seconds=quiet), quiet_needed=QUIET, measure=lambda: WHOLE,
                 named=named, **known)
    )  # fmt: skip

    assert (verdict.is_complete, verdict.decided_by) == (complete, decided_by)
    assert said in verdict.reason


def test_nothing_is_measured_where_stronger_evidence_decides_or_the_time_is_not_ripe():
    def never() -> Geometry:
        raise AssertionError("measured without need")

    cases: tuple[dict[str, Any], ...] = (
        {"named": ALL_NAMED}, {"named": TWO_LACK}, {"expected": 12}, {"is_sending": True}, {},
    )  # fmt: skip
    for facts in cases:
        judge_completeness(
            Evidence(10, facts.pop("expected", None), quiet=dt.timedelta(seconds=4), quiet_needed=QUIET,
                     measure=never, **facts)
        )  # fmt: skip
