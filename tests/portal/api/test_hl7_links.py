"""HL7 links over REST: read by those who see messages, changed by those who manage the site's nodes."""

from __future__ import annotations

import pytest

from tests.integrations.hl7.messages import his_link
from workflows.scripting.library.models import ScriptVersion


@pytest.fixture
def tidy(db):
    return ScriptVersion.objects.create(
        name="tidy", number=1, state="published", source="x = 1", digest="", saved_by="dora",
        saved_at="2026-03-02T08:00Z",
    )  # fmt: skip


def test_a_link_is_read_and_given_a_script(cast, browser_of, tidy):
    his_link(cast, site=cast.provincial)
    api = browser_of(cast.ivo)
    (link,) = api.get("/api/hl7-links/").json()["results"]
    assert (link["name"], link["site"], link["mapping_script"]) == ("county-his", "provincial", "")

    for reference in ("tidy@1", ""):
        changed = api.patch(
            "/api/hl7-links/county-his/", {"mapping_script": reference}, content_type="application/json"
        )
        assert (changed.status_code, changed.json()["mapping_script"]) == (200, reference)


def test_a_script_that_is_not_in_force_is_refused_at_its_field(cast, browser_of, tidy):
    his_link(cast, site=cast.provincial)
    refused = browser_of(cast.ivo).patch(
        "/api/hl7-links/county-his/", {"mapping_script": "tidy@2"}, content_type="application/json"
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "SCRIPT_UNKNOWN")
    assert list(refused.json()["fields"]) == ["mapping_script"]


def test_otto_sees_no_link_and_changes_none(cast, browser_of):
    his_link(cast, site=cast.provincial)
    otto = browser_of(cast.otto)
    assert otto.get("/api/hl7-links/").json()["results"] == []
    change = otto.patch("/api/hl7-links/county-his/", {"mapping_script": ""}, content_type="application/json")
    assert change.status_code == 404
