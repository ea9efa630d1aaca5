"""The pages of the script library."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.workflows.scripting.designing import SOURCE, TESTS, make_designer
from workflows.scripting.library.models import ScriptVersion
from workflows.scripting.library.services import publish_script, save_draft

LISTING = 8  # session, person, memberships, preferences, and one for the scripts


@pytest.fixture
def dora(cast):
    return make_designer(cast.provincial)


@pytest.fixture
def client(dora):
    client = Client()
    client.force_login(dora)
    return client


@pytest.fixture
def accession(dora):
    return publish_script(save_draft("accession", source=SOURCE, tests=TESTS, actor=dora), actor=dora)


def posted(**changed):
    return {"name": "accession", "source": SOURCE, "tests": json.dumps(TESTS), "note": "", **changed}


def test_the_list_says_what_is_in_force_and_what_is_being_written(
    client, accession, dora, django_assert_max_num_queries: DjangoAssertNumQueries
):
    for number in range(20):
        save_draft(f"script-{number}", source="x = 1", tests=[], actor=dora)
    with django_assert_max_num_queries(LISTING):
        page = client.get("/scripts/").content.decode()
    assert page.count("data-row") == 21
    assert "dora" in page


def test_an_empty_library_says_so(client):
    assert "There is no script yet." in client.get("/scripts/").content.decode()


def test_a_script_shows_its_lines_tests_and_who_put_it_in_force(client, accession):
    page = client.get("/scripts/of/accession/").content.decode()
    assert "<li>accession = prefix.upper() + &#x27;-&#x27;" in page
    assert "five digits" in page
    assert "Put in force by dora" in page
    assert accession.digest in client.get("/scripts/of/accession/1/").content.decode()


def test_a_draft_is_kept_and_put_in_force(client):
    assert client.post("/scripts/new/", posted()).status_code == 302
    page = client.post("/scripts/of/accession/publish/", follow=True).content.decode()
    assert "Version 1 is in force." in page
    assert ScriptVersion.objects.get().published_by == "dora"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"tests": "{"}, "The tests are not JSON."),
        ({"tests": '[{"data": {}}]'}, "either what the script gives or how it ends"),
        ({"name": "No Name"}, "Small letters, digits and hyphens only"),
        ({"source": "x" * 40_000}, "A script has at most"),
    ],
)
def test_what_cannot_be_kept_is_marked_where_it_stands(client, changed, sentence):
    answer = client.post("/scripts/new/", posted(**changed))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not ScriptVersion.objects.exists()


def test_a_second_script_of_one_name_is_not_begun(client, accession):
    answer = client.post("/scripts/new/", posted())
    assert answer.status_code == 422
    assert "There is such a script already." in answer.content.decode()


def test_tests_are_run_as_they_stand_in_the_fields(client):
    tests = json.dumps([*TESTS, {"name": "wrong", "data": {"prefix": "a", "number": 1}, "gives": {"x": 1}}])
    page = client.post("/scripts/test/", posted(tests=tests)).content.decode()
    assert page.count("Passed") == 2
    assert page.count("Failed") == 1
    assert not ScriptVersion.objects.exists()


def test_a_refusal_names_the_line_to_mark(client):
    page = client.post("/scripts/test/", posted(source="x = 1\nimport os")).content.decode()
    assert 'data-line="2"' in page


def test_a_draft_thrown_away_leaves_the_version_in_force(client, accession, dora):
    save_draft("accession", source="x = 1", tests=[], actor=dora)
    client.post("/scripts/of/accession/discard/")
    assert ScriptVersion.objects.get() == accession
    save_draft("other", source="x = 1", tests=[], actor=dora)
    assert client.post("/scripts/of/other/discard/").url == "/scripts/"


def test_for_everybody_else_there_is_no_such_page(cast, accession):
    client = Client()
    client.force_login(cast.otto)
    for address in ("/scripts/", "/scripts/of/accession/", "/scripts/of/accession/1/", "/scripts/new/"):
        assert client.get(address).status_code == 404
    assert client.post("/scripts/of/accession/publish/").status_code == 404


def test_what_the_sandbox_says_is_said_in_the_readers_language(dora, browser_of):
    browser = browser_of(dora, language="zh-hans")
    tests = [{"name": "none", "data": {"n": 0}, "gives": {"x": 1}}]

    asked = posted(source="x = 1\nx = x / n", tests=json.dumps(tests))
    page = browser.post("/scripts/test/", asked).content.decode()

    assert "脚本 accession 执行失败：第 2 行，除数为零（ZeroDivisionError）" in page
