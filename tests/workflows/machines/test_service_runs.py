from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from common.errors import Conflict, InvalidInput, NotFound, Unavailable
from tests.workflows.conftest import chain, flow, machine, user
from workflows import service_tasks, services
from workflows.machines.leases import LEASE
from workflows.machines.performing import requeue_lost_runs
from workflows.machines.queueing import nudge_due_runs
from workflows.models import Incident, ProcessEvent, ProcessInstance, ServiceTaskRun
from workflows.monitoring import open_incidents_for_old_states
from workflows.service_tasks import Pending, service_task

pytestmark = pytest.mark.django_db
END = '<bpmn:endEvent id="end"/>'
BODY = machine("do", result="answer") + user("look") + END + chain("start", "do", "look", "end")
CAUGHT = (
    BODY
    + '<bpmn:boundaryEvent id="failed" attachedToRef="do">'
    + '<bpmn:errorEventDefinition errorRef="E1"/></bpmn:boundaryEvent>'
    + user("mend")
    + chain("failed", "mend", "end")
)


def the_run():
    return ServiceTaskRun.objects.get()


def open_names(instance):
    return list(instance.user_tasks.filter(status="ready").values_list("name", flat=True))


def step(handler, **options):
    """Have `test.step` do this."""
    service_task("test.step", **options)(handler)


def test_a_step_is_told_who_it_works_for_and_its_answer_joins_the_data(begin):
    told: dict[str, Any] = {}

    def handler(context, *, number):
        told.update(context=context, number=number)
        return {"seen": number}

    step(handler)
    instance = begin(BODY, subjects={"study": "2.25.1", "order": "o"})

    assert services.perform_service_task(the_run().uid)

    context = told["context"]
    assert (told["number"], context.attempt, context.element_id) == (7, 1, "do")
    assert context.instance_uid == instance.uid
    assert context.run_uid == the_run().uid
    assert context.trace_id == instance.trace_id
    assert (context.site_code, context.subjects) == ("provincial", {"study": "2.25.1", "order": "o"})
    assert (the_run().status, the_run().result) == ("completed", {"seen": 7})
    assert open_names(instance) == ["look"]


def test_a_step_done_is_not_done_again(begin):
    calls = []

    def count(_context, *, number):
        calls.append(number)
        return {}

    step(count)
    begin(BODY)

    assert services.perform_service_task(the_run().uid)
    assert not services.perform_service_task(the_run().uid)

    assert calls == [7]


def test_an_answer_given_twice_moves_the_case_once(begin):
    instance = begin(BODY)

    services.complete_service_task(the_run().uid, result={"n": 1})
    services.complete_service_task(the_run().uid, result={"n": 2})

    assert the_run().result == {"n": 1}
    assert open_names(instance) == ["look"]


def test_an_answer_to_a_step_that_never_was_is_refused(db):
    with pytest.raises(NotFound):
        services.complete_service_task(uuid.uuid4(), result={})


def test_a_step_that_outlives_its_worker_waits_for_its_answer(begin):
    step(lambda _context, **_arguments: Pending("job-9"))
    instance = begin(BODY)
    services.perform_service_task(the_run().uid)
    assert (the_run().status, the_run().pending_reference) == ("pending", "job-9")
    assert open_names(instance) == []

    services.complete_service_task(the_run().uid, result={})

    assert open_names(instance) == ["look"]


def test_an_answer_that_overtakes_its_own_pending_is_kept(begin):
    def handler(context, **_arguments):
        services.complete_service_task(context.run_uid, result={"quick": True})
        return Pending("job-9")

    step(handler)
    instance = begin(BODY)

    services.perform_service_task(the_run().uid)

    assert (the_run().status, the_run().result) == ("completed", {"quick": True})
    assert open_names(instance) == ["look"]


def test_what_is_out_of_reach_is_tried_again_with_back_off(begin, clock):
    def handler(_context, **_arguments):
        raise Unavailable("Not now")

    step(handler, retries=2)
    begin(BODY)
    waits = []

    for _ in range(2):
        services.perform_service_task(the_run().uid)
        assert the_run().status == "queued"
        waits.append(the_run().next_attempt_at - clock.now)
    assert waits == [timedelta(seconds=2), timedelta(seconds=4)]

    services.perform_service_task(the_run().uid)
    assert (the_run().status, the_run().error_code) == ("failed", "UNAVAILABLE")
    assert Incident.objects.get().code == "UNAVAILABLE"


def test_a_permanent_refusal_is_not_tried_again_and_goes_to_its_boundary_event(begin):
    def handler(_context, **_arguments):
        raise InvalidInput("Never", code="REFUSED")

    step(handler)
    instance = begin(CAUGHT)

    services.perform_service_task(the_run().uid)

    assert (the_run().attempts, the_run().status) == (1, "failed")
    assert open_names(instance) == ["mend"]
    assert not Incident.objects.exists()
    assert ProcessEvent.objects.get(kind="step.failed").detail == {"code": "REFUSED"}


def test_a_refusal_no_boundary_event_takes_is_an_incident_and_the_case_stays(begin):
    def handler(_context, **_arguments):
        raise InvalidInput("Never", code="OTHER")

    step(handler)
    instance = begin(CAUGHT)

    services.perform_service_task(the_run().uid)

    incident = Incident.objects.get()
    assert (incident.element_id, incident.code, incident.task_uid) == ("do", "OTHER", the_run().uid)
    instance.refresh_from_db()
    assert instance.status == "running"


