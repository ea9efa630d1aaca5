"""Versions of processes over REST: sent, judged, deployed, retired, and given back as they came."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEvent, Membership
from tests.workflows.conftest import FORM, bpmn, chain, machine, operators, user  # noqa: F401 - fixtures
from workflows.models import ProcessDefinition

END = '<bpmn:endEvent id="end"/>'
GOOD = bpmn(machine("do") + END + chain("start", "do", "end"))
BAD = bpmn(
    '\n<bpmn:complexGateway id="a"/>\n<bpmn:adHocSubProcess id="b"/>' + END + chain("start", "a", "b", "end")
)


@pytest.fixture
def designer(cast, as_person, operators):  # noqa: F811
    Membership.objects.create(person=cast.rosa, site=cast.provincial, role="designer")
    return as_person(cast.rosa)


def send(program, content, name="sample.bpmn", language="en", **more):
    file = SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())
    asked = {"accept-language": language}
    return program.post("/api/processes/", {"file": file, **more}, format="multipart", headers=asked)


def zipped(files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return held.getvalue()


def test_what_is_drawn_and_does_nothing_is_told_of(designer):
    link = "<bpmn:dataOutputAssociation><bpmn:targetRef>S</bpmn:targetRef></bpmn:dataOutputAssociation>"
    store = '<bpmn:dataStoreReference id="S" name="Image archive"/>'
    text = GOOD.replace("</bpmn:serviceTask>", f"{link}</bpmn:serviceTask>").replace(
        "</bpmn:process>", f"{store}</bpmn:process>"
    )

    kept = send(designer, text, deploy="true").json()

    assert (kept["status"], kept["problems"]) == ("deployed", [])
    assert [(each["element"], each["message"]) for each in kept["remarks"]] == [
        ("do", "Is drawn only: no data go to or from the data store Image archive by themselves")
    ]


def test_a_diagram_is_kept_as_a_draft_and_deployed_later(designer):
    kept = send(designer, GOOD)
    assert (kept.status_code, kept.json()["status"], kept.json()["problems"]) == (201, "draft", [])
    key = kept.json()["id"]

    deployed = designer.post(f"/api/processes/{key}/deploy/")

    assert (deployed.json()["status"], deployed.json()["is_active"]) == ("deployed", True)
    assert list(
        AuditEvent.objects.filter(object_kind="process").order_by("id").values_list("action", flat=True)
    ) == ["process.imported", "process.deployed"]


def test_problems_are_told_in_english_unless_another_language_is_asked_for(designer):
    send(designer, BAD, language="zh-hans")  # what is kept with the draft is English all the same
    (row,) = designer.get("/api/processes/?status=draft").json()["results"]
    address = f"/api/processes/{row['id']}/problems/"

    english = {each["element"]: each["message"] for each in designer.get(address).json()}
    chinese = {
        each["element"]: each["message"]
        for each in designer.get(address, headers={"accept-language": "zh-hans"}).json()
    }

    assert english["a"] == "A complex gateway is not supported"
    assert chinese["a"] == "不支持复杂网关"
    assert ProcessDefinition.objects.get().problems[0]["message"].isascii()


def test_a_refused_diagram_tells_every_problem_with_element_and_line_and_stays_to_be_looked_at(designer):
    answer = send(designer, BAD, deploy="true")

    assert (answer.status_code, answer.json()["code"]) == (400, "BUNDLE_REFUSED")
    assert {"a", "b"} <= set(answer.json()["fields"])
    (row,) = designer.get("/api/processes/?status=draft").json()["results"]
    found = designer.get(f"/api/processes/{row['id']}/").json()["problems"]
    assert {("a", 2), ("b", 3)} <= {(each["element"], each["line"]) for each in found}
    assert row["problem_count"] == len(found)


def test_a_draft_is_judged_anew_when_it_is_asked_about(designer, operators):  # noqa: F811
    key = send(designer, GOOD.replace("test.step", "later.step")).json()["id"]
    assert [each["element"] for each in designer.get(f"/api/processes/{key}/problems/").json()] == ["do"]
    operators["later.step"] = operators["test.step"]

    assert designer.get(f"/api/processes/{key}/problems/").json() == []
    assert designer.post(f"/api/processes/{key}/deploy/").json()["problems"] == []


def test_a_bundle_comes_as_an_archive_and_leaves_as_one(designer):
    files = {"x/sample.bpmn": bpmn(user("ask") + END + chain("start", "ask", "end")), "x/forms/do.json": FORM}
    made = send(designer, zipped(files), "sample.zip", deploy="true")
    assert made.status_code == 201, made.json()

    answer = designer.get(f"/api/processes/{made.json()['id']}/export/")

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert {f"x/{name}": archive.read(name).decode() for name in archive.namelist()} == files
    again = send(designer, answer.content, "again.zip")
    assert again.json()["id"] == made.json()["id"]


def test_the_file_comes_back_as_it_was_sent(designer):
    key = send(designer, GOOD).json()["id"]

    answer = designer.get(f"/api/processes/{key}/xml/")

    assert answer.content == GOOD.encode()
    assert answer["Content-Disposition"] == 'attachment; filename="Sample.bpmn"'


def test_a_file_in_another_encoding_is_kept_in_ours(designer):
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + GOOD.replace('name="do"', 'name="dö"')

    key = send(designer, text.encode("latin-1")).json()["id"]

    kept = designer.get(f"/api/processes/{key}/xml/").content
    assert kept == text.replace("ISO-8859-1", "UTF-8").encode()


def test_a_newer_version_takes_over_and_a_retired_one_starts_nothing(designer):
    first = send(designer, GOOD, deploy="true").json()["id"]
    second = send(designer, GOOD.replace('name="do"', 'name="Do it"'), deploy="true").json()["id"]
    assert [
        row["id"] for row in designer.get("/api/processes/?key=Sample&active=true").json()["results"]
    ] == [second]

    assert designer.post(f"/api/processes/{second}/retire/").json()["status"] == "retired"

    assert designer.get("/api/processes/?active=true").json()["results"] == []
    assert designer.post(f"/api/processes/{first}/deploy/").json()["is_active"] is True


def test_a_draft_cannot_be_retired(designer):
    key = send(designer, GOOD).json()["id"]

    assert designer.post(f"/api/processes/{key}/retire/").status_code == 409


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"no model", "a.bpmn"),
        (b"\xff\xfe\xff", "a.bpmn"),
        (b"PK\x03\x04 torn", "a.zip"),
        (zipped({"a.txt": "x"}), "a.zip"),
        (zipped({"../a.bpmn": GOOD}), "a.zip"),
        (zipped({"a.bpmn": GOOD, "b.bpmn": GOOD}), "a.zip"),
        (zipped({"a.bpmn": GOOD, "b.json": "\0" * 9_000_000}), "a.zip"),
        (GOOD.replace('id="Sample"', f'id="{"S" * 81}"').encode(), "a.bpmn"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + GOOD.encode(), "a.bpmn"),
    ],
    ids=["text", "bytes", "torn", "no diagram", "leads out", "two", "bomb", "long id", "entities"],
)
def test_what_is_no_process_is_refused_and_not_kept(designer, content, name):
    answer = send(designer, content, name)

    assert (answer.status_code, answer.json()["code"]) == (400, "BUNDLE_REFUSED")
    assert not ProcessDefinition.objects.exists()


def test_who_operates_cases_reads_and_does_not_change_and_others_see_nothing(designer, cast, as_person):
    key = send(designer, GOOD, deploy="true").json()["id"]
    carla, otto = as_person(cast.carla), as_person(cast.otto)

    assert carla.get(f"/api/processes/{key}/").status_code == 200
    assert carla.post(f"/api/processes/{key}/retire/").status_code == 403
    assert send(carla, GOOD).status_code == 403
    assert otto.get("/api/processes/").json()["results"] == []
    assert otto.get(f"/api/processes/{key}/xml/").status_code == 404
    assert send(otto, GOOD).status_code == 403


def test_a_list_costs_the_same_however_long(designer, django_assert_num_queries):
    send(designer, GOOD)
    with django_assert_num_queries(4):  # session, person, privilege, rows
        designer.get("/api/processes/")
    for number in range(4):
        send(designer, GOOD.replace('name="do"', f'name="{number}"'))
    with django_assert_num_queries(4):
        assert len(designer.get("/api/processes/").json()["results"]) == 5
