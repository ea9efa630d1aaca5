"""Acting as a person over REST: find the task, take it, type, finish it, and see where the case stands."""

from __future__ import annotations

import uuid

import pytest

from accounts.models import AuditEvent
from tests.portal.one_step_process import start_second_look
from workflows.models import FormDraft, list_order


@pytest.fixture
def case(cast, tmp_path):
    return start_second_look(cast, tmp_path, study="1.2.3", order=str(uuid.UUID(int=7)))


@pytest.fixture
def rosa(cast, as_person):
    return as_person(cast.rosa)


def task_of(client, case):
    (task,) = client.get("/api/tasks/", {"case": str(case.uid)}).json()["results"]
    return task


def test_inbox_of_the_role_holds_the_step_and_others_do_not_see_it(cast, as_person, rosa, case):
    task = task_of(rosa, case)

    assert (task["element_id"], task["role"], task["status"]) == ("Look", "radiologist", "ready")
    assert task["case"] == str(case.uid)
    for stranger in (cast.otto, cast.theo):
        client = as_person(stranger)
        assert client.get("/api/tasks/").json()["results"] == []
        assert client.get(f"/api/tasks/{task['uid']}/").status_code == 404
        for act in ("claim", "release", "draft", "complete"):
            answer = client.post(f"/api/tasks/{task['uid']}/{act}/", {"outcome": "agree"}, format="json")
            assert answer.status_code == 404, act


def test_task_comes_with_its_form(rosa, case):
    task = rosa.get(f"/api/tasks/{task_of(rosa, case)['uid']}/").json()

    schema = task["form_definition"]["outcomes"]["agree"]["schema"]
    assert schema["required"] == ["impression"]
    assert task["draft"] is None
    assert AuditEvent.objects.get(action="task.opened").object_uid == task["uid"]


def test_claiming_and_giving_back(rosa, case, cast):
    uid = task_of(rosa, case)["uid"]

    assert rosa.post(f"/api/tasks/{uid}/claim/").json()["assignee"]["username"] == "rosa"
    assert rosa.post(f"/api/tasks/{uid}/release/").json()["assignee"] is None
    assert rosa.post(f"/api/tasks/{uid}/release/").status_code == 409


def test_typed_text_is_kept_and_a_second_window_is_told(rosa, case):
    uid = task_of(rosa, case)["uid"]
    first = rosa.post(
        f"/api/tasks/{uid}/draft/", {"data": {"impression": "Be"}, "revision": 0}, format="json"
    )
    late = rosa.post(f"/api/tasks/{uid}/draft/", {"data": {"impression": "X"}, "revision": 0}, format="json")

    assert first.json() == {"data": {"impression": "Be"}, "revision": 1}
    assert late.status_code == 409
    assert late.json()["code"] == "DRAFT_CHANGED"
    assert FormDraft.objects.get().data == {"impression": "Be"}
    assert rosa.get(f"/api/tasks/{uid}/").json()["draft"] == first.json()


def test_form_that_lacks_a_field_is_refused_in_a_sentence_and_nothing_changes(rosa, case):
    uid = task_of(rosa, case)["uid"]

    answer = rosa.post(f"/api/tasks/{uid}/complete/", {"outcome": "agree", "data": {}}, format="json")

    assert answer.status_code == 400
    assert answer.json()["fields"] == {"impression": "Impression is required."}
    assert rosa.get(f"/api/cases/{case.uid}/").json()["status"] == "running"


def test_finishing_the_task_finishes_the_case(rosa, case):
    uid = task_of(rosa, case)["uid"]

    answer = rosa.post(
        f"/api/tasks/{uid}/complete/", {"outcome": "agree", "data": {"impression": "Benign."}}, format="json"
    )

    assert answer.status_code == 200
    assert (answer.json()["case"], answer.json()["status"]) == (str(case.uid), "completed")
    told = rosa.get(f"/api/cases/{case.uid}/").json()
    assert told["diagram"]["active"] == []
    assert "Look" in told["diagram"]["completed"]
    assert told["tasks"][0]["completed_by"]["username"] == "rosa"
    again = rosa.post(
        f"/api/tasks/{uid}/complete/", {"outcome": "agree", "data": {"impression": "B"}}, format="json"
    )
    assert again.status_code == 409


@pytest.mark.parametrize("body", [{}, {"outcome": "agree", "data": []}, {"outcome": "fly", "data": {}}, []])
def test_completion_that_makes_no_sense_is_refused(rosa, case, body):
    uid = task_of(rosa, case)["uid"]

    answer = rosa.post(f"/api/tasks/{uid}/complete/", body, format="json")

    assert answer.status_code == 400
    assert answer.json()["code"]


def test_cases_are_found_by_what_they_are_about(rosa, case):
    for query in ("study=1.2.3", f"order={uuid.UUID(int=7)}", "status=running", "process=SecondLook"):
        found = rosa.get(f"/api/cases/?{query}").json()["results"]
        assert [one["uid"] for one in found] == [str(case.uid)], query
    assert rosa.get("/api/cases/?study=1.2.4").json()["results"] == []


def test_case_shows_where_it_stands_and_who_it_is_about(rosa, case, cast):
    told = rosa.get(f"/api/cases/{case.uid}/").json()

    assert told["subjects"] == {"study": "1.2.3", "order": str(uuid.UUID(int=7))}
    assert told["diagram"]["active"] == ["Look"]
    assert "xml" not in told["diagram"]
    assert "bpmn" in rosa.get(f"/api/cases/{case.uid}/diagram/").json()["xml"]
    assert AuditEvent.objects.filter(action="case.opened", person=cast.rosa, study_instance_uid="1.2.3")


def test_otto_cannot_tell_that_the_case_exists(cast, as_person, case):
    client = as_person(cast.otto)

    assert client.get("/api/cases/").json()["results"] == []
    assert client.get(f"/api/cases/{case.uid}/").content == client.get(f"/api/cases/{uuid.uuid4()}/").content


def test_urgent_work_stands_first_in_the_inbox(rosa, cast, tmp_path):
    for priority in ("ROUTINE", "STAT", "URGENT"):
        start_second_look(cast, tmp_path).user_tasks.update(priority=priority, **list_order(priority, None))

    order = [task["priority"] for task in rosa.get("/api/tasks/").json()["results"]]

    assert order == ["STAT", "URGENT", "ROUTINE"]
