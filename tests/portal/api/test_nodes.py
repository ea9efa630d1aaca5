"""Nodes over REST: added, changed, checked, by those who manage them."""

from __future__ import annotations

import pytest

from integrations.dicom.models import ApplicationEntity, NodeCheck

NODE = {
    "ae_title": "WORKSTATION",
    "site": "provincial",
    "host": "ws.example.org",
    "port": 11112,
    "use_tls": True,
}


def test_a_node_is_added_changed_and_read_back(cast, browser_of):
    api = browser_of(cast.ivo)
    made = api.post("/api/nodes/", NODE, content_type="application/json")
    assert made.status_code == 201
    key = made.json()["id"]

    changed = api.patch(f"/api/nodes/{key}/", {"quirks": ["small_pdu"]}, content_type="application/json")

    assert changed.json()["quirks"] == ["small_pdu"]
    assert [node["ae_title"] for node in api.get("/api/nodes/").json()["results"]] == ["WORKSTATION"]
    assert api.get("/api/nodes/?ae_title=NOBODY").json()["results"] == []


def test_a_refusal_names_each_field(cast, browser_of):
    bad = NODE | {"port": 0, "quirks": ["sings"], "colour": "blue"}
    answer = browser_of(cast.ivo).post("/api/nodes/", bad, content_type="application/json")

    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"port", "quirks", "colour"}


@pytest.mark.parametrize("site", ["elsewhere", "", ["provincial"], {"code": 1}, None])
def test_a_site_where_one_manages_no_nodes_and_what_is_none_are_refused_alike(cast, browser_of, site):
    answer = browser_of(cast.ivo).post("/api/nodes/", NODE | {"site": site}, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "SITE_UNKNOWN")
    assert list(answer.json()["fields"]) == ["site"]


def test_who_manages_no_nodes_sees_none_and_adds_none(cast, browser_of):
    node = ApplicationEntity.objects.create(ae_title="ARCHIVE", site=cast.provincial)
    otto = browser_of(cast.otto)
    assert otto.get("/api/nodes/").json()["results"] == []
    assert otto.get(f"/api/nodes/{node.pk}/").status_code == 404
    assert otto.patch(f"/api/nodes/{node.pk}/", {}, content_type="application/json").status_code == 404
    assert otto.post("/api/nodes/", NODE, content_type="application/json").status_code == 400


def test_a_check_is_asked_for_and_followed(cast, browser_of):
    node = ApplicationEntity.objects.create(ae_title="ARCHIVE", site=cast.provincial, host="x", port=104)
    api = browser_of(cast.ivo)
    asked = api.post(f"/api/nodes/{node.pk}/check/", {"stores": True}, content_type="application/json")
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")

    step = {"name": "tcp", "grade": "failed", "code": "TIMED_OUT", "values": {"seconds": 3}, "more": {},
            "duration_ms": 3000}  # fmt: skip
    NodeCheck.objects.update(state="done", grade="failed", steps=[step])
    followed = api.get(f"/api/node-checks/{asked.json()['uid']}/").json()
    assert followed["steps"][0]["seen"] == "No answer within 3 s."
    assert "firewall" in followed["steps"][0]["advice"]
    assert api.get("/api/node-checks/?node=ARCHIVE").json()["results"][0]["grade"] == "failed"


def test_a_node_left_alone_is_tried_at_once(cast, browser_of):
    node = ApplicationEntity.objects.create(ae_title="ARCHIVE", site=cast.provincial, host="x", port=104)
    assert browser_of(cast.ivo).post(f"/api/nodes/{node.pk}/try-now/").status_code == 204
