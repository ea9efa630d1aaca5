"""What a step costs, and what it tells: numbers of SQL statements are promises, times are not."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.services import Event
from tests.bulletins import deliveries
from tests.workflows.conftest import chain, message, user
from workflows import services
from workflows.locks import warm_runs
from workflows.models import ReceivedMessage, UserTask
from workflows.selectors import diagram_state, history, visible_cases

END = '<bpmn:endEvent id="end"/>'
LOOP = (
    user("look") + '<bpmn:exclusiveGateway id="g" default="g-look"/>' + END + chain("start", "look", "g")
    + '<bpmn:sequenceFlow id="g-look" sourceRef="g" targetRef="look"/>'
    + '<bpmn:sequenceFlow id="g-end" sourceRef="g" targetRef="end"><bpmn:conditionExpression>look.answer == "yes"'
    + "</bpmn:conditionExpression></bpmn:sequenceFlow>"
)  # fmt: skip


def work(cast):
    task = UserTask.objects.get(status="ready")
    with CaptureQueriesContext(
        connection,
    ) as statements:
        services.complete_user_task(task, actor=cast.rosa, outcome="done", data={"answer": "no"})
    return len(statements)


def work_cold(cast):
    warm_runs.forget()
    return work(cast)


@pytest.mark.django_db(transaction=True)
def test_a_step_costs_the_same_number_of_statements_however_old_the_case_is(begin, cast):
    begin(LOOP)
    work(cast)

    warm = [work(cast) for _ in range(12)]
    cold = [work_cold(cast) for _ in range(12)]

    assert set(warm) == {1}  # everything that follows, if the instance is still where it was
    assert set(cold) == {
        7
    }  # begin, the task and its lock, state, subjects, site, everything that follows, commit


@pytest.mark.django_db
def test_a_step_is_told_once_with_what_was_offered_and_closed(begin, cast, monkeypatch):
    told: list[tuple[str, str, dict[str, str]]] = []
    monkeypatch.setattr(
        "workflows.stepping.publishing.events.publish_together",
        lambda news, subjects, **_: told.extend((name, p["status"], dict(subjects)) for name, p in news),
    )
    instance = begin(user("a") + user("b") + END + chain("start", "a", "b", "end"))
    subjects = {"study": "2.25.1", "case": str(instance.uid)}
    assert told == [("UserTaskOffered", "ready", subjects), ("CaseChanged", "running", subjects)]
    told.clear()

    services.complete_user_task(UserTask.objects.get(), actor=cast.rosa, outcome="done", data={})

    assert told == [
        ("UserTaskClosed", "completed", subjects),
        ("UserTaskOffered", "ready", subjects),
        ("CaseChanged", "running", subjects),
    ]


@pytest.mark.django_db
def test_our_own_news_is_not_sent_back_to_us(begin):
    begin(user("a") + END + chain("start", "a", "end"))

    assert not deliveries(subscriber="workflows").exists()


@pytest.mark.django_db
def test_news_that_came_too_early_is_kept_until_it_is_waited_for(begin, cast):
    begin(user("a") + message("m") + user("b") + END + chain("start", "a", "m", "b", "end"))
    event = Event(
        uuid.uuid4(),
        "SeriesComplete",
        {"n": 1, "subjects": {"study": "2.25.1", "series": "2.25.9"}},
        uuid.uuid4(),
    )

    services.receive_event(event)
    assert ReceivedMessage.objects.get().consumed_at is None
    services.complete_user_task(UserTask.objects.get(), actor=cast.rosa, outcome="done", data={})

    assert ReceivedMessage.objects.get().consumed_at is not None
    assert UserTask.objects.get(status="ready").name == "b"


@pytest.mark.django_db
def test_a_case_learns_what_else_it_is_about(begin):
    instance = begin(message("m") + user("b") + END + chain("start", "m", "b", "end"))
    event = Event(
        uuid.uuid4(),
        "SeriesComplete",
        {"subjects": {"study": "2.25.1", "series": "2.25.9", "order": "o"}},
        uuid.uuid4(),
    )

    services.receive_event(event)

    assert dict(instance.subjects.values_list("kind", "uid")) == {
        "study": "2.25.1",
        "series": "2.25.9",
        "order": "o",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("rounds", [1, 20])
def test_pages_about_a_case_cost_the_same_whatever_its_history(
    begin, cast, rounds, django_assert_num_queries
):
    instance = begin(LOOP)
    for _ in range(rounds):
        work(cast)

    with django_assert_num_queries(6):
        diagram_state(instance)
    with django_assert_num_queries(1):
        assert len({(line.kind, line.person) for line in history(instance)}) > 1
    with django_assert_num_queries(2):
        assert list(visible_cases(cast.rosa).defer("state")) == [instance]
