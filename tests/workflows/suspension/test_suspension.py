"""A suspended case takes no step; what comes for it waits, and is applied when it goes on."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted
from events.delivery import deliver_due
from events.services import Event
from tests.workflows.conftest import chain, machine, message, timer, user
from tests.workflows.engine.drawing import END, boundary, catch, end, parallel
from tests.workflows.news.test_correlation import RECEIVER, deliver_all, send
from workflows import services
from workflows.locks import warm_runs
from workflows.machines import answers, external_tasks
from workflows.machines.leases import LEASE
from workflows.machines.performing import requeue_lost_runs
from workflows.machines.queueing import nudge_due_runs
from workflows.models import (
    HeldInput,
    Incident,
    ProcessEvent,
    ProcessInstance,
    ServiceTaskRun,
    ThrownMessage,
    Timer,
    UserTask,
)
from workflows.monitoring import open_incidents_for_old_states
from workflows.service_tasks import Pending, service_task
from workflows.suspension.applying import apply_held
from workflows.timers import fire_due_timers

pytestmark = pytest.mark.django_db
ASK = user("ask") + END + chain("start", "ask", "end")
PAUSE = timer("pause", "PT1H") + user("look") + END + chain("start", "pause", "look", "end")
WORK = machine("do", result="answer") + user("look") + END + chain("start", "do", "look", "end")
NEWS = message("wait") + user("look") + END + chain("start", "wait", "look", "end")


def suspend(instance, cast):
    return services.suspend_process(instance, actor=cast.carla, reason="The order is being cleared up.")


def resume(instance, cast, capture):
    with capture(execute=True):
        services.resume_process(instance, actor=cast.carla)


def open_names(instance):
    return list(instance.user_tasks.filter(status="ready").values_list("name", flat=True))


def news(name="SeriesComplete", **subjects):
    return Event(uuid.uuid4(), name, {"subjects": subjects or {"study": "2.25.1"}}, uuid.uuid4())


def test_no_task_of_it_is_taken_or_finished_until_it_goes_on(begin, cast, django_capture_on_commit_callbacks):
    instance = begin(ASK)
    task = UserTask.objects.get()
    suspend(instance, cast)

    for act in (
        lambda: services.claim_user_task(task, actor=cast.rosa),
        lambda: services.complete_user_task(task, actor=cast.rosa, outcome="done", data={}),
        lambda: services.decline_user_task(task, actor=cast.rosa, reason="no"),
        lambda: services.reassign_user_task(task, actor=cast.carla, to=None, reason="no"),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "CASE_SUSPENDED"
    task.refresh_from_db()
    assert (task.status, task.assignee) == ("ready", None)

    resume(instance, cast, django_capture_on_commit_callbacks)
    done = services.complete_user_task(task, actor=cast.rosa, outcome="done", data={})
    assert done.status == "completed"


def test_it_is_in_the_history_with_its_reason_and_in_the_trail_without(
    begin, cast, django_capture_on_commit_callbacks
):
    instance = begin(ASK)
    suspend(instance, cast)
    resume(instance, cast, django_capture_on_commit_callbacks)

    lines = ProcessEvent.objects.filter(kind__in=["case.suspended", "case.resumed"]).order_by("id")
    assert [(line.kind, line.person) for line in lines] == [
        ("case.suspended", cast.carla), ("case.resumed", cast.carla),
    ]  # fmt: skip
    assert lines[0].detail["notes"] == {"reason": "The order is being cleared up."}
    trail = AuditEvent.objects.filter(action__in=["case.suspended", "case.resumed"])
    assert trail.count() == 2
    assert "cleared" not in str(list(trail.values()))


def test_a_timer_that_comes_due_waits_and_fires_afterwards(
    begin, cast, clock, django_capture_on_commit_callbacks
):
    instance = begin(PAUSE)
    suspend(instance, cast)
    clock.advance(dt.timedelta(hours=3))

    assert fire_due_timers() == 0
    assert services.fire_timer(Timer.objects.get().pk) is False
    assert open_incidents_for_old_states() == 0
    assert Timer.objects.get().status == "waiting"

    resume(instance, cast, django_capture_on_commit_callbacks)
    assert open_incidents_for_old_states() == 0  # it was not to fire, so it is not late
    clock.advance(dt.timedelta(seconds=1))
    assert fire_due_timers() == 1
    assert open_names(instance) == ["look"]


def test_a_repetition_that_was_missed_several_times_fires_once_and_then_keeps_its_beat(
    begin, cast, clock, django_capture_on_commit_callbacks
):
    """R5/PT10M: of 10, 20 and 30 minutes one reminder is left, then come 40 and 50; ISO 8601-1 §5.6."""
    remind = timer("remind", "R5/PT10M", attached_to="look", interrupts=False, word="timeCycle")
    body = user("look") + remind + user("note") + END + end("noted") + chain("start", "look", "end")
    instance, began = begin(body + chain("remind", "note", "noted")), clock.now
    suspend(instance, cast)
    clock.advance(dt.timedelta(minutes=35))
    resume(instance, cast, django_capture_on_commit_callbacks)
    clock.advance(dt.timedelta(seconds=1))

    assert [fire_due_timers() for _ in range(2)] == [1, 0]
    assert Timer.objects.get(status="waiting").due_at == began + dt.timedelta(minutes=40)
    for _ in range(3):
        clock.advance(dt.timedelta(minutes=10))
        fire_due_timers()
    assert open_names(instance).count("note") == 3
    assert not Timer.objects.filter(status="waiting").exists()


def test_a_repetition_that_has_no_more_moments_left_fires_once(
    begin, cast, clock, django_capture_on_commit_callbacks
):
    remind = timer("remind", "R2/PT10M", attached_to="look", interrupts=False, word="timeCycle")
    body = user("look") + remind + user("note") + END + end("noted") + chain("start", "look", "end")
    instance = begin(body + chain("remind", "note", "noted"))
    suspend(instance, cast)
    clock.advance(dt.timedelta(hours=5))
    resume(instance, cast, django_capture_on_commit_callbacks)
    clock.advance(dt.timedelta(hours=5))

    assert [fire_due_timers() for _ in range(2)] == [1, 0]
    assert open_names(instance).count("note") == 1
    assert not Timer.objects.filter(status="waiting").exists()


def test_timers_that_came_due_meanwhile_fire_in_the_order_they_were_due(
    begin, cast, clock, django_capture_on_commit_callbacks
):
    pauses = parallel("fork") + timer("a", "PT2H") + timer("b", "PT1H") + end("a-over") + END
    instance = begin(pauses + chain("start", "fork", "a", "a-over") + chain("fork", "b", "end"))
    suspend(instance, cast)
    clock.advance(dt.timedelta(hours=3))
    resume(instance, cast, django_capture_on_commit_callbacks)
    clock.advance(dt.timedelta(seconds=1))

    assert fire_due_timers() == 2
    fired = ProcessEvent.objects.filter(kind="timer.fired").order_by("id")
    assert list(fired.values_list("element_id", flat=True)) == ["b", "a"]


def test_a_machines_step_is_not_begun_and_what_was_begun_is_not_begun_again(begin, cast, clock):
    instance = begin(WORK)
    run = ServiceTaskRun.objects.get()
    suspend(instance, cast)
    clock.advance(dt.timedelta(hours=1))

    assert nudge_due_runs() == 0
    assert services.perform_service_task(run.uid) is False
    ServiceTaskRun.objects.update(status="running", attempts=1, lease_until=clock.now - LEASE)
    assert requeue_lost_runs() == 0
    assert open_incidents_for_old_states() == 0
    assert not Incident.objects.exists()


def test_an_answer_that_comes_meanwhile_is_kept_and_applied(begin, cast, django_capture_on_commit_callbacks):
    service_task("test.step")(lambda _context, **_arguments: Pending("job-1"))
    instance = begin(WORK)
    run = ServiceTaskRun.objects.get()
    services.perform_service_task(run.uid)
    suspend(instance, cast)

    services.complete_service_task(run.uid, result={"seen": 7})
    services.complete_service_task(run.uid, result={"seen": 8})  # told twice, kept once
    assert open_names(instance) == []
    assert apply_held() == 0

    resume(instance, cast, django_capture_on_commit_callbacks)
    run.refresh_from_db()
    assert (run.status, run.result) == ("completed", {"seen": 7})
    assert open_names(instance) == ["look"]
    assert not HeldInput.objects.exists()


def test_the_answer_of_work_in_hand_is_kept_and_the_work_not_done_again(
    begin, cast, clock, django_capture_on_commit_callbacks
):
    instance = begin(WORK)

    def work(_context, *, number):
        suspend(instance, cast)
        return {"seen": number}

    service_task("test.step")(work)
    run = ServiceTaskRun.objects.get()
    services.perform_service_task(run.uid)
    clock.advance(LEASE * 2)
    resume(instance, cast, django_capture_on_commit_callbacks)

    run.refresh_from_db()
    assert (run.status, run.result, run.attempts) == ("completed", {"seen": 7}, 1)
    assert requeue_lost_runs() == 0


def test_what_is_kept_of_a_step_is_not_overtaken_by_the_step_being_done_again(begin, cast, clock):
    """Whoever let the case go on died before it was applied: neither the lease nor the queue is quicker."""
    service_task("test.step", retries=2)(lambda _context, **_arguments: Pending("job-1"))
    queued, working = (begin(WORK, start_key=key) for key in ("queued", "working"))
    runs = {
        key: ServiceTaskRun.objects.get(instance=each) for key, each in {"q": queued, "w": working}.items()
    }
    services.perform_service_task(runs["w"].uid)
    ServiceTaskRun.objects.filter(pk=runs["w"].pk).update(status="running", lease_until=clock.now + LEASE)
    for instance in (queued, working):
        suspend(instance, cast)
    services.complete_service_task(runs["q"].uid, result={"seen": 7})
    answers.settle_failure(runs["w"], code="BROKEN", permanent=True, attempt=1)
    clock.advance(LEASE * 2)
    for instance in (queued, working):
        services.resume_process(instance, actor=cast.carla)

    assert (nudge_due_runs(), requeue_lost_runs()) == (0, 0)
    assert apply_held() == 2
    assert open_names(queued) == ["look"]
    assert Incident.objects.get().code == "BROKEN"


def test_a_failure_that_comes_meanwhile_is_kept_and_told_afterwards(
    begin, cast, django_capture_on_commit_callbacks
):
    service_task("test.step")(lambda _context, **_arguments: Pending("job-1"))
    instance = begin(WORK)
    run = ServiceTaskRun.objects.get()
    services.perform_service_task(run.uid)
    suspend(instance, cast)

    services.fail_service_task(run.uid, code="BROKEN", permanent=True)
    assert not Incident.objects.exists()

    resume(instance, cast, django_capture_on_commit_callbacks)
    assert Incident.objects.get().code == "BROKEN"


ELSEWHERE = (
    '<bpmn:serviceTask id="do" name="do"><bpmn:extensionElements><consilium:operator name="external" topic="lab"/>'
    "</bpmn:extensionElements></bpmn:serviceTask>"
    + boundary("no", "do", "error") + user("look") + END + chain("start", "do", "look", "end")
    + user("mend") + end("mended") + chain("no", "mend", "mended")
)  # fmt: skip
MINUTE = dt.timedelta(minutes=1)


def fetched(cast, worker="w"):
    return external_tasks.fetch_and_lock(cast.ivo, worker=worker, topics=["lab"], most=5, lasts=MINUTE)


def test_a_worker_elsewhere_gets_no_step_of_it_and_its_answer_is_kept(
    begin, cast, clock, django_capture_on_commit_callbacks
):
    instance = begin(ELSEWHERE)
    (run,) = fetched(cast)
    suspend(instance, cast)

    for _ in range(2):
        external_tasks.complete(cast.ivo, run.uid, worker="w", result={"value": 1})
    clock.advance(MINUTE)
    assert fetched(cast, "v") == []
    with pytest.raises(Conflict) as refused:
        external_tasks.throw_error(cast.ivo, run.uid, worker="w", code="REFUSED")
    assert refused.value.code == "STEP_OVER"

    resume(instance, cast, django_capture_on_commit_callbacks)
    assert open_names(instance) == ["look"]
    assert audited() == ["step.fetched", "step.completed"]


@pytest.mark.parametrize(
    ("tell", "line"),
    [
        (partial(external_tasks.throw_error, code="REFUSED"), "step.error_thrown"),
        (partial(external_tasks.fail, code="REFUSED", retries=0), "step.failed"),
    ],
    ids=["a BPMN error", "a failure for good"],
)
def test_an_error_that_a_worker_elsewhere_throws_is_kept_and_caught_once(
    begin, cast, clock, django_capture_on_commit_callbacks, tell, line
):
    instance = begin(ELSEWHERE)
    (run,) = fetched(cast)
    suspend(instance, cast)

    for _ in range(2):
        tell(cast.ivo, run.uid, worker="w")
    with pytest.raises(Conflict) as refused:
        tell(cast.ivo, run.uid, worker="v")
    assert refused.value.code == "LOCK_LOST"
    clock.advance(MINUTE)
    assert open_names(instance) == []

    services.resume_process(instance, actor=cast.carla)  # what was kept is not applied yet
    assert fetched(cast, "v") == []
    assert apply_held() == 1
    assert open_names(instance) == ["mend"]
    assert audited() == ["step.fetched", line]


def test_a_step_that_a_worker_elsewhere_could_not_do_is_tried_again_when_the_case_goes_on(
    begin, cast, clock, django_capture_on_commit_callbacks
):
    instance = begin(ELSEWHERE)
    (run,) = fetched(cast)
    suspend(instance, cast)

    external_tasks.fail(cast.ivo, run.uid, worker="w", code="BUSY", retries=1, retry_after=2 * MINUTE)
    clock.advance(MINUTE)
    assert fetched(cast, "v") == []

    resume(instance, cast, django_capture_on_commit_callbacks)
    assert fetched(cast, "v") == []
    clock.advance(MINUTE)
    (again,) = fetched(cast, "v")
    assert (again.uid, again.attempts, again.error_code) == (run.uid, 2, "BUSY")


def audited():
    lines = AuditEvent.objects.filter(object_kind="step").order_by("id")
    return list(lines.values_list("action", flat=True))


def test_news_that_comes_meanwhile_is_kept_and_taken_once(begin, cast, django_capture_on_commit_callbacks):
    instance = begin(NEWS)
    suspend(instance, cast)
    event = news()

    services.receive_event(event)
    services.receive_event(event)
    assert HeldInput.objects.count() == 1
    assert open_names(instance) == []

    resume(instance, cast, django_capture_on_commit_callbacks)
    assert open_names(instance) == ["look"]
    assert ProcessEvent.objects.filter(kind="message.received").count() == 1


def test_a_message_sent_by_its_key_meanwhile_waits_for_the_case(
    begin, cast, clock, django_capture_on_commit_callbacks
):
    instance = begin(RECEIVER, {"key": "k1"})
    suspend(instance, cast)
    send("k1")
    deliver_all(clock)
    assert open_names(instance) == []
    assert ThrownMessage.objects.get().taken_at is None

    resume(instance, cast, django_capture_on_commit_callbacks)

    assert open_names(instance) == ["after"]
    assert ThrownMessage.objects.get().taken_at is not None


def test_a_signal_thrown_meanwhile_is_caught_afterwards(
    begin, cast, clock, django_capture_on_commit_callbacks
):
    instance = begin(catch("wait", "signal") + user("after") + END + chain("start", "wait", "after", "end"))
    suspend(instance, cast)
    clock.advance(dt.timedelta(seconds=1))

    services.broadcast_signal("AllClear", payload={}, site_code="provincial", subjects={})
    for _ in range(2):
        clock.advance(dt.timedelta(seconds=3))
        deliver_due()
    assert open_names(instance) == []

    resume(instance, cast, django_capture_on_commit_callbacks)
    assert open_names(instance) == ["after"]


def test_a_worker_that_died_between_resuming_and_applying_leaves_the_rest_to_the_duty(begin, cast):
    instance = begin(NEWS)
    suspend(instance, cast)
    services.receive_event(news())
    services.resume_process(instance, actor=cast.carla)  # its commit never comes: what follows is not done

    assert apply_held() == 1
    assert apply_held() == 0
    assert open_names(instance) == ["look"]


def test_a_suspended_case_can_be_stopped_and_what_was_kept_for_it_is_forgotten(begin, cast):
    instance = begin(NEWS)
    suspend(instance, cast)
    services.receive_event(news())

    stopped = services.cancel_process(instance, actor=cast.carla, reason="WRONG_ORDER")

    assert stopped.status == "cancelled"
    assert not HeldInput.objects.exists()


def test_only_who_looks_after_the_sites_cases_may_with_a_reason_and_once(begin, cast):
    instance = begin(ASK)

    with pytest.raises(NotPermitted):
        services.suspend_process(instance, actor=cast.rosa, reason="why")
    with pytest.raises(NotFound):
        services.suspend_process(instance, actor=cast.otto, reason="why")
    with pytest.raises(InvalidInput):
        services.suspend_process(instance, actor=cast.carla, reason=" ")
    with pytest.raises(Conflict):
        services.resume_process(instance, actor=cast.carla)
    suspend(instance, cast)
    with pytest.raises(Conflict):
        suspend(instance, cast)
    assert ProcessInstance.objects.get().suspended_at is not None


def test_a_step_costs_no_statement_more_for_it(begin, cast):
    """The mark is in the row that a step locks anyway: a refused step asks for nothing beyond it."""
    instance = begin(ASK)
    task = UserTask.objects.get()
    suspend(instance, cast)
    warm_runs.forget()

    with CaptureQueriesContext(connection) as statements, pytest.raises(Conflict):
        services.claim_user_task(task, actor=cast.rosa)

    assert len([each for each in statements if each["sql"].startswith("SELECT")]) == 1
