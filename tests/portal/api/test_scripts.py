"""The script library over REST."""

from __future__ import annotations

import pytest

from tests.workflows.scripting.designing import SOURCE, TESTS, make_designer


@pytest.fixture
def api(cast, as_person):
    return as_person(make_designer(cast.provincial))


def draft(**changed):
    return {"name": "accession", "source": SOURCE, "tests": TESTS, **changed}


def test_a_script_is_drafted_tested_published_and_read(api):
    saved = api.post("/api/scripts/", draft(note="first"), format="json")
    assert (saved.status_code, saved.json()["number"], saved.json()["state"]) == (201, 1, "draft")

    results = api.post("/api/scripts/test/", draft(), format="json").json()
    assert [(each["name"], each["has_passed"]) for each in results] == [
        ("five digits", True), ("a text is no number", True),
    ]  # fmt: skip

    assert api.post("/api/scripts/accession@1/publish/").json()["state"] == "published"
    in_force = api.get("/api/scripts/accession/").json()
    assert (in_force["source"], in_force["published_by"], in_force["tests"]) == (SOURCE, "dora", TESTS)
    listed = api.get("/api/scripts/?name=accession&state=published").json()["results"]
    assert [each["number"] for each in listed] == [1]
    assert "source" not in listed[0]


def test_a_draft_whose_tests_fail_says_which(api):
    wrong = [{"name": "never", "data": {"prefix": "a", "number": 1}, "gives": {}}]
    api.post("/api/scripts/", draft(tests=wrong), format="json")
    refused = api.post("/api/scripts/accession@1/publish/")
    assert (refused.status_code, refused.json()["code"]) == (400, "TESTS_FAILED")
    assert "never" in refused.json()["fields"]["tests"]


def test_a_source_outside_the_language_is_refused_with_its_line(api):
    refused = api.post("/api/scripts/test/", draft(source="x = 1\nimport os"), format="json")
    assert (refused.status_code, refused.json()["code"]) == (400, "SCRIPT_DENIED")
    assert "line 2" in refused.json()["fields"]["source"]


def test_a_draft_is_thrown_away_and_a_version_stays(api):
    api.post("/api/scripts/", draft(), format="json")
    assert api.post("/api/scripts/accession@1/discard/").status_code == 204
    assert api.get("/api/scripts/accession@1/").status_code == 404
    api.post("/api/scripts/", draft(), format="json")
    api.post("/api/scripts/accession@1/publish/")
    assert api.post("/api/scripts/accession@1/discard/").status_code == 409


def test_otto_sees_and_runs_nothing(api, cast, as_person):
    api.post("/api/scripts/", draft(), format="json")
    otto = as_person(cast.otto)
    assert otto.get("/api/scripts/").json()["results"] == []
    assert otto.get("/api/scripts/accession@1/").status_code == 404
    assert otto.post("/api/scripts/accession@1/publish/").status_code == 404
    assert otto.post("/api/scripts/", draft(), format="json").status_code == 403
    assert otto.post("/api/scripts/test/", draft(), format="json").status_code == 403
