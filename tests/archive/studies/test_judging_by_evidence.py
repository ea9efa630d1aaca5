"""Series judged by what others say of them, before, during and after the images; at a bounded cost."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actors import SystemActor
from archive.orders.models import PerformedProcedureStep
from archive.orders.performed import Performed, PerformedSeries, Scheduled, start_step
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.withdrawal import withdraw_instances
from archive.studies.evidence import Kind, note_named
from archive.studies.judging import judge_receiving_series
from archive.studies.models import Instance, Series
from archive.studies.services import store_part10
from common import clock as product_clock
from common.uids import derived_uid
from events.services import subscribe
from tests.archive.studies.objects import ct_slice, part10
from tests.bulletins import deliveries

CT = SystemActor("dicom:CT1", "county")
SERIES = derived_uid("study", "series")
QUIET = dt.timedelta(seconds=5)


def store(cast, *numbers):
    for number in numbers:
        store_part10(part10(ct_slice(number)), site=cast.county, actor=CT)


def names(*numbers, kind=Kind.MPPS, is_final=True, reference="1.2.3"):
    uids = [derived_uid("study", "series", number) for number in numbers]
    note_named(kind, reference=reference, said_by="CT1", series=[(SERIES, uids)], is_final=is_final)


def judged():
    judge_receiving_series()
    series = Series.objects.get()
    return series.completeness, series.completeness_reason


@pytest.fixture
def told(db):
    """How often SeriesComplete was published."""
    subscribe("SeriesComplete", subscriber="tests.judging", handler=lambda _event: None)
    return lambda: deliveries(name="SeriesComplete", subscriber="tests.judging").count()


def test_a_step_that_ends_after_the_images_completes_the_series_at_once(cast, clock, told):
    store(cast, 1, 2, 3)
    assert judged()[0] == "receiving"

    names(1, 2, 3)

    assert judged() == ("complete", "The performed step names 3 instances, and all are here.")
    assert told() == 1
    assert Series.objects.get().evidence["decided_by"] == "mpps"


def test_a_step_that_ended_before_the_images_lets_no_pause_complete_the_series(cast, clock, told):
    names(1, 2, 3)
    store(cast, 1, 2)
    clock.advance(QUIET * 10)  # a timer alone would have called this whole
    assert judged() == (
        "receiving",
        "The performed step names 3 instances, 2 are here; waiting until nothing comes for 120 s.",
    )

    store(cast, 3)

    assert judged()[0] == "complete"
    assert told() == 1


def test_what_never_comes_is_missed_by_name_and_number(cast, clock):
    names(1, 2, 3)
    store(cast, 1, 2)
    clock.advance(QUIET * 24)

    assert judged() == (
        "complete",
        "The performed step names 3 instances, 2 are here; nothing more came for 120 s.",
    )
    evidence = Series.objects.get().evidence
    assert evidence["named"] == [{"by": "mpps", "total": 3, "missing": 1, "unnamed": 0}]


def test_a_step_that_names_more_than_a_timer_found_reopens_the_series(cast, clock, told):
    store(cast, 1, 2)
    clock.advance(QUIET)
    assert judged()[0] == "complete"

    names(1, 2, 3)
    assert judged()[0] == "receiving"
    store(cast, 3)

    completeness, reason = judged()
    assert completeness == "complete"
    assert reason.endswith("Completed again: 1 late instances.")
    assert told() == 2


def test_a_word_that_changes_nothing_is_kept_but_not_told_again(cast, clock, told):
    store(cast, 1, 2)
    clock.advance(QUIET)
    judged()

    names(1, 2)

    assert judged() == ("complete", "The performed step names 2 instances, and all are here.")
    assert told() == 1


def test_while_the_modality_is_at_work_a_pause_completes_nothing(cast, clock):
    performed = Performed(
        performed_procedure_step_id="1", station_ae_title="CT1", modality="CT",
        status=PerformedProcedureStep.Status.IN_PROGRESS, started_at=product_clock.now(),
        scheduled=(Scheduled(derived_uid("study")),),
        series=(PerformedSeries(SERIES, ()),),
    )  # fmt: skip
    start_step("1.2.3", performed, site=cast.county, said_by="CT1", actor=CT)
    store(cast, 1, 2)
    clock.advance(QUIET * 3)

    assert judged()[0] == "receiving"
    assert "the performed step is in progress" in Series.objects.get().completeness_reason


def test_a_discontinued_step_says_what_was_made_before_it_stopped(cast, clock):
    store(cast, 1, 2)

    names(1, 2)  # a discontinued step is final too

    assert judged()[0] == "complete"


def test_a_list_that_may_still_grow_proves_nothing(cast, clock):
    store(cast, 1, 2)

    names(1, 2, is_final=False)

    assert judged()[0] == "receiving"


def test_several_requests_to_commit_count_together(cast, clock):
    store(cast, 1, 2, 3, 4)
    names(1, 2, kind=Kind.COMMITMENT, reference="1.1")
    assert judged()[0] == "receiving"

    names(3, 4, kind=Kind.COMMITMENT, reference="1.2")

    assert judged() == ("complete", "The storage commitment request names 4 instances, and all are here.")


def test_a_rejected_instance_did_arrive(cast, clock):
    names(1, 2, 3)
    store(cast, 1, 2)
    withdraw_instances(
        sop_instance_uids=[derived_uid("study", "series", 2)], reason=ReasonCode.QUALITY, actor=CT
    )

    store(cast, 3)

    assert judged()[0] == "complete"


def test_a_series_of_four_thousand_slices_is_judged_in_a_few_statements(cast, clock, monkeypatch):
    store(cast, 1)
    first = Instance.objects.get()
    uids = [derived_uid("study", "series", number) for number in range(1, 4001)]
    rows = []
    for number, uid in enumerate(uids[1:], start=2):
        row = Instance(**vars_of(first))
        row.pk, row.sop_instance_uid, row.instance_number = None, uid, number
        row.image_position = [0, 0, float(number)]
        rows.append(row)
    Instance.objects.bulk_create(rows, batch_size=1000)
    note_named(Kind.MPPS, reference="1", said_by="CT1", series=[(SERIES, [*uids, "1.2.3.4"])])
    reads: list[Series] = []
    monkeypatch.setattr("archive.studies.judging.measure_series", reads.append)

    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            assert judged()[0] == "receiving"
        assert len(queries) <= 12

    assert not reads, "no slice is looked at while the evidence says that one is missing"
    assert "names 4001 instances, 4000 are here" in Series.objects.get().completeness_reason


def test_a_gap_that_is_waited_for_is_measured_once(cast, clock, monkeypatch):
    store(cast, *range(1, 6), 7)
    clock.advance(QUIET)
    judged()
    monkeypatch.setattr("archive.studies.judging.measure_series", None)

    clock.advance(dt.timedelta(seconds=1))

    assert "about 1 slices missing" in judged()[1]


def vars_of(row):
    return {field.attname: getattr(row, field.attname) for field in Instance._meta.concrete_fields}
