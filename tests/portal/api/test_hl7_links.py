"""HL7 links over REST: read by those who see messages, changed by those who manage the site's nodes."""

from __future__ import annotations

import socket

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
    assert (refused.status_code, refused.json()["code"]) == (400, "LINK_INVALID")
    assert list(refused.json()["fields"]) == ["mapping_script"]


def test_otto_sees_no_link_and_changes_none(cast, browser_of):
    his_link(cast, site=cast.provincial)
    otto = browser_of(cast.otto)
    assert otto.get("/api/hl7-links/").json()["results"] == []
    change = otto.patch("/api/hl7-links/county-his/", {"mapping_script": ""}, content_type="application/json")
    assert change.status_code == 404


def test_a_link_is_added_tried_and_switched_off(cast, browser_of):
    api = browser_of(cast.ivo)
    with socket.create_server(("127.0.0.1", 0)) as partner:
        wish = {
            "name": "prov-emr",
            "direction": "outbound",
            "host": "127.0.0.1",
            "port": partner.getsockname()[1],
        }
        made = api.post("/api/hl7-links/", {**wish, "site": "provincial"}, content_type="application/json")
        tried = api.post("/api/hl7-links/prov-emr/try/")
    assert (made.status_code, made.json()["site"], made.json()["is_active"]) == (201, "provincial", True)
    assert (tried.status_code, tried.json()["error_code"]) == (200, "")

    off = api.patch("/api/hl7-links/prov-emr/", {"is_active": False}, content_type="application/json")
    assert (off.status_code, off.json()["is_active"]) == (200, False)
    for site in ("county", ""):
        refused = api.post("/api/hl7-links/", {**wish, "site": site}, content_type="application/json")
        assert (refused.status_code, list(refused.json()["fields"])) == (400, ["site"])
