"""Forms on the server: conditional fields, choices, signatures, and one sentence a field for what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import AuditEvent
from accounts.signing import Signature
from common import clock as now
from common.errors import InvalidInput
from tests.workflows.conftest import bpmn, chain, install, user
from workflows import forms, services
from workflows.checks import check_bundle
from workflows.forms.rules import hidden_fields
from workflows.forms.views import form_view
from workflows.models import UserTask
from workflows.services import start_process

pytestmark = pytest.mark.django_db
BODY = user("look") + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")

SIGNATURE = {"meaning": {"en": "I have read the images myself.", "zh-hans": "本人已亲自阅片。"}}


MANY = {"type": "array", "title": "Letters", "items": {"type": "string"}}
PATTERN = {"scope": "#/properties/means", "schema": {"pattern": "x"}}
NOT_OFFERED = ": choose one of the offered values."


def shown_where(name: str, value: object, effect: str = "SHOW") -> dict[str, object]:
    """A rule that looks at a field."""
    return {"effect": effect, "condition": {"scope": f"#/properties/{name}", "schema": {"const": value}}}


def field(title: str, **schema: object) -> dict[str, object]:
    return {"type": "string", "title": title, **schema}


def outcome(**more: Any) -> dict[str, Any]:
    """Critical or not; whom one called is asked only where it is, and by what means only where one was called."""
    properties = {
        "is_critical": {"type": "boolean", "title": "Critical"},
        "called": field("Called", minLength=2),
        "means": field("By", enum=["phone", "in person"]),
        "followed": field("Follow-up"),
    }
    return {
        "label": {"en": "Done", "zh-hans": "完成"},
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
            "required": ["called"],
            "dependentRequired": {"followed": ["means"]},
            "if": {"properties": {"means": {"const": "phone"}}, "required": ["means"]},
            "then": {"required": ["followed"]},
        },
        "rules": {
            "called": shown_where("is_critical", True),
            "means": shown_where("called", None, "HIDE"),
        },
        "x-i18n": {
            "zh-hans": {
                "properties": {name: {"title": f"{name}的中文"} for name in properties},
            }
        },
        **more,
    }


def form(**more: object) -> dict[str, object]:
    return {"title": {"en": "Do it", "zh-hans": "执行"}, "outcomes": {"done": outcome(**more)}}


def files(**more: object) -> dict[str, str]:
    return {"sample.bpmn": bpmn(BODY), "forms/do.json": json.dumps(form(**more))}


@pytest.fixture
def task(cast, tmp_path, operators):
    """What makes a task with the form above, changed as a test needs it."""

    def make(**more: object) -> UserTask:
        definition = install(files(**more), tmp_path)
        start_process(
            definition.key, data={"site": "provincial"}, site=cast.provincial, subjects={"study": "2.25.1"},
            start_key="one", actor=cast.carla,
        )  # fmt: skip
        return UserTask.objects.select_related("instance__definition").get()

    return make


def finish(task: UserTask, actor, data: dict[str, object], **more: Any) -> None:
    services.complete_user_task(task, actor=actor, outcome="done", data=data, **more)


def refusal_of(task: UserTask, actor, data: dict[str, object]) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refusal:
        finish(task, actor, data)
    return dict(refusal.value.fields)


@pytest.mark.parametrize(
    ("data", "hidden"),
    [
        ({}, {"called", "means"}),
        ({"is_critical": False, "called": "Dr Rafael"}, {"called", "means"}),
        ({"is_critical": True}, {"means"}),
        ({"is_critical": True, "called": "Dr Rafael"}, set()),
    ],
)
def test_a_rule_decides_from_what_was_entered_and_a_hidden_field_counts_as_empty(data, hidden):
    assert hidden_fields(outcome(), data) == hidden


def test_an_answer_without_data_is_refused_each_time_where_a_field_is_required(task, cast):
    asked = task(rules={})

    assert [refusal_of(asked, cast.rosa, {}) for _time in range(2)] == [{"called": "Called is required."}] * 2


def test_a_hidden_field_is_neither_required_nor_kept(task, cast):
    asked = task()

    kept = forms.check_data(
        asked, forms.load_form(asked.instance.definition, "do")["outcomes"]["done"],
        {"is_critical": False, "called": "left from before"},
    )  # fmt: skip

    assert kept == {"is_critical": False}


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"is_critical": True}, {"called": "Called is required."}),
        ({"is_critical": True, "called": "X"}, {"called": "Called needs at least 2 characters."}),
        ({"is_critical": True, "called": "Dr Rafael", "followed": "x"}, {"means": "By is required."}),
        ({"is_critical": True, "called": "Dr Rafael", "means": "phone"}, {"followed": "Follow-up is required."}),
        ({"is_critical": True, "called": "Dr Rafael", "means": "fax"}, {"means": f"By{NOT_OFFERED}"}),
        ({"is_critical": True, "called": "Dr Rafael", "other": 1}, {"other": "This form has no such field."}),
        ({"is_critical": True, "called": "Dr\0Rafael"}, {"called": "Called is not in the expected form."}),
        ({"is_critical": True, "called": "Dr\ud800"}, {"called": "Called is not in the expected form."}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_the_field(task, cast, data, fields):
    assert refusal_of(task(), cast.rosa, data) == fields


def test_the_process_learns_what_was_kept(task, cast):
    asked = task()

    finish(asked, cast.rosa, {"is_critical": False, "called": "left from before"})

    asked.refresh_from_db()
    assert (asked.status, asked.instance.__class__.objects.get().status) == ("completed", "completed")


def test_a_page_is_told_which_fields_stand_hidden_and_by_which_rule(task, cast):
    asked = task()

    empty = {one.name: one.is_hidden for one in form_view(asked).outcomes[0].fields}
    typed = form_view(asked, typed={"done": {"is_critical": True}}).outcomes[0].fields

    assert empty == {"is_critical": False, "called": True, "means": True, "followed": False}
    assert not next(one for one in typed if one.name == "called").is_hidden
    assert next(one for one in typed if one.name == "called").rule == shown_where("is_critical", True)


def test_files_of_the_case_are_offered_and_others_refused(task, cast):
    properties = {
        "letter": field("Letter"),
        "letters": {"type": "array", "title": "Letters", "items": {"type": "string"}},
        "other": {"title": "Other"},
    }
    asked = task(
        schema={"type": "object", "additionalProperties": False, "properties": properties},
        rules={},
        choices=dict.fromkeys(properties, "case.attachments"),
        **{"x-i18n": {"zh-hans": {"properties": {name: {"title": f"{name}的中文"} for name in properties}}}},
    )
    made = services.attach(asked.instance, person=cast.rosa, name="letter.pdf", data=b"%PDF-1.7 x")

    assert refusal_of(asked, cast.rosa, {"letter": "elsewhere"}) == {
        "letter": "Letter: choose one of the offered values."
    }
    assert set(refusal_of(asked, cast.rosa, {"letters": [str(made.uid), "elsewhere"]})) == {"letters"}
    for unlike in ({"a": 1}, [[1]], [str(made.uid), None]):
        assert refusal_of(asked, cast.rosa, {"other": unlike}) == {
            "other": "Other: choose one of the offered values."
        }
    finish(asked, cast.rosa, {"letter": str(made.uid), "letters": [str(made.uid)]})


def test_an_outcome_to_be_signed_is_refused_without_a_signature_and_audited_with_its_meaning(task, cast):
    asked = task(signature=SIGNATURE)

    with pytest.raises(InvalidInput) as refusal:
        finish(asked, cast.rosa, {"is_critical": False})
    assert (refusal.value.code, set(refusal.value.fields)) == ("SIGNATURE_REFUSED", {"password"})
    with pytest.raises(InvalidInput):
        finish(asked, cast.rosa, {}, signature=Signature(cast.carla.pk, now.now()))

    finish(asked, cast.rosa, {"is_critical": False}, signature=Signature(cast.rosa.pk, now.now()))

    line = AuditEvent.objects.get(action="task.signed")
    assert (line.person, line.object_uid) == (cast.rosa, str(asked.uid))
    assert line.detail["meaning"] == "I have read the images myself."


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rules": {"nothing": shown_where("is_critical", True)}}, "done.rules: no field nothing"),
        ({"rules": {"called": shown_where("means", 1, "BLINK")}}, "done.rules.called: the effect is SHOW or HIDE"),
        (
            {"rules": {"called": shown_where("x", 1)}},
            "done.rules.called: the condition looks at no field of this form: #/properties/x",
        ),
        (
            {"rules": {"called": {"effect": "SHOW", "condition": PATTERN}}},
            "done.rules.called: a condition compares by const, enum, maximum, minLength, minimum, not, type",
        ),
        (
            {"rules": {"called": shown_where("means", "phone"), "means": shown_where("called", "x")}},
            "done.rules.called: the rules lead back to it",
        ),
        ({"signature": {}}, "done.signature.meaning has no words in en"),
        ({"widgets": {"called": "spinner"}}, "done.widgets.called: there is no widget spinner"),
        ({"choices": {"called": "nobody.knows"}}, "done: nobody offers the choices nobody.knows"),
    ],
)  # fmt: skip
def test_a_form_that_would_not_work_is_refused_at_deploy(operators, change, problem):
    assert f"forms/do.json: {problem}" in [str(each) for each in check_bundle(files(**change))]


def test_branches_of_a_schema_require_fields_of_the_form_only(operators):
    schema = {
        **outcome()["schema"],
        "then": {"required": ["nothing"]},
        "dependentRequired": {"called": ["also"]},
    }

    problems = [str(each) for each in check_bundle(files(schema=schema))]

    assert "forms/do.json: done: no field nothing is there to be required" in problems
    assert "forms/do.json: done: no field also is there to be required" in problems


def test_the_form_of_these_tests_is_a_good_one(operators):
    assert check_bundle(files(signature=SIGNATURE)) == []
