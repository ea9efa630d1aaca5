"""A job's way from request to stored results, and what happens when its worker, its patience or its input fails."""

from __future__ import annotations

import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import TestCase
from django.utils.module_loading import import_string

from accounts.models import AuditEvent
from archive.studies.models import Instance, Series
from archive.studies.selectors import read_dataset, series_instances_in_order
from common.errors import Conflict, InvalidInput, NotFound, Unavailable
from compute import execution, services
from compute.models import Job
from compute.scheduling.devices import Device
from compute.selectors import templates_fitting, visible_jobs
from tests.bulletins import deliveries
from tests.compute.conftest import SCANNER

CPU = Device("node/cpu", "cpu", "cpu", 8 << 30, 2)


def submit(series, actor=SCANNER, **more) -> Job:
    return services.submit_job(
        "ct_overview", series_instance_uid=series.series_instance_uid, actor=actor, **more
    )


def run(job) -> bool:
    return execution.run_job(str(job.uid), device=CPU)


def statuses_told(job) -> list[str]:
    """What JobChanged said, once for each event, in order."""
    rows = deliveries(name="JobChanged", payload__subjects__job=str(job.uid)).order_by("pk")
    told: dict[uuid.UUID, str] = {}
    for row in rows:
        told.setdefault(row.event_uid, row.payload["status"])
    return list(told.values())


def test_job_runs_to_results_in_the_archive(series):
    job = submit(series)
    assert run(job)
    job.refresh_from_db()
    assert (job.status, job.progress_percent, job.result_count) == ("completed", 100, 10)
    result = Series.objects.get(series_instance_uid=job.result_series_uid)
    assert result.is_derived
    assert result.study == series.study
    assert result.completeness == Series.Completeness.COMPLETE
    assert result.instances.count() == 10
    ds = read_dataset(result.instances.get(instance_number=1))
    assert ds.PatientID == "P1"
    assert len(ds.SourceImageSequence) == len(series_instances_in_order(series))


def test_people_are_told_at_each_big_step(series):
    job = submit(series)
    run(job)
    told = statuses_told(job)
    assert told[0] == "queued"
    assert told[-1] == "completed"
    assert told.count("running") >= 4  # starting, reading, projecting, reformatting, storing
    assert all(row.trace_id == job.trace_id for row in deliveries(name="JobChanged"))


def test_request_and_end_are_in_the_audit_trail(series, cast):
    job = submit(series, actor=cast.rafael)
    run(job)
    lines = AuditEvent.objects.filter(object_kind="job", object_uid=str(job.uid)).order_by("pk")
    assert [(line.actor, line.action) for line in lines] == [
        ("rafael", "job.submitted"),
        ("compute", "job.completed"),
    ]
    assert {line.study_instance_uid for line in lines} == {series.study.study_instance_uid}


def test_job_that_runs_twice_stores_its_results_once(series):
    job = submit(series)
    run(job)
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED, reused_job=None)
    before = set(Instance.objects.values_list("sop_instance_uid", "sha256"))
    assert run(job)
    assert set(Instance.objects.values_list("sop_instance_uid", "sha256")) == before


def test_equal_request_is_answered_with_the_results_there_are(series):
    first = submit(series)
    run(first)
    second = submit(series, parameters={"slab_mm": 0})  # the default, said aloud
    first.refresh_from_db()
    assert second.status == Job.Status.COMPLETED
    assert second.result_series_uid == first.result_series_uid
    assert second.reused_job == first
    assert submit(series, parameters={"slab_mm": 10}).status == Job.Status.QUEUED


def test_equal_request_made_while_the_first_waits_reuses_it_when_its_turn_comes(series):
    first, second = submit(series), submit(series)
    assert run(first)
    assert not run(second)
    second.refresh_from_db()
    assert (second.status, second.reused_job_id) == ("completed", first.pk)


def test_results_that_were_deleted_are_made_again(series):
    first = submit(series)
    run(first)
    first.refresh_from_db()
    Series.objects.get(series_instance_uid=first.result_series_uid).delete()
    assert submit(series).status == Job.Status.QUEUED


def test_same_step_of_a_process_always_gets_the_same_job(series):
    run_uid = uuid.uuid4()
    assert submit(series, run_uid=run_uid) == submit(series, run_uid=run_uid)


def test_series_that_does_not_fit_is_refused_with_the_reason(series):
    series.modality = "US"
    series.save()
    with pytest.raises(InvalidInput, match="The modality is US") as refusal:
        submit(series)
    assert refusal.value.code == "TEMPLATE_DOES_NOT_FIT"


