"""The step "compute.run_template" as a process sees it; the engine itself has its own tests."""

from __future__ import annotations

import uuid

import pytest

from accounts.actors import SystemActor
from common.errors import InvalidInput, NotFound
from compute import execution, services, subscribers
from compute.models import Job
from compute.phantoms.geometry import StackGeometry
from compute.phantoms.headers import StudyHeader
from compute.phantoms.writing import write_series
from compute.service_tasks import run_template
from events.services import Event
from tests.compute.conftest import store_series
from tests.compute.test_jobs import CPU
from workflows import services as workflows
from workflows.service_tasks import Pending, TaskContext, find_operator


@pytest.fixture
def context() -> TaskContext:
    return TaskContext(
        instance_uid=uuid.uuid4(),
        run_uid=uuid.uuid4(),
        element_id="MakeOverview",
        trace_id=uuid.uuid4(),
        site_code="county",
        subjects={},
        attempt=1,
        actor=SystemActor("workflow", "provincial"),
    )


@pytest.fixture
def told(monkeypatch) -> list[tuple[str, uuid.UUID, object]]:
    """What the engine is told of steps, in place of the engine."""
    heard: list[tuple[str, uuid.UUID, object]] = []

    def complete(run_uid, *, result):
        heard.append(("completed", run_uid, result))

    def fail(run_uid, *, code, message, permanent):
        assert message
        heard.append(("failed for good" if permanent else "failed", run_uid, code))

    monkeypatch.setattr(workflows, "complete_service_task", complete)
    monkeypatch.setattr(workflows, "fail_service_task", fail)
    return heard


def news(job: Job) -> Event:
    payload = {"status": str(job.status), "subjects": {"job": str(job.uid)}}
    return Event(uuid.uuid4(), "JobChanged", payload, job.trace_id)


def study_of(series) -> str:
    return str(series.study.study_instance_uid)


def test_diagrams_can_name_the_step():
    operator = find_operator("compute.run_template")
    assert operator is not None
    assert operator.handler is run_template


def test_step_waits_for_its_job_and_ends_with_it(series, context, told):
    answer = run_template(context, template="ct_overview", study_instance_uid=study_of(series))
    job = Job.objects.get(run_uid=context.run_uid)
    assert answer == Pending(str(job.uid))
    assert job.case_uid == context.instance_uid

    subscribers.settle_step(news(job))
    assert told == []
    execution.run_job(str(job.uid), device=CPU)
    job.refresh_from_db()
    subscribers.settle_step(news(job))

    expected = {"job_uid": str(job.uid), "result_series_uid": job.result_series_uid, "result_count": 10}
    assert told == [("completed", context.run_uid, expected)]


def test_repeated_step_does_not_queue_twice(series, context):
    answers = [
        run_template(context, template="ct_overview", study_instance_uid=study_of(series)) for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert Job.objects.count() == 1


def test_failed_job_fails_the_step_for_good(series, context, told):
    run_template(context, template="ct_overview", study_instance_uid=study_of(series))
    job = Job.objects.get()
    claim = services.claim_job(job.uid, worker="w:1", device=CPU)
    assert claim is not None
    services.fail_job(claim, code="NOT_A_VOLUME")
    job.refresh_from_db()
    subscribers.settle_step(news(job))
    assert told == [("failed for good", context.run_uid, "NOT_A_VOLUME")]


def test_series_with_the_most_slices_is_chosen(series, cast, context, tmp_path):
    header = StudyHeader(patient_id="P1", series_number=5)
    larger = write_series(
        tmp_path / "more", kind="calibration", header=header,
        geometry=StackGeometry(32, 32, 20, (4.0, 4.0), 3.0, 3.0),
    )  # fmt: skip
    stored = store_series(cast, larger)
    assert study_of(stored) == study_of(series)
    run_template(context, template="ct_overview", study_instance_uid=study_of(series))
    assert Job.objects.get().series_instance_uid == stored.series_instance_uid


@pytest.mark.parametrize(
    ("change", "refusal", "code"),
    [
        ({"template": "unknown"}, NotFound, "NO_SUCH_TEMPLATE"),
        ({"study_instance_uid": "1.2.3"}, NotFound, "NO_SERIES"),
        ({"parameters": {"slab_mm": 500}}, InvalidInput, "BAD_PARAMETERS"),
    ],
)
def test_step_refuses_what_it_cannot_do(series, context, change, refusal, code):
    arguments = {"template": "ct_overview", "study_instance_uid": study_of(series), **change}
    with pytest.raises(refusal) as refused:
        run_template(context, **arguments)
    assert refused.value.code == code


def test_study_without_a_fitting_series_is_refused(series, context):
    series.geometry = {**series.geometry, "is_volume": False}
    series.save()
    with pytest.raises(InvalidInput) as refused:
        run_template(context, template="ct_overview", study_instance_uid=study_of(series))
    assert refused.value.code == "NO_FITTING_SERIES"
