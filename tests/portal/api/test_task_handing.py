"""Tasks over REST: paged lists, giving tasks to others, signing, comments and files; who may and who may not."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEvent
from tests.personas import PASSWORD
from tests.portal.one_step_process import start_second_look
from tests.portal.tasks.measured_opinion import start_measured_opinion
from workflows.models import Attachment, UserTask

PDF = b"%PDF-1.7"


@pytest.fixture
def case(cast, tmp_path):
    return start_second_look(cast, tmp_path)


@pytest.fixture
def uid(case) -> str:
    return str(UserTask.objects.get(instance=case).uid)


def post(client, uid: str, act: str, **body: object):
    return client.post(f"/api/tasks/{uid}/{act}/", body, format="json")


def test_the_list_is_read_page_by_page_until_there_is_no_next(cast, as_person, tmp_path):
    for _ in range(5):
        start_second_look(cast, tmp_path)
    rosa = as_person(cast.rosa)

    found, address = [], "/api/tasks/?limit=2"
    while address:
        page = rosa.get(address).json()
        assert len(page["results"]) <= 2
        found += [task["uid"] for task in page["results"]]
        address = page["next"]

    assert len(found) == len(set(found)) == 5
    assert rosa.get("/api/tasks/?cursor=nonsense").json()["fields"].keys() == {"cursor"}


def test_the_list_is_narrowed(cast, as_person, case, uid):
    rosa = as_person(cast.rosa)

    def found(query: str) -> int:
        return len(rosa.get(f"/api/tasks/?{query}").json()["results"])

    wide = (
        "site=provincial",
        "role=radiologist",
        "lane=Expert",
        "element=Look",
        "show=role",
        "priority=ROUTINE",
        f"case={case.uid}",
    )
    narrow = (
        "site=county",
        "role=referrer",
        "lane=Other",
        "element=x",
        "show=mine",
        "show=stat",
        "show=named",
        "priority=STAT",
        "show=overdue",
    )
    assert [found(query) for query in (*wide, *narrow)] == [1] * len(wide) + [0] * len(narrow)


def test_a_list_costs_the_same_number_of_statements_whatever_its_length(
    cast, as_person, tmp_path, django_assert_num_queries
):
    rosa = as_person(cast.rosa)
    for count in (1, 6):
        for _ in range(count):
            start_second_look(cast, tmp_path)
        with django_assert_num_queries(4):  # session, person, tasks, their cases' subjects
            rosa.get("/api/tasks/")


def test_the_team_s_list_is_for_who_assigns_tasks(cast, as_person, case, uid):
    post(as_person(cast.rosa), uid, "claim")

    for who, count in ((cast.carla, 1), (cast.ines, 1), (cast.rosa, 0), (cast.otto, 0)):
        assert len(as_person(who).get("/api/tasks/?scope=team").json()["results"]) == count, who


def test_delegating_and_handing_back(cast, as_person, li, uid):
    rosa, colleague = as_person(cast.rosa), as_person(li)
    assert [one["username"] for one in rosa.get(f"/api/tasks/{uid}/colleagues/").json()] == ["li"]

    told = post(rosa, uid, "delegate", to="li", note="Please").json()

    assert (told["assignee"]["username"], told["owner"]["username"], told["delegation"]) == (
        "li",
        "rosa",
        "pending",
    )
    refused = post(colleague, uid, "complete", outcome="agree", data={"impression": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "TASK_DELEGATED")
    back = post(colleague, uid, "hand-back").json()
    assert (back["assignee"]["username"], back["delegation"]) == ("rosa", "resolved")


@pytest.mark.parametrize(("to", "code"), [("nobody", "PERSON_UNKNOWN"), ("carla", "CANNOT_TAKE")])
def test_nobody_is_asked_who_could_not_do_it(cast, as_person, uid, to, code):
    answer = post(as_person(cast.rosa), uid, "delegate", to=to)

    assert (answer.status_code, answer.json()["code"], set(answer.json()["fields"])) == (400, code, {"to"})


def test_declining_and_reassigning(cast, as_person, li, uid):
    rosa = as_person(cast.rosa)
    post(rosa, uid, "claim")

    assert post(rosa, uid, "decline", reason="").status_code == 400
    assert post(rosa, uid, "decline", reason="Not my field").json()["assignee"] is None
    assert post(rosa, uid, "reassign", to="li", reason="Yours").status_code == 404
    given = post(as_person(cast.carla), uid, "reassign", to="li", reason="Li is free").json()
    assert given["assignee"]["username"] == "li"
    free = post(as_person(cast.ines), uid, "reassign", to=None, reason="Li is ill").json()
    assert free["assignee"] is None


@pytest.mark.parametrize("act", ["delegate", "hand-back", "decline", "reassign"])
def test_strangers_cannot_tell_that_the_task_exists(cast, as_person, li, uid, act):
    answer = post(as_person(cast.otto), uid, act, to="li", reason="x")

    assert answer.status_code == 404


def test_an_outcome_is_signed_with_the_password(cast, as_person, order, tmp_path):
    case = start_measured_opinion(cast, tmp_path, order)
    uid = str(UserTask.objects.get(instance=case).uid)
    rosa = as_person(cast.rosa)
    body = {"outcome": "sign_off", "data": {"size_mm": 14}}

    for password in ("", "wrong"):
        answer = post(rosa, uid, "complete", password=password, **body)
        assert (answer.status_code, answer.json()["code"]) == (400, "SIGNATURE_REFUSED")
        assert set(answer.json()["fields"]) == {"password"}
    assert post(rosa, uid, "complete", password=PASSWORD, **body).json()["status"] == "completed"
    assert AuditEvent.objects.get(action="task.signed").person == cast.rosa


def test_the_conversation_of_a_case(cast, as_person, case):
    rosa, address = as_person(cast.rosa), f"/api/cases/{case.uid}/comments/"

    made = rosa.post(address, {"text": "Which phase, @carla?"}, format="json")

    assert (made.status_code, made.json()["mentioned"]) == (201, ["carla"])
    (read,) = as_person(cast.carla).get(address).json()
    assert (read["text"], read["author"]["username"]) == ("Which phase, @carla?", "rosa")
    assert rosa.post(address, {"text": " "}, format="json").json()["fields"].keys() == {"text"}
    assert as_person(cast.otto).get(address).status_code == 404
    assert as_person(cast.otto).post(address, {"text": "x"}, format="json").status_code == 404


def test_the_files_of_a_case(cast, as_person, case, uid):
    rosa, address = as_person(cast.rosa), f"/api/cases/{case.uid}/attachments/"

    made = rosa.post(address, {"file": SimpleUploadedFile("Zhang.pdf", PDF), "task": uid})

    assert made.status_code == 201
    assert (made.json()["content_type"], made.json()["task"]) == ("application/pdf", uid)
    assert [one["name"] for one in rosa.get(address).json()] == ["Zhang.pdf"]
    content = rosa.get(f"/api/attachments/{made.json()['uid']}/content/")
    assert b"".join(content.streaming_content) == PDF
    assert content["Content-Disposition"] == 'attachment; filename="Zhang.pdf"'
    assert content["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in content["Content-Security-Policy"]


def test_a_file_is_given_out_and_removed_by_the_case_s_rights_only(cast, as_person, case):
    rosa = as_person(cast.rosa)
    address = f"/api/cases/{case.uid}/attachments/"
    uid = rosa.post(address, {"file": SimpleUploadedFile("a.pdf", PDF)}).json()["uid"]
    otto = as_person(cast.otto)

    assert otto.post(address, {"file": SimpleUploadedFile("a.pdf", PDF)}).status_code == 404
    for path in (f"/api/attachments/{uid}/", f"/api/attachments/{uid}/content/"):
        assert otto.get(path).status_code == 404
    assert otto.delete(f"/api/attachments/{uid}/").status_code == 404
    assert as_person(cast.carla).delete(f"/api/attachments/{uid}/").status_code == 403
    assert rosa.delete(f"/api/attachments/{uid}/").status_code == 204
    assert rosa.get(f"/api/attachments/{uid}/content/").status_code == 404


@pytest.mark.parametrize("name", ["page.html", "picture.svg", "fake.pdf"])
def test_what_a_browser_could_run_is_refused(cast, as_person, case, name):
    body = {"file": SimpleUploadedFile(name, b"<script>1</script>")}

    answer = as_person(cast.rosa).post(f"/api/cases/{case.uid}/attachments/", body)

    assert (answer.status_code, set(answer.json()["fields"])) == (400, {"file"})
    assert not Attachment.objects.exists()
