"""Steps done by programs elsewhere: locked for one of them at a time, answered once.

The words of HTTP around this are tried in tests/portal/api/test_external_tasks.py.
"""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection

from accounts.models import AuditEvent
from common.errors import Conflict, InvalidInput, NotFound
from tests.workflows.conftest import bundle, chain, flow
from workflows.checks import check_bundle
from workflows.locks import warm_runs
from workflows.machines import external_tasks as external
from workflows.machines.answers import retry_service_task
from workflows.machines.performing import perform_service_task
from workflows.machines.queueing import nudge_due_runs
from workflows.models import Incident, ServiceTaskRun

MINUTE = dt.timedelta(minutes=1)
END = '<bpmn:endEvent id="end"/>'
WORKED = (
    '<bpmn:serviceTask id="work" name="Work"><bpmn:extensionElements>'
    '<consilium:operator name="external" topic="measure" result="measured">'
    '<consilium:argument name="number" value="number"/></consilium:operator>'
    "</bpmn:extensionElements></bpmn:serviceTask>"
)
ONE = WORKED + END + chain("start", "work", "end")
CAUGHT = (
    ONE
    + '<bpmn:boundaryEvent id="no" attachedToRef="work"><bpmn:errorEventDefinition errorRef="E1"/>'
    + '</bpmn:boundaryEvent><bpmn:endEvent id="refused" name="Refused"/>'
    + flow("no", "refused")
)


def fetched(cast, *, worker="a", topics=("measure",), most=10, lasts=MINUTE):
    return external.fetch_and_lock(cast.ivo, worker=worker, topics=topics, most=most, lasts=lasts)


@pytest.mark.parametrize("restored", [False, True], ids=["straight", "restored after each step"])
def test_a_worker_fetches_a_step_and_its_answer_moves_the_case_on(begin, cast, restored):
    instance = begin(ONE)
    if restored:
        warm_runs.forget()

    (step,) = fetched(cast)
    assert (step.arguments, step.attempts, step.topic) == ({"number": 7}, 1, "measure")
    external.complete(cast.ivo, step.uid, worker="a", result={"length_mm": 12})

    instance.refresh_from_db()
    assert instance.status == "completed"
    assert ServiceTaskRun.objects.get().result == {"length_mm": 12}
    assert list(AuditEvent.objects.filter(object_kind="step").order_by("id").values_list("action", flat=True)) == [
        "step.fetched",
        "step.completed",
    ]  # fmt: skip


def test_our_own_workers_leave_it_alone(begin, clock):
    begin(ONE)
    clock.advance(MINUTE)

    assert nudge_due_runs() == 0
    assert perform_service_task(ServiceTaskRun.objects.get().uid) is False


def test_a_locked_step_is_not_given_to_another_until_the_lock_runs_out(begin, cast, clock):
    begin(ONE)
    (step,) = fetched(cast, worker="a")

    assert fetched(cast, worker="b") == []
    clock.advance(MINUTE)
    (again,) = fetched(cast, worker="b")

    assert (again.uid, again.attempts) == (step.uid, 2)
    with pytest.raises(Conflict) as refusal:
        external.complete(cast.ivo, step.uid, worker="a", result={})
    assert refusal.value.code == "LOCK_LOST"


def test_a_late_worker_nobody_overtook_has_not_worked_in_vain(begin, cast, clock):
    instance = begin(ONE)
    (step,) = fetched(cast)
    clock.advance(2 * MINUTE)

    external.complete(cast.ivo, step.uid, worker="a", result={})

    instance.refresh_from_db()
    assert instance.status == "completed"


def test_an_answer_given_twice_counts_once(begin, cast):
    begin(ONE)
    (step,) = fetched(cast)
    external.complete(cast.ivo, step.uid, worker="a", result={"n": 1})
    external.complete(cast.ivo, step.uid, worker="a", result={"n": 2})

    assert ServiceTaskRun.objects.get().result == {"n": 1}
    with pytest.raises(Conflict) as refusal:
        external.complete(cast.ivo, step.uid, worker="b", result={"n": 3})
    assert refusal.value.code == "CASE_ENDED"


def test_a_lock_is_extended_and_given_back(begin, cast, clock):
    begin(ONE)
    (step,) = fetched(cast)
    assert external.extend_lock(cast.ivo, step.uid, worker="a", lasts=3 * MINUTE) == clock.now + 3 * MINUTE
    clock.advance(2 * MINUTE)
    assert fetched(cast, worker="b") == []

    external.unlock(cast.ivo, step.uid, worker="a")

    assert [each.uid for each in fetched(cast, worker="b")] == [step.uid]
    with pytest.raises(Conflict):
        external.unlock(cast.ivo, step.uid, worker="a")


