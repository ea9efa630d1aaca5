"""Groups of fields filled in as often as needed: what is wrong is said by row, the same for pages and programs."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from django.http import QueryDict
from django.utils.translation import override

from portal.cases.posted import posted_data
from tests.workflows.conftest import bpmn, chain, install, user
from tests.workflows.forms.test_forms import finish, refusal_of
from workflows.checks import check_bundle
from workflows.forms.views import form_view
from workflows.models import UserTask
from workflows.services import start_process

pytestmark = pytest.mark.django_db
BODY = user("look") + '<bpmn:endEvent id="end"/>' + chain("start", "look", "end")
ROW = {
    "type": "object",
    "additionalProperties": False,
    "required": ["size_mm"],
    "properties": {
        "size_mm": {"type": "integer", "title": "Size in mm", "minimum": 1, "maximum": 300},
        "side": {"type": "string", "title": "Side", "enum": ["left", "right"]},
        "is_new": {"type": "boolean", "title": "New"},
        "measured_by": {"type": "string", "title": "Measured by"},
        "found_on": {"type": "string", "title": "Found on", "format": "date"},
        "lies": {
            "type": "array", "title": "Where it lies", "items": {"type": "string", "enum": ["upper", "lower", "hilar"]},
        },
    },
}  # fmt: skip
NODULES = {"type": "array", "title": "Nodules", "minItems": 1, "maxItems": 3, "items": ROW}
CHINESE = {
    "title": "结节",
    "items": {
        "properties": {
            "size_mm": {"title": "大小（毫米）"},
            "side": {"title": "侧别", "enum": {"left": "左", "right": "右"}},
            "is_new": {"title": "新发"},
            "measured_by": {"title": "测量者"},
            "found_on": {"title": "发现日期"},
            "lies": {"title": "位置", "enum": {"upper": "上叶"}},
        }
    },
}


def form(nodules: dict[str, Any] = NODULES, **more: object) -> dict[str, Any]:
    return {
        "title": {"en": "Measure", "zh-hans": "测量"},
        "outcomes": {
            "done": {
                "label": {"en": "Done", "zh-hans": "完成"},
                "schema": {"type": "object", "additionalProperties": False, "properties": {"nodules": nodules}},
                "choices": {"nodules.measured_by": "people.radiologists"},
                "x-i18n": {"zh-hans": {"properties": {"nodules": CHINESE}}},
                **more,
            }
        },
    }  # fmt: skip


def problems_of(made: dict[str, Any]) -> list[str]:
    return [
        each.message for each in check_bundle({"sample.bpmn": bpmn(BODY), "forms/do.json": json.dumps(made)})
    ]


@pytest.fixture
def task(cast, tmp_path, operators) -> UserTask:
    definition = install({"sample.bpmn": bpmn(BODY), "forms/do.json": json.dumps(form())}, tmp_path)
    start_process(
        definition.key, data={"site": "provincial"}, site=cast.provincial, subjects={"study": "2.25.1"},
        start_key="one", actor=cast.carla,
    )  # fmt: skip
    return UserTask.objects.select_related("instance__definition").get()


@pytest.mark.parametrize(
    ("rows", "fields"),
    [
        ([], {"nodules": "Nodules needs at least 1 row."}),
        ([{"size_mm": 1}] * 4, {"nodules": "Nodules has at most 3 rows."}),
        ([{"size_mm": 1}, {}], {"nodules.1.size_mm": "Nodules, row 2: Size in mm is required."}),
        ([{"size_mm": 400}], {"nodules.0.size_mm": "Nodules, row 1: Size in mm must be at most 300."}),
        (
            [{"size_mm": 4, "side": "up"}, {"size_mm": "x"}],
            {
                "nodules.0.side": "Nodules, row 1: Side: choose one of the offered values.",
                "nodules.1.size_mm": "Nodules, row 2: Size in mm is not in the expected form.",
            },
        ),
        (
            [{"size_mm": 4, "measured_by": "rosa"}, {"size_mm": 5, "measured_by": "carla"}],
            {"nodules.1.measured_by": "Nodules, row 2: Measured by: choose one of the offered values."},
        ),
        (
            [
                {"size_mm": 4, "lies": ["upper"], "found_on": "2026-03-02"},
                {"size_mm": 5, "lies": ["left"], "found_on": "2 March"},
            ],
            {
                "nodules.1.lies": "Nodules, row 2: Where it lies: choose one of the offered values.",
                "nodules.1.found_on": "Nodules, row 2: Found on: give a date.",
            },
        ),
        ([{"size_mm": 4, "colour": "red"}], {"nodules.0.colour": "Nodules, row 1: This form has no such field."}),
        (["4"], {"nodules.0": "Nodules, row 1: Nodules is not in the expected form."}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_the_field_of_its_row(task, cast, rows, fields):
    assert refusal_of(task, cast.rosa, {"nodules": rows}) == fields


def test_what_is_wrong_is_said_in_chinese_too(task, cast):
    with override("zh-hans"):
        said = refusal_of(task, cast.rosa, {"nodules": [{"size_mm": 4}, {}]})

    assert said == {"nodules.1.size_mm": "“结节”第 2 行：请填写“大小（毫米）”。"}


def test_the_process_learns_the_rows_in_their_order(task, cast):
    rows = [{"size_mm": 9, "side": "left"}, {"size_mm": 4, "is_new": True}]
    finish(task, cast.rosa, {"nodules": rows})

    task.refresh_from_db()
    assert task.status == "completed"


def test_a_page_shows_the_group_with_its_fields_and_how_often_it_may_be_filled_in(task):
    (group,) = form_view(task, language="zh-hans").outcomes[0].fields

    assert (group.title, group.min_rows, group.max_rows, group.is_many) == ("结节", 1, 3, False)
    assert [(one.name, one.title, one.is_required) for one in group.fields] == [
        ("size_mm", "大小（毫米）", True), ("side", "侧别", False), ("is_new", "新发", False),
        ("measured_by", "测量者", False), ("found_on", "发现日期", False), ("lies", "位置", False),
    ]  # fmt: skip
    assert [(one.widget, one.is_many) for one in group.fields] == [
        ("text", False), ("select", False), ("checkbox", False), ("select", False), ("date", False), ("select", True),
    ]  # fmt: skip
    assert group.fields[1].choices == [("left", "左"), ("right", "右")]
    assert [value for value, _label in group.fields[3].choices] == ["rosa"]


def test_a_posted_form_becomes_rows_whatever_the_numbers_they_had_on_the_page(task):
    outcome = form_view(task).outcomes[0]
    posted = QueryDict(
        "nodules[]=0&nodules[]=4&nodules.0.size_mm=12&nodules.0.side=left&nodules.4.size_mm=x&nodules.4.is_new=on"
        "&nodules.0.lies=upper&nodules.0.lies=hilar&nodules.7.size_mm=3&csrfmiddlewaretoken=t&outcome=done"
    )

    assert posted_data(outcome, posted) == {
        "nodules": [
            {"size_mm": 12, "side": "left", "is_new": False, "lies": ["upper", "hilar"]},
            {"size_mm": "x", "is_new": True},
        ],
        "nodules.7.size_mm": "3",  # of a row the page did not announce: refused by name
    }


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda group: group.pop("maxItems"), "maxItems says how often at most"),
        (lambda group: group.update(minItems=5), "not less than minItems"),
        (lambda group: group.update(maxItems=101), "100 or less"),
        (lambda group: group["items"].pop("additionalProperties"), "its items are closed objects"),
        (lambda group: group["items"]["required"].append("depth"), "no field depth is there to be required"),
        (lambda group: group["items"]["properties"]["side"].pop("title"), "nodules.side has no title"),
        (
            lambda group: group["items"]["properties"].update(more={"type": "array", "title": "More"}),
            "a field of a group is one of boolean, integer, number, string, or several of offered values",
        ),
    ],
)
def test_a_group_that_could_not_be_shown_is_refused_when_it_is_deployed(operators, change, problem):
    changed = copy.deepcopy(NODULES)
    change(changed)

    assert problems_of(form()) == []
    assert any(problem in message for message in problems_of(form(changed))), problems_of(form(changed))


def test_words_of_a_group_are_checked_as_those_of_a_field_are(operators):
    half: dict[str, Any] = copy.deepcopy(CHINESE)
    half["items"]["properties"].pop("side")

    assert "done.nodules.side: title has no Chinese" in problems_of(
        form(**{"x-i18n": {"zh-hans": {"properties": {"nodules": half}}}})
    )
    assert "done.widgets: no field nodules.colour" in problems_of(form(widgets={"nodules.colour": "text"}))
    rule = {"effect": "SHOW", "condition": {"scope": "#/properties/nodules", "schema": {"const": None}}}
    assert any("looks at a group" in message for message in problems_of(form(rules={"nodules": rule})))