def test_stranger_may_not_know_of_the_series_or_its_jobs(series, cast):
    with pytest.raises(NotFound):
        submit(series, actor=cast.otto)
    job = submit(series, actor=cast.rafael)
    assert job in visible_jobs(cast.rafael)
    assert not visible_jobs(cast.otto).exists()


def test_library_tells_what_fits_a_series(series):
    assert [(fit.template.key, fit.fits) for fit in templates_fitting(series)] == [("ct_overview", True)]


def test_nudge_goes_out_after_the_commit(series):
    sent = []
    services.use_nudge(lambda uid, queue: sent.append((uid, queue)))
    with TestCase.captureOnCommitCallbacks(execute=True):
        job = submit(series)
        assert sent == []
    assert sent == [(str(job.uid), "cpu")]


def test_lost_nudge_is_repeated_by_the_sweep(series, clock):
    sent = []
    job = submit(series)
    services.use_nudge(lambda uid, _queue: sent.append(uid))
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert services.requeue_lost_jobs() == 0
        clock.advance(services.NUDGE_AGAIN * 1.1)
        assert services.requeue_lost_jobs() == 1
        assert services.requeue_lost_jobs() == 0
    assert sent == [str(job.uid)]


def test_job_of_a_lost_worker_runs_again(series, clock):
    job = submit(series)
    lost = services.claim_job(job.uid, worker="gone:1", device=CPU)
    assert lost is not None
    assert not run(job)  # it is in other hands
    clock.advance(services.lease() * 0.9)
    assert services.requeue_lost_jobs() == 0
    clock.advance(services.lease() * 0.2)
    assert services.requeue_lost_jobs() == 1
    assert run(job)
    assert not services.finish_job(lost, result_series_uid="1.2", result_count=1)  # too late
    job.refresh_from_db()
    assert (job.status, job.attempts, job.result_count) == ("completed", 2, 10)


def test_living_worker_keeps_its_job(series, clock):
    job = submit(series)
    claim = services.claim_job(job.uid, worker="here:1", device=CPU)
    assert claim is not None
    for _ in range(4):
        clock.advance(services.lease() * 0.8)
        assert services.renew_lease(claim)
        assert services.requeue_lost_jobs() == 0


def test_worker_that_keeps_dying_fails_the_job(series, clock, settings):
    job = submit(series)
    for _ in range(settings.COMPUTE_MAX_ATTEMPTS):
        assert services.claim_job(job.uid, worker="gone:1", device=CPU)
        clock.advance(services.lease() + timedelta(seconds=1))
        services.requeue_lost_jobs()
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("failed", "WORKER_LOST")


def test_cancelled_job_is_not_run(series, cast):
    job = services.cancel_job(submit(series), actor=cast.rafael)
    assert not run(job)
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert not Series.objects.filter(is_derived=True).exists()


def test_job_cancelled_while_it_runs_stops_at_its_next_step(series, cast, monkeypatch):
    job = submit(series)
    overview = import_string("compute.templates.ct_overview.run.run")

    def interrupted(given):
        services.cancel_job(job, actor=cast.rafael)
        return overview(given)

    monkeypatch.setattr("compute.templates.ct_overview.run.run", interrupted)
    assert not run(job)
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert not Series.objects.filter(is_derived=True).exists()


def test_ended_job_cannot_be_cancelled(series, cast):
    job = submit(series)
    run(job)
    with pytest.raises(Conflict):
        services.cancel_job(job, actor=cast.rafael)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (InvalidInput("no", code="NOT_A_VOLUME"), "failed", "NOT_A_VOLUME"),
        (Unavailable("later", code="STORAGE_FULL"), "queued", "STORAGE_FULL"),
        (MemoryError(), "queued", "MemoryError"),
    ],
    ids=["refused for good", "out of reach now", "defect"],
)
def test_failure_is_kept_by_its_code(series, monkeypatch, fault, status, code):
    def broken(given):
        raise fault

    monkeypatch.setattr("compute.templates.ct_overview.run.run", broken)
    job = submit(series)
    assert not run(job)
    job.refresh_from_db()
    assert (job.status, job.error_code) == (status, code)


def test_job_without_room_waits(series):
    crowded = Device("node/cpu", "cpu", "cpu", 1 << 20, 2)
    first, second = submit(series), submit(series, parameters={"slab_mm": 5})
    assert services.claim_job(first.uid, worker="w:1", device=crowded)  # alone it may
    assert services.claim_job(second.uid, worker="w:2", device=crowded) is None
    second.refresh_from_db()
    assert second.status == Job.Status.QUEUED


def test_web_processes_do_not_load_torch():
    program = (
        "import django; django.setup(); import compute.tasks, compute.selectors, compute.service_tasks;"
        "import sys; print([m for m in ('torch', 'highdicom') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