def test_a_failure_with_retries_left_waits_and_one_with_none_is_an_incident(begin, cast, clock):
    begin(ONE)
    (step,) = fetched(cast)
    external.fail(cast.ivo, step.uid, worker="a", code="BUSY", retries=1, retry_after=MINUTE)
    assert fetched(cast) == []
    clock.advance(MINUTE)
    (step,) = fetched(cast)

    external.fail(cast.ivo, step.uid, worker="a", code="BROKEN", retries=0)

    assert (Incident.objects.get().code, ServiceTaskRun.objects.get().status) == ("BROKEN", "failed")
    assert fetched(cast) == []


def test_without_a_number_of_its_own_a_failure_is_tried_four_times_with_growing_pauses(begin, cast, clock):
    begin(ONE)
    waits = []
    for _ in range(4):
        (step,) = fetched(cast)
        external.fail(cast.ivo, step.uid, worker="a", code="BUSY")
        due = ServiceTaskRun.objects.get().next_attempt_at
        waits.append(due and (due - clock.now).total_seconds())
        clock.advance(MINUTE)

    assert waits == [2, 4, 8, None]
    assert Incident.objects.get().code == "BUSY"


def test_a_step_that_failed_for_good_waits_for_a_worker_again_once_it_is_retried(begin, cast, clock):
    instance = begin(ONE)
    (step,) = fetched(cast)
    external.fail(cast.ivo, step.uid, worker="a", code="BROKEN", retries=0)

    retry_service_task(step.uid, actor=cast.ivo)
    perform_service_task(step.uid)
    (again,) = fetched(cast, worker="b")
    external.complete(cast.ivo, again.uid, worker="b", result={})

    instance.refresh_from_db()
    assert instance.status == "completed"


def test_a_bpmn_error_takes_the_boundary_event_that_catches_it(begin, cast):
    """BPMN 2.0.2 §10.5.6: the diagram decides what follows an error."""
    instance = begin(CAUGHT)
    (step,) = fetched(cast)

    external.throw_error(cast.ivo, step.uid, worker="a", code="REFUSED")

    instance.refresh_from_db()
    assert (instance.status, instance.outcome) == ("completed", "Refused")
    assert not Incident.objects.exists()


def test_stat_comes_first_then_the_longest_waiting(begin, cast, clock):
    names: list[str] = []
    for key, priority in (("old", "ROUTINE"), ("new", "ROUTINE"), ("stat", "STAT")):
        instance = begin(ONE, {"number": len(names)}, start_key=key)
        instance.priority = priority
        instance.save(update_fields=["priority"])
        names.append(key)
        clock.advance(MINUTE)

    assert [step.instance.start_key for step in fetched(cast)] == ["stat", "old", "new"]


def test_only_those_who_perform_steps_at_the_site_get_any(begin, cast):
    begin(ONE)
    uid = ServiceTaskRun.objects.get().uid

    for person in (cast.otto, cast.rosa, cast.ines):
        assert external.fetch_and_lock(person, worker="x", topics=["measure"], most=9, lasts=MINUTE) == []
        with pytest.raises(NotFound):
            external.complete(person, uid, worker="x", result={})
    assert fetched(cast, topics=("other",)) == []


def test_an_answer_is_small(begin, cast):
    begin(ONE)
    (step,) = fetched(cast)

    with pytest.raises(InvalidInput) as refusal:
        external.complete(cast.ivo, step.uid, worker="a", result={"pixels": "x" * 200_000})

    assert refusal.value.code == "RESULT_TOO_LARGE"


def test_fetching_many_takes_as_many_statements_as_fetching_one(begin, cast, django_assert_num_queries):
    begin(ONE)
    with django_assert_num_queries(6):  # savepoint and its release, steps, subjects, lock, audit lines
        assert len(fetched(cast)) == 1
    for number in range(5):
        begin(ONE, start_key=f"more {number}")
    with django_assert_num_queries(6):
        assert len(fetched(cast)) == 5


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_get_different_steps(begin, cast):
    for number in range(6):
        begin(ONE, start_key=str(number))
    found = {}
    ready = threading.Barrier(2)

    def work(name):
        try:
            ready.wait()
            found[name] = {step.uid for step in fetched(cast, worker=name, most=3)}
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert found["a"].isdisjoint(found["b"])
    assert len(found["a"] | found["b"]) == len(found["a"]) + len(found["b"]) > 0


@pytest.mark.parametrize(
    "operator",
    ['name="external" result="measured"', 'name="test.step" topic="measure" result="measured"'],
    ids=["no topic", "a topic for a step of ours"],
)
def test_a_topic_belongs_to_external_steps_and_only_to_them(operators, operator):
    body = ONE.replace('name="external" topic="measure" result="measured"', operator)

    assert [str(p) for p in check_bundle(bundle(body))] == [
        "work: A topic belongs to the operator external, and only to it"
    ]
