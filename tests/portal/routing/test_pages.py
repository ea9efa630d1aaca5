"""The routing pages: tables, their editor's draft, what-if, publishing, destinations, dead letters, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.studies.models import Series
from archive.studies.services import complete_series, store_part10
from common import clock as time
from common.uids import derived_uid
from integrations.routing.defaults import ensure_defaults
from integrations.routing.models import (
    Delivery,
    Destination,
    Lane,
    RecordedFacts,
    RoutingDecision,
    RoutingTable,
    RoutingTableVersion,
)
from integrations.routing.services import route_series
from portal.routing.sheets import sheet_of
from tests.archive.studies.objects import ct_slice, part10

SYSTEM = SystemActor("test")
State = RoutingTableVersion.State


@pytest.fixture
def region(cast):
    """The table and the tiers that a region starts with, and a folder."""
    ensure_defaults()
    Destination.objects.create(key="research", name="Research", kind="folder", created_at=time.now())
    return cast


@pytest.fixture
def manager(region, browser_of: Callable[..., Client]) -> Client:
    return browser_of(region.ivo)


@pytest.fixture
def sheet(region) -> dict[str, Any]:
    return sheet_of(RoutingTable.objects.get(site=None).versions.get().xml)


def save(client: Client, sheet: dict[str, Any], *, mark: str = "", **more) -> tuple[int, dict[str, Any]]:
    answer = client.post(
        reverse("routing-draft", args=["region"]),
        json.dumps({"sheet": sheet, "mark": mark, **more}),
        content_type="application/json",
    )
    return answer.status_code, answer.json()


def to_research(sheet: dict[str, Any]) -> dict[str, Any]:
    """The table with thin series going to the research folder."""
    sheet["rows"][0]["cells"][3] = '"research"'
    return sheet


def recorded(cast, number: int, **facts) -> None:
    RecordedFacts.objects.create(
        series_instance_uid=f"2.25.{number}", site=cast.county, recorded_at=time.now(),
        facts={"event": "SeriesComplete", "is_derived": False, "is_thin_slice": True, "modality": "CT", **facts},
    )  # fmt: skip


@pytest.mark.parametrize(
    "path", ["routing", "routing-destinations", "dead-letters", "routing-table", "routing-version"]
)
def test_managers_see_the_pages_and_otto_does_not(region, browser_of, path):
    of: dict[str, list[Any]] = {"routing-table": ["region"], "routing-version": ["region", 1]}
    arguments = of.get(path, [])

    assert browser_of(region.ivo).get(reverse(path, args=arguments)).status_code == 200
    assert browser_of(region.otto).get(reverse(path, args=arguments)).status_code == 404


def test_a_wrong_cell_is_kept_and_answered_with_its_message(manager, sheet):
    sheet["rows"][1]["cells"][2] = '"yes"'
    sheet["rows"][0]["cells"][3] = '"nowhere"'

    status, told = save(manager, sheet)

    assert status == 200
    assert told["problems"] == [
        {
            "where": "row 2, column Thin slices", "row": 2, "column": 2,
            "message": "The column holds a boolean, and this is a string.",
        }
    ]  # fmt: skip
    draft = RoutingTableVersion.objects.get(state=State.DRAFT)
    assert sheet_of(draft.xml)["rows"][1]["cells"][2] == '"yes"'


def test_a_destination_that_there_is_not_is_told_at_its_cell(manager, sheet):
    sheet["rows"][0]["cells"][3] = '"nowhere"'

    _status, told = save(manager, sheet)

    assert [(one["row"], one["column"], one["message"]) for one in told["problems"]] == [
        (1, 3, "There is no destination named nowhere.")
    ]


def test_an_output_that_nobody_reads_is_told_at_its_column(manager, sheet):
    sheet["outputs"].append(
        {"id": "", "name": "colour", "label": "colour", "type": "", "values": "", "default": ""}
    )
    for row in sheet["rows"]:
        row["cells"].append('"red"')

    _status, told = save(manager, sheet)

    assert [(one["row"], one["column"]) for one in told["problems"]] == [(None, 5)]


@pytest.mark.parametrize(
    ("tier", "told_is"),
    [
        ("arctic", "There is no storage tier named arctic: hot, warm and cold are."),
        ("cold", "No volume is on the storage tier cold."),
    ],
)
def test_a_storage_tier_that_there_is_not_is_told_at_its_cell(manager, sheet, tier, told_is):
    sheet["rows"][1]["cells"][4] = f'"{tier}"'

    _status, told = save(manager, sheet)

    assert [(one["row"], one["column"], one["message"]) for one in told["problems"]] == [(2, 4, told_is)]


def test_two_people_do_not_write_over_each_other(manager, sheet):
    _status, first = save(manager, sheet)
    save(manager, sheet, mark=first["mark"])

    status, told = save(manager, sheet, mark=first["mark"])

    assert (status, told["conflict"]) == (409, True)
    assert "ivo" in told["message"].lower()
    assert save(manager, sheet, mark=first["mark"], force=True)[0] == 200


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"sheet": 1}', '{"sheet": {"policy": "F"}}', "[" * 5000])
def test_what_is_no_sheet_is_refused(manager, body):
    answer = manager.post(reverse("routing-draft", args=["region"]), body, content_type="application/json")

    assert answer.status_code == 400
    assert not RoutingTableVersion.objects.filter(state=State.DRAFT).exists()


def test_a_county_may_not_change_the_table_of_the_region(region, browser_of, sheet):
    browser = browser_of(region.theo)

    assert save_status(browser, sheet) == 404


def save_status(browser: Client, sheet: dict[str, Any]) -> int:
    path = reverse("routing-draft", args=["region"])
    return browser.post(path, json.dumps({"sheet": sheet}), content_type="application/json").status_code


def test_what_if_tells_one_storage_tier_from_another(manager, region, sheet):
    RecordedFacts.objects.create(
        series_instance_uid="2.25.7", site=region.county, recorded_at=time.now(),
        facts={"event": "SeriesComplete", "is_derived": False, "is_thin_slice": True},
    )  # fmt: skip
    sheet["rows"][0]["cells"][4] = '"hot"'
    save(manager, sheet)

    page = manager.post(reverse("routing-what-if", args=["region"]), {"days": "7"}).content.decode()

    assert "1 of 1 series would go another way." in page
    assert "post-processing, storage: Hot" in page


def test_what_if_shows_which_series_would_go_elsewhere(manager, region, sheet):
    for number in range(3):
        recorded(region, number)
    recorded(region, 9, is_thin_slice=False)
    save(manager, to_research(sheet))

    page = manager.post(reverse("routing-what-if", args=["region"]), {"days": "7"}).content.decode()

    assert "3 of 4 series would go another way." in page
    assert page.count("2.25.") == 3
    assert "post-processing" in page
    assert "research" in page


def test_publishing_and_going_back_leave_lines_in_the_audit_trail(manager, sheet):
    save(manager, to_research(sheet))

    page = manager.post(
        reverse("publish-routing-table", args=["region"]), {"note": "for the study"}, follow=True
    )

    assert "Version 2 is in force." in page.content.decode()
    assert RoutingTableVersion.objects.get(state=State.PUBLISHED).note == "for the study"
    manager.post(reverse("revert-routing-table", args=["region", 1]))
    assert RoutingTableVersion.objects.get(state=State.PUBLISHED).number == 3
    assert AuditEvent.objects.filter(action="routing_table.published").count() == 2


def test_a_wrong_draft_is_not_published_and_says_why(manager, sheet):
    sheet["rows"][0]["cells"][3] = '"nowhere"'
    save(manager, sheet)

    page = manager.post(reverse("publish-routing-table", args=["region"]), follow=True).content.decode()

    assert "There is no destination named nowhere." in page
    assert RoutingTableVersion.objects.get(state=State.PUBLISHED).number == 1


def test_a_version_is_shown_and_downloaded(manager):
    page = manager.get(reverse("routing-version", args=["region", 1]))
    assert "post-processing" in page.content.decode()

    file = manager.get(reverse("routing-version", args=["region", 1]) + "?download")
    assert file["Content-Disposition"] == 'attachment; filename="region-1.dmn"'
    assert b"<decisionTable" in file.content


def test_a_destination_is_switched_off_and_on(manager):
    manager.post(reverse("switch-destination", args=["reading"]), {"off": ""})
    assert not Destination.objects.get(key="reading").is_enabled
    manager.post(reverse("switch-destination", args=["reading"]), {"on": ""})
    assert Destination.objects.get(key="reading").is_enabled


def test_why_names_table_version_row_and_values(region, browser_of):
    for number in (1, 2, 3):
        data = part10(ct_slice(number, study="study", series="series", z=float(number)))
        store_part10(data, site=region.county, actor=SYSTEM)
    series = Series.objects.get(series_instance_uid=derived_uid("study", "series"))
    complete_series(series, "Made for a test.")
    series.refresh_from_db()
    route_series(series)
    address = reverse("routing-why", args=[series.study.study_instance_uid])

    page = browser_of(region.theo).get(address).content.decode()

    assert "Table Region, version 1" in page
    assert "Row 1" in page
    assert "Thin slices are for post-processing." in page
    assert "is_thin_slice" in page
    assert browser_of(region.otto).get(address).status_code == 404


def make_dead(cast, count: int, *, key: str = "research") -> list[int]:
    destination = Destination.objects.get(key=key)
    trace = "00000000-0000-0000-0000-000000000000"
    decision = RoutingDecision.objects.create(
        series_instance_uid="2.25.5", study_instance_uid="2.25.6", site=cast.county, event="SeriesComplete",
        decided_at=time.now(), trace_id=trace,
    )  # fmt: skip
    lane = Lane.objects.create(destination=destination, study_instance_uid="2.25.6", trace_id=trace)
    return [
        Delivery.objects.create(
            destination=destination, lane=lane, sop_instance_uid=f"2.25.1{number}", series_instance_uid="2.25.5",
            decision=decision, state=Delivery.State.DEAD, attempts=9, error_code="ASSOCIATION_REJECTED",
            queued_at=time.now(), ended_at=time.now(),
        ).pk
        for number in range(count)
    ]  # fmt: skip


def test_dead_letters_are_sent_again_one_by_one_or_all(manager, region):
    keys = make_dead(region, 5)
    page = manager.get(reverse("dead-letters")).content.decode()
    assert page.count("ASSOCIATION_REJECTED") == 5

    manager.post(reverse("resend-dead-letters"), {"delivery": keys[:2]})
    assert Delivery.objects.filter(state=Delivery.State.WAITING).count() == 2
    manager.post(reverse("resend-dead-letters"), {"destination": "research", "all": ""})
    assert Delivery.objects.filter(state=Delivery.State.WAITING).count() == 5
    assert AuditEvent.objects.filter(action="delivery.resent").count() == 2


def test_lists_of_fifty_take_few_statements(manager, region, django_assert_max_num_queries):
    make_dead(region, 50)

    for page in ("dead-letters", "routing-destinations", "routing"):
        with django_assert_max_num_queries(8):
            manager.get(reverse(page))


def test_a_site_gets_a_table_of_its_own_and_begins_with_the_default(manager, region):
    page = manager.post(reverse("add-routing-table"), {"site": "provincial"}, follow=True)

    assert page.context["state"]["sheet"]["rows"][0]["cells"][3] == '"post-processing"'
    assert manager.post(reverse("add-routing-table"), {"site": "elsewhere"}).status_code == 404
    assert RoutingTable.objects.count() == 2


def test_typing_leaves_one_line_in_the_audit_trail_until_somebody_else_types(
    manager, region, sheet, browser_of
):
    _status, first = save(manager, sheet)
    _status, second = save(manager, to_research(sheet), mark=first["mark"])
    assert AuditEvent.objects.filter(action="routing_table.saved").count() == 1

    save(browser_of(region.ines), sheet, mark=second["mark"])
    assert AuditEvent.objects.filter(action="routing_table.saved").count() == 2


def test_what_came_with_the_installation_is_said_to_be_of_the_system(manager: Client):
    assert "the system · " in manager.get(reverse("routing")).content.decode()
    assert "the system<span" in manager.get(reverse("routing-table", args=["region"])).content.decode()
