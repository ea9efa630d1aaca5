"""External tasks in HTTP's words: what a worker in any language sends and gets."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.tokens import issue_token, revoke_token
from tests.workflows.conftest import begin, bundle, operators  # noqa: F401 - fixtures
from tests.workflows.machines.test_external_tasks import CAUGHT, ONE
from workflows.models import Incident, ServiceTaskRun

FETCH = {"worker": "a", "topics": ["measure"]}


@pytest.fixture
def program(cast):
    """A program that shows an access token of Ivo's."""
    token, secret = issue_token(cast.ivo, label="worker", lasts=dt.timedelta(days=1))
    client = APIClient(headers={"Authorization": f"Bearer {secret}"})
    client.token = token  # type: ignore[attr-defined]
    return client


def fetch(program, **more):
    return program.post("/api/external-tasks/fetch-and-lock/", {**FETCH, **more}, format="json")


def act(program, uid, verb, **body):
    return program.post(f"/api/external-tasks/{uid}/{verb}/", {"worker": "a", **body}, format="json")


def test_a_worker_does_a_step_from_fetching_to_completion(begin, program):  # noqa: F811
    instance = begin(ONE)

    (step,) = fetch(program).json()
    answer = act(program, step["uid"], "complete", result={"length_mm": 12})

    assert (step["topic"], step["arguments"], step["subjects"]) == (
        "measure",
        {"number": 7},
        {"study": "2.25.1"},
    )
    assert (step["process"], step["site"], step["attempts"]) == ("Sample", "provincial", 1)
    assert answer.status_code == 204
    instance.refresh_from_db()
    assert instance.status == "completed"


def test_a_token_that_was_taken_back_opens_nothing(begin, program, cast):  # noqa: F811
    begin(ONE)
    revoke_token(cast.ivo, program.token.uid)

    answer = fetch(program)

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="consilium"')
    assert ServiceTaskRun.objects.get().worker == ""


def test_a_lock_is_kept_longer_and_given_back(begin, program, clock):  # noqa: F811
    begin(ONE)
    (step,) = fetch(program, lock_s=10).json()

    kept = act(program, step["uid"], "extend-lock", lock_s=600)
    assert dt.datetime.fromisoformat(kept.json()["locked_until"]) == clock.now + dt.timedelta(minutes=10)
    assert act(program, step["uid"], "unlock").status_code == 204
    assert [each["uid"] for each in fetch(program, worker="b").json()] == [step["uid"]]
    refused = act(program, step["uid"], "complete")
    assert (refused.status_code, refused.json()["code"]) == (409, "LOCK_LOST")


def test_a_failure_is_tried_again_later_and_with_no_retries_left_an_incident(begin, program, clock):  # noqa: F811
    begin(ONE)
    (step,) = fetch(program).json()
    assert act(program, step["uid"], "fail", code="BUSY", retries=2, retry_after_s=60).status_code == 204
    assert fetch(program).json() == []
    clock.advance(dt.timedelta(minutes=1))
    assert len(fetch(program).json()) == 1

    assert act(program, step["uid"], "fail", code="BROKEN", retries=0).status_code == 204

    incident = Incident.objects.get()
    assert incident.code == "BROKEN"
    assert program.post(f"/api/incidents/{incident.pk}/retry/").status_code == 204
    assert program.post(f"/api/incidents/{incident.pk}/retry/").status_code == 404, "it is resolved"


def test_a_bpmn_error_goes_where_the_diagram_says(begin, program):  # noqa: F811
    instance = begin(CAUGHT)
    (step,) = fetch(program).json()

    assert act(program, step["uid"], "bpmn-error", code="REFUSED").status_code == 204

    instance.refresh_from_db()
    assert instance.outcome == "Refused"


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("complete", {"worker": ""}, "worker"),
        ("complete", {"result": [1]}, "result"),
        ("fail", {"code": "patient Müller, born 1950"}, "code"),
        ("fail", {"code": "X", "retries": -1}, "retries"),
        ("extend-lock", {"lock_s": 0}, "lock_s"),
    ],
)
def test_a_refusal_names_the_field(begin, program, verb, body, field):  # noqa: F811
    begin(ONE)
    (step,) = fetch(program).json()

    answer = act(program, step["uid"], verb, **body)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_who_performs_no_steps_here_sees_and_gets_none(begin, cast, as_person):  # noqa: F811
    begin(ONE)
    uid = ServiceTaskRun.objects.get().uid
    otto = as_person(cast.otto)

    assert fetch(otto).json() == []
    assert otto.get("/api/external-tasks/").json()["results"] == []
    assert otto.get(f"/api/external-tasks/{uid}/").status_code == 404
    assert act(otto, uid, "complete").status_code == 404


def test_the_list_tells_who_has_which_step(begin, program):  # noqa: F811
    begin(ONE)
    fetch(program)

    (row,) = program.get("/api/external-tasks/?topic=measure&status=pending").json()["results"]

    assert row["worker"] == "a"
    assert program.get("/api/external-tasks/?topic=other").json()["results"] == []


@pytest.mark.django_db(transaction=True)
def test_a_long_poll_answers_as_soon_as_a_step_is_there(begin, program):  # noqa: F811
    answers = []

    def ask():
        try:
            answers.append(fetch(program, wait_s=20).json())
        finally:
            connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    begin(ONE)
    asking.join(timeout=15)

    assert [[step["topic"] for step in found] for found in answers] == [["measure"]]


def test_a_long_poll_that_finds_nothing_ends(program):
    assert fetch(program, wait_s=1).json() == []


def test_one_statement_more_for_no_number_of_steps(begin, program, django_assert_num_queries):  # noqa: F811
    begin(ONE)
    fetch(program)  # notes the use of the token
    for number in range(4):
        begin(ONE, start_key=f"more {number}")
    with django_assert_num_queries(7):  # who asks; savepoint, steps, subjects, lock, lines, release
        assert len(fetch(program, most=10).json()) == 4