def test_a_defect_is_retried_then_named_by_its_class_without_its_text(begin):
    def handler(_context, **_arguments):
        raise ValueError("Zhang San, born 1950")

    step(handler, retries=0)
    begin(BODY)

    services.perform_service_task(the_run().uid)

    assert the_run().error_code == "ValueError"
    assert "Zhang" not in Incident.objects.get().message


def test_a_failed_step_can_be_tried_again_by_an_operator(begin, cast):
    answers = [InvalidInput("Never", code="OTHER"), {"n": 1}]

    def handler(_context, **_arguments):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    step(handler)
    instance = begin(BODY)
    services.perform_service_task(the_run().uid)

    services.retry_service_task(the_run().uid, actor=cast.ines)
    services.perform_service_task(the_run().uid)

    assert open_names(instance) == ["look"]
    assert Incident.objects.get().resolved_at is not None
    with pytest.raises(Conflict):
        services.retry_service_task(the_run().uid, actor=cast.ines)


def test_a_worker_that_dies_leaves_the_step_to_another(begin, clock):
    """What kill -9 leaves behind: a run at work under a lease that nobody renews."""
    begin(BODY)
    ServiceTaskRun.objects.update(status="running", attempts=1, lease_until=clock.now + LEASE)
    assert requeue_lost_runs() == 0

    clock.advance(LEASE + timedelta(seconds=1))
    assert requeue_lost_runs() == 1
    assert (the_run().status, the_run().error_code) == ("queued", "WORKER_LOST")

    services.perform_service_task(the_run().uid)
    assert (the_run().status, the_run().attempts) == ("completed", 2)


def test_a_step_that_kills_its_workers_ends_as_an_incident(begin, clock):
    begin(BODY)

    for attempt in (1, 2, 3):
        ServiceTaskRun.objects.update(status="running", attempts=attempt, lease_until=clock.now - LEASE)
        requeue_lost_runs()

    assert the_run().status == "failed"
    assert Incident.objects.get().code == "WORKER_LOST"


def test_a_late_failure_of_an_older_attempt_changes_nothing(begin, clock):
    def handler(_context, **_arguments):
        ServiceTaskRun.objects.update(attempts=2)  # another worker has it by now
        raise InvalidInput("Never", code="OTHER")

    step(handler)
    begin(BODY)

    services.perform_service_task(the_run().uid)

    assert the_run().status == "running"
    assert not Incident.objects.exists()


def test_a_late_answer_after_the_failure_is_still_welcome(begin):
    instance = begin(BODY)
    services.fail_service_task(the_run().uid, code="TIMED_OUT", permanent=True)
    assert Incident.objects.filter(resolved_at=None).exists()

    services.complete_service_task(the_run().uid, result={})

    assert open_names(instance) == ["look"]
    assert not Incident.objects.filter(resolved_at=None).exists()


def test_a_lost_nudge_is_made_up_for_by_the_sweep(begin, clock, django_capture_on_commit_callbacks):
    begin(BODY)
    assert nudge_due_runs() == 0  # the nudge has its chance first

    clock.advance(timedelta(seconds=4))
    assert nudge_due_runs() == 1
    assert nudge_due_runs() == 0  # and again


def test_a_step_that_answers_to_an_ended_case_is_no_error(begin, cast):
    instance = begin(BODY)
    services.cancel_process(instance, actor=cast.carla, reason="X")

    services.complete_service_task(the_run().uid, result={})
    services.fail_service_task(the_run().uid, code="X", permanent=True)

    assert the_run().status == "cancelled"


def test_an_answer_the_diagram_cannot_go_on_with_is_kept_beside_an_incident(begin):
    body = (
        machine("do", result="answer") + '<bpmn:exclusiveGateway id="g" default="g-end"/>' + user("look") + END
        + chain("start", "do", "g") + flow("g", "look", "answer.n + 1 == 2") + flow("g", "end", "", "g-end")
        + chain("look", "end")
    )  # fmt: skip
    begin(body)

    services.complete_service_task(the_run().uid, result={"n": "text"})

    assert (the_run().status, the_run().result) == ("failed", {"n": "text"})
    assert Incident.objects.get().code == "PROCESS_FAULT"
    assert ProcessInstance.objects.get().status == "running"


def test_a_step_that_does_not_answer_in_time_becomes_an_incident_once(begin, clock):
    step(lambda _context, **_arguments: Pending("job-9"), timeout_s=60)
    begin(BODY)
    services.perform_service_task(the_run().uid)

    clock.advance(timedelta(seconds=59))
    assert open_incidents_for_old_states() == 0
    clock.advance(timedelta(seconds=2))
    assert open_incidents_for_old_states() == 1
    assert open_incidents_for_old_states() == 0

    assert Incident.objects.get().code == "STEP_OVERDUE"


def test_a_queue_without_worker_becomes_an_incident(begin, clock):
    begin(BODY)

    clock.advance(timedelta(minutes=16))
    open_incidents_for_old_states()

    assert Incident.objects.get().code == "NO_WORKER"


def test_an_instance_that_waits_for_nothing_becomes_an_incident(begin, clock):
    instance = begin(BODY)
    instance.service_task_runs.all().delete()

    clock.advance(timedelta(minutes=6))
    open_incidents_for_old_states()

    assert Incident.objects.get().code == "STUCK"


def test_registered_steps_can_be_listed(operators):
    assert "test.step" in service_tasks.operator_names()
