"""What a program may send at all: JSON that could be kept, within bounds. All else is refused in a sentence."""

from __future__ import annotations

import uuid

import pytest
from rest_framework.test import APIClient

from tests.personas import Cast
from tests.portal.one_step_process import start_second_look
from workflows.models import FormDraft, UserTask

REFUSED = {
    "a NUL": r'"x\u0000y"',
    "a NUL in a key": r'{"x\u0000y": 1}',
    "half a surrogate pair": r'"\ud800"',
    "an integer beyond 64 bits": "9223372036854775808",
    "an integer of five thousand digits": "9" * 5000,
    "a number beyond all numbers": "1e999",
    "a number that is none": "NaN",
    "nesting nobody reads": "[" * 60 + "]" * 60,
    "nesting beyond the stack": "[" * 100_000,
    "no JSON": "{'a': 1}",
    "no UTF-8": b'"\xff"'.decode("latin-1"),
}


@pytest.fixture
def rosa(cast: Cast, as_person) -> APIClient:
    client: APIClient = as_person(cast.rosa)
    return client


@pytest.fixture
def draft(cast: Cast, tmp_path) -> str:
    case = start_second_look(cast, tmp_path, study="1.2.3", order=str(uuid.UUID(int=7)))
    return f"/api/tasks/{UserTask.objects.get(instance=case).uid}/draft/"


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED.keys())
def test_json_that_could_not_be_kept_is_refused_with_a_sentence(rosa, draft, value):
    body = f'{{"revision": 0, "data": {{"agree": {value}}}}}'.encode("latin-1")

    answer = rosa.post(draft, body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "PARSE_ERROR")
    assert answer.json()["message"].endswith(".") or "JSON" in answer.json()["message"]
    assert not FormDraft.objects.exists()


@pytest.mark.parametrize("value", [r'"😀 \ud83d\ude00 张"', "9223372036854775807", "-0.5", "[[[[[{}]]]]]"])
def test_json_that_can_be_kept_comes_back_as_it_was(rosa, draft, value):
    body = f'{{"revision": 0, "data": {{"agree": {value}}}}}'.encode()

    answer = rosa.post(draft, body, content_type="application/json")

    assert answer.status_code == 200
    assert FormDraft.objects.get().data == answer.json()["data"]


def test_a_refusal_says_where_and_nothing_of_what_stands_there(rosa, draft):
    answer = rosa.post(draft, b'{"revision": 0,\n "data": Zhang}', content_type="application/json")

    assert "line 2, column 10" in answer.json()["message"]
    assert "Zhang" not in answer.content.decode()


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(rosa, draft, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = rosa.post(draft, b" " * 1001, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")
    assert "1000" in answer.json()["message"]


@pytest.mark.parametrize(
    "address", ["/api/nothing/", "/api/tasks/no-uuid/claim/", "/api/external-tasks/7/complete/"]
)
def test_an_address_that_is_none_is_told_in_json_to_whoever_asks(db, address):
    answer = APIClient(enforce_csrf_checks=True).post(address, {}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_what_is_no_json_by_its_own_word_is_not_read(rosa, draft):
    answer = rosa.post(draft, "revision=0&data=1", content_type="application/x-www-form-urlencoded")

    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
