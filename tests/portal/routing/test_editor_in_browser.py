"""The editor in a real browser: a wrong cell, a right one, what would change, publishing, and the row that decided."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from accounts.actors import SystemActor
from archive.studies.models import Series
from archive.studies.services import complete_series, store_part10
from common import clock as time
from common.uids import derived_uid
from integrations.routing.defaults import ensure_defaults
from integrations.routing.models import Destination, RecordedFacts, RoutingTableVersion
from integrations.routing.services import route_series
from tests.archive.studies.objects import ct_slice, part10
from tests.portal.test_in_the_browser import (  # noqa: F401 - fixtures
    chromium,
    live_cast,
    window_of,
)
from tests.portal.test_in_the_browser import (
    pytestmark as in_a_browser,
)

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True)]
SYSTEM = SystemActor("test")


@pytest.fixture
def region(live_cast):  # noqa: F811
    """The default table, a second tier to send thin series to, and a day of recorded series."""
    ensure_defaults()
    Destination.objects.create(
        key="research", name="Research", kind="tier", configuration={"takes": "thin"}, created_at=time.now()
    )
    for number in range(4):
        RecordedFacts.objects.create(
            series_instance_uid=f"2.25.{number}", site=live_cast.county, recorded_at=time.now(),
            facts={"event": "SeriesComplete", "is_derived": False, "is_thin_slice": number < 3},
        )  # fmt: skip
    return live_cast


def test_a_rule_is_mended_tried_published_and_explained(region, window_of):  # noqa: F811
    window = window_of(region.ivo)
    page = window.open("/routing/tables/region/")
    cell = page.locator("#cell-0-3")

    cell.fill('"research')
    expect(page.locator("#cell-0-3-error")).to_have_text(
        "A text begins with a quotation mark and does not end with one."
    )
    expect(cell).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[data-publish-button]")).to_be_disabled()
    page.locator("#cell-1-0").focus()
    page.locator("[data-problem-list] button").click()
    expect(cell).to_be_focused()

    cell.fill('"research"')
    expect(page.locator("#cell-0-3-error")).to_be_hidden()
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator("#trial")).to_contain_text("3 of 4 series would go another way.")

    page.locator("[name=note]").fill("Thin series to research")
    page.get_by_role("button", name="Put the draft in force").click()
    expect(page.locator(".notice.success")).to_have_text("Version 2 is in force.")

    study = routed_study(region)
    page = window_of(region.theo).open(f"/studies/{study.study_instance_uid}/")
    page.get_by_text("Why did this go there?").first.click()
    expect(page.locator("#study-routing + div")).to_contain_text("Table Region, version 2")
    expect(page.locator("#study-routing + div")).to_contain_text("Row 1")
    assert window.complaints == []


def test_rows_are_added_moved_and_taken_back_by_keys_and_survive_a_reload(region, window_of):  # noqa: F811
    window = window_of(region.ivo)
    page = window.open("/routing/tables/region/")

    page.locator("#cell-1-3").press("Enter")
    expect(page.locator("#cell-2-3")).to_be_visible()
    page.locator("#cell-2-3").fill('"research"')
    page.locator("#cell-2-3").press("Alt+ArrowUp")
    expect(page.locator("#cell-1-3")).to_have_value('"research"')
    expect(page.locator("#cell-1-3")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(page.locator("#cell-2-3")).to_have_value('"research"')
    page.get_by_role("button", name="Redo").click()
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")

    page.reload()
    expect(page.locator("#cell-1-3")).to_have_value('"research"')
    draft = RoutingTableVersion.objects.get(state=RoutingTableVersion.State.DRAFT)
    assert draft.xml.count("<dmn2:rule ") == 3
    assert window.complaints == []


def test_a_column_is_added_and_its_type_known(region, window_of):  # noqa: F811
    page = window_of(region.ivo).open("/routing/tables/region/")

    page.locator("[data-add-input]").select_option("spacing_mm")
    page.locator("#cell-0-3").fill('"thin"')

    expect(page.locator("#cell-0-3-error")).to_have_text("The column holds a number, and this is a string.")
    page.locator("#cell-0-3").fill("< 1.25")
    expect(page.locator("[data-problem-count]")).to_contain_text("Nothing is wrong")


def routed_study(cast):
    for number in (1, 2, 3):
        data = part10(ct_slice(number, study="study", series="series", z=float(number)))
        store_part10(data, site=cast.county, actor=SYSTEM)
    series = Series.objects.get(series_instance_uid=derived_uid("study", "series"))
    complete_series(series, "Made for a test.")
    series.refresh_from_db()
    route_series(series)
    return series.study
