"""Routing over REST: tables drafted, tried, published and put back; destinations; decisions; dead letters."""

from __future__ import annotations

import pytest

from common import clock as time
from integrations.routing.defaults import TABLE, ensure_defaults
from integrations.routing.models import (
    Destination,
    RecordedFacts,
    RoutingDecision,
    RoutingTable,
    RoutingTableVersion,
)
from tests.integrations.routing.tables import routing_table
from tests.portal.routing.test_pages import make_dead

XML = TABLE.read_text()
TO_RESEARCH = XML.replace('"post-processing"', '"research"')


@pytest.fixture
def region(cast):
    ensure_defaults()
    Destination.objects.create(
        key="research", name="Research", kind="tier", configuration={"takes": "thin"}, created_at=time.now()
    )
    return cast


@pytest.fixture
def api(region, as_person):
    return as_person(region.ivo)


def test_a_table_is_drafted_tried_published_and_put_back(api, region):
    RecordedFacts.objects.create(
        series_instance_uid="2.25.1", site=region.county, recorded_at=time.now(),
        facts={"event": "SeriesComplete", "is_derived": False, "is_thin_slice": True},
    )  # fmt: skip
    saved = api.put("/api/routing-tables/region/draft/", {"xml": TO_RESEARCH}, format="json").json()
    assert (saved["version"]["number"], saved["problems"]) == (2, [])

    trial = api.post("/api/routing-tables/region/what-if/", {"days": 7}, format="json").json()
    assert (trial["asked"], trial["different"]) == (1, 1)
    assert [one["destination"] for one in trial["differences"][0]["after"]] == ["research"]

    published = api.post("/api/routing-tables/region/publish/", {"note": "try"}, format="json").json()
    assert published["state"] == "published"
    assert api.post("/api/routing-tables/region/publish/").status_code == 409
    assert api.post("/api/routing-tables/region/versions/1/revert/").json()["number"] == 3
    states = [one["state"] for one in api.get("/api/routing-tables/region/versions/").json()]
    assert states == ["published", "retired", "retired"]
    assert "research" in api.get("/api/routing-tables/region/versions/2/").json()["xml"]


def test_problems_come_with_their_cells(api):
    wrong = XML.replace("<text>true</text>", '<text>"thin"</text>', 1)

    saved = api.put("/api/routing-tables/region/draft/", {"xml": wrong}, format="json").json()

    assert [(one["row"], one["column"]) for one in saved["problems"]] == [(1, 2)]
    refused = api.post("/api/routing-tables/region/publish/")
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["row 1, column Thin slices"])


def test_a_storage_tier_without_a_volume_is_refused_by_rest_too(api, region):
    xml = routing_table(["modality"], ["storage_tier"], ["-", '"cold"'])
    told = api.put("/api/routing-tables/region/draft/", {"xml": xml}, format="json").json()
    assert [(one["row"], one["column"]) for one in told["problems"]] == [(1, 1)]

    answer = api.post("/api/routing-tables/region/publish/", {}, format="json")

    assert answer.status_code == 400
    assert answer.json()["fields"] == {"row 1, column storage_tier": "No volume is on the storage tier cold."}


def test_a_site_gets_a_table_of_its_own(api):
    made = api.post(
        "/api/routing-tables/",
        {"key": "provincial", "name": "Provincial", "site": "provincial"},
        format="json",
    )
    elsewhere = api.post(
        "/api/routing-tables/", {"key": "other", "name": "Other", "site": "elsewhere"}, format="json"
    )

    assert (made.status_code, elsewhere.status_code) == (201, 400)
    assert len(api.get("/api/routing-tables/").json()["results"]) == 2


def test_destinations_are_added_and_changed(api, settings, tmp_path):
    settings.ROUTING_FOLDERS = [str(tmp_path)]
    facts = {"key": "export", "name": "Export", "kind": "folder", "configuration": {"folder": "export"}}

    made = api.post("/api/destinations/", facts, format="json")
    changed = api.patch("/api/destinations/export/", {"is_enabled": False}, format="json")

    assert (made.status_code, made.json()["site"]) == (201, None)
    assert changed.json()["is_enabled"] is False
    assert api.post("/api/destinations/", {"key": "x"}, format="json").status_code == 400


@pytest.mark.parametrize("more", [{"password": "letmein"}, {"user": {"name": "x"}}])
def test_a_destination_has_no_settings_that_nobody_knows(api, more):
    known = {"address": "https://pacs.example/", **more}
    facts = {"key": "web", "name": "Web", "kind": "stow_rs", "configuration": known}

    refused = api.post("/api/destinations/", facts, format="json")

    assert (refused.status_code, list(refused.json()["fields"])) == (400, list(more))
    assert not Destination.objects.filter(key="web").exists()


def test_dead_letters_are_listed_and_sent_again(api, region):
    keys = make_dead(region, 3)

    letters = api.get("/api/dead-letters/?destination=research").json()["results"]
    one = api.post("/api/dead-letters/resend/", {"ids": keys[:1]}, format="json").json()
    rest = api.post("/api/dead-letters/resend/", {"destination": "research"}, format="json").json()

    assert [letter["error_code"] for letter in letters] == ["ASSOCIATION_REJECTED"] * 3
    assert (one, rest) == ({"resent": 1}, {"resent": 2})
    decision = api.get("/api/routing-decisions/?series=2.25.5").json()["results"]
    assert [found["uid"] for found in decision] == [letters[0]["decision"]]


def test_decisions_that_need_attention_are_listed(api, region):
    facts = {
        "study_instance_uid": "2.25.7", "site": region.county, "event": "SeriesComplete", "decided_at": time.now(),
        "trace_id": "00000000-0000-0000-0000-000000000000",
    }  # fmt: skip
    problem = {
        "code": "DESTINATION_UNKNOWN",
        "detail": "There is no destination named x.",
        "rows": [1],
        "for": "x",
    }
    RoutingDecision.objects.create(series_instance_uid="2.25.1", problems=[problem], **facts)
    RoutingDecision.objects.create(series_instance_uid="2.25.2", **facts)

    found = api.get("/api/routing-decisions/?attention=true").json()["results"]

    assert [(one["series_instance_uid"], one["problems"]) for one in found] == [("2.25.1", [problem])]
    assert len(api.get("/api/routing-decisions/").json()["results"]) == 2


def test_otto_sees_nothing_and_changes_nothing(region, as_person):
    make_dead(region, 1)
    otto = as_person(region.otto)

    for path in ("routing-tables", "destinations", "dead-letters", "routing-decisions"):
        assert otto.get(f"/api/{path}/").json()["results"] == []
    assert otto.put("/api/routing-tables/region/draft/", {"xml": XML}, format="json").status_code == 404
    assert RoutingTable.objects.get().versions.count() == 1
    assert RoutingTableVersion.objects.get().state == "published"
