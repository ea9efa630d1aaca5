"""Cases started, stopped and read by programs."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent, Membership
from tests.workflows.conftest import bundle, chain, install, machine, operators, user  # noqa: F401 - fixtures
from workflows.models import ProcessInstance, UserTask
from workflows.services import claim_user_task

END = '<bpmn:endEvent id="end"/>'
ONE = user("ask") + END + chain("start", "ask", "end")


@pytest.fixture
def sample(cast, operators, tmp_path):  # noqa: F811
    return install(bundle(ONE), tmp_path)


def start(program, **more):
    body = {"process": "Sample", "site": "provincial", "data": {"site": "provincial", "n": 1}, **more}
    return program.post("/api/cases/", body, format="json")


def test_a_case_is_started_once_under_a_key(sample, cast, as_person):
    carla = as_person(cast.carla)

    first, again = start(carla, start_key="visit-1"), start(carla, start_key="visit-1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["uid"] == again.json()["uid"]
    assert (first.json()["process"], first.json()["status"]) == ("Sample", "running")
    assert UserTask.objects.get().name == "ask"


def test_a_case_opens_no_study_that_its_starter_may_not_see(sample, cast, as_person, series):
    study = series.study.study_instance_uid
    assert start(as_person(cast.ivo), subjects={"study": study}).status_code == 400
    assert start(as_person(cast.carla), subjects={"study": study}).status_code == 400
    assert start(as_person(cast.carla), subjects={"order": "no uuid"}).status_code == 400
    assert not ProcessInstance.objects.exists()
    Membership.objects.create(person=cast.carla, site=cast.county, role="coordinator")

    assert start(as_person(cast.carla), subjects={"study": study}).json()["subjects"] == {"study": study}


@pytest.mark.parametrize(
    ("wish", "status", "field"),
    [
        ({"process": "Nothing"}, 404, None),
        ({"site": "county"}, 400, "site"),
        ({"data": {"x": "y" * 100_001}}, 400, "data"),
        ({"data": {"site": "nowhere"}}, 400, "ask"),
        ({"priority": "NOW"}, 400, "priority"),
        ({"subjects": {"k" * 21: "1"}}, 400, "subjects"),
    ],
)
def test_a_start_that_cannot_be_is_refused_by_field(sample, cast, as_person, wish, status, field):
    answer = start(as_person(cast.carla), **wish)

    assert answer.status_code == status
    assert field is None or list(answer.json()["fields"]) == [field]
    assert not ProcessInstance.objects.exists()


def test_who_operates_no_cases_starts_none(sample, cast, as_person):
    assert start(as_person(cast.rosa)).status_code == 400
    assert start(as_person(cast.otto)).status_code == 400


def test_variables_are_for_those_who_look_after_the_site_and_reading_them_is_audited(sample, cast, as_person):
    uid = start(as_person(cast.carla)).json()["uid"]

    answer = as_person(cast.carla).get(f"/api/cases/{uid}/variables/")

    assert answer.json()["variables"] == {"priority": "ROUTINE", "site": "provincial", "n": 1}
    assert AuditEvent.objects.filter(action="case.opened", object_uid=uid, person=cast.carla).exists()
    assert as_person(cast.otto).get(f"/api/cases/{uid}/variables/").status_code == 404


def test_a_part_in_a_case_opens_its_history_but_not_its_data(sample, cast, as_person):
    uid = start(as_person(cast.carla)).json()["uid"]
    Membership.objects.create(person=cast.otto, site=cast.provincial, role="technologist")
    UserTask.objects.update(assignee=cast.otto)

    assert as_person(cast.otto).get(f"/api/cases/{uid}/history/").status_code == 200
    assert as_person(cast.otto).get(f"/api/cases/{uid}/variables/").status_code == 404


def test_history_comes_newest_first_in_pages_without_what_people_wrote(sample, cast, as_person):
    carla = as_person(cast.carla)
    uid = start(carla).json()["uid"]
    claim_user_task(UserTask.objects.get(), actor=cast.rosa)

    page = carla.get(f"/api/cases/{uid}/history/?limit=1").json()

    assert [row["kind"] for row in page["results"]] == ["task.claimed"]
    assert set(page["results"][0]) == {"at", "kind", "element_id", "name", "actor", "signature"}
    assert page["results"][0]["signature"] is None
    older = carla.get(page["next"]).json()["results"]
    assert older[0]["kind"] == "element.completed"


def test_a_case_is_suspended_and_goes_on_and_its_task_says_so(sample, cast, as_person):
    uid = start(as_person(cast.carla)).json()["uid"]
    task = UserTask.objects.get()

    def ask(person, action, **data):
        return as_person(person).post(f"/api/cases/{uid}/{action}/", data, format="json")

    assert ask(cast.rosa, "suspend", reason="why").status_code == 403
    assert ask(cast.otto, "suspend", reason="why").status_code == 404
    assert list(ask(cast.carla, "suspend").json()["fields"]) == ["reason"]
    assert ask(cast.carla, "suspend", reason="The order is wrong").status_code == 204
    assert ask(cast.carla, "suspend", reason="again").json()["code"] == "CASE_SUSPENDED"

    rosa = as_person(cast.rosa)
    assert rosa.get(f"/api/tasks/{task.uid}/").json()["is_suspended"] is True
    refused = rosa.post(f"/api/tasks/{task.uid}/claim/")
    assert (refused.status_code, refused.json()["code"]) == (409, "CASE_SUSPENDED")
    assert as_person(cast.carla).get(f"/api/cases/{uid}/").json()["suspended_at"] is not None

    assert ask(cast.carla, "resume").status_code == 204
    assert ask(cast.carla, "resume").json()["code"] == "CASE_NOT_SUSPENDED"
    assert as_person(cast.rosa).post(f"/api/tasks/{task.uid}/claim/").status_code == 200
    kinds = [
        line["kind"] for line in as_person(cast.carla).get(f"/api/cases/{uid}/history/").json()["results"]
    ]
    assert kinds[:3] == ["task.claimed", "case.resumed", "case.suspended"]


def test_a_case_is_stopped_with_a_code(sample, cast, as_person):
    carla = as_person(cast.carla)
    uid = start(carla).json()["uid"]
    assert (
        carla.post(f"/api/cases/{uid}/cancel/", {"reason": "her name is ..."}, format="json").status_code
        == 400
    )
    assert (
        as_person(cast.otto).post(f"/api/cases/{uid}/cancel/", {"reason": "X"}, format="json").status_code
        == 404
    )

    assert (
        as_person(cast.carla)
        .post(f"/api/cases/{uid}/cancel/", {"reason": "DUPLICATE"}, format="json")
        .status_code
        == 204
    )

    assert ProcessInstance.objects.get().outcome == "DUPLICATE"
    assert UserTask.objects.get().status == "cancelled"
