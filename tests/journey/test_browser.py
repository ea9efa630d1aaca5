"""The journey as people see it: two doctors in a real browser, everything else through real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from config.demo.journey import Journey
from config.demo.portal import PortalClient
from config.demo.region import PASSWORD
from config.demo.waiting import wait_for
from tests.journey.conftest import MakeJourney
from tests.journey.running import RunningProduct

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.timeout(600),
]
CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MS = 30_000
FINDINGS = "A solid nodule of 8 mm in the right upper lobe, unchanged margins."
IMPRESSION = "Solitary pulmonary nodule of the right upper lobe; follow-up in three months."


@pytest.fixture
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed (tools/install-test-tools)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture
def sign_in(chromium: Browser, region: RunningProduct) -> Callable[[str], Page]:
    """A browser window of a person, showing their inbox; it fails on any error a script reports."""

    def open_inbox(username: str) -> Page:
        page = chromium.new_context(viewport={"width": 1440, "height": 1000}, locale="en-GB").new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{region.addresses.portal}/")
        page.get_by_label("User name").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("data-live", "on", timeout=PATIENCE_MS)
        return page

    return open_inbox


def row_of(page: Page, journey: Journey) -> Any:
    return page.locator("tr", has_text=journey.study.accession_number)


def test_a_consultation_from_the_order_to_the_acknowledged_report(
    region: RunningProduct, make_journey: MakeJourney, sign_in: Callable[[str], Page]
) -> None:
    journey = make_journey()
    journey.order()
    journey.send_images()
    journey.await_series()
    journey.await_results()

    expert = sign_in("rosa")
    errors: list[str] = []
    expert.on("pageerror", lambda error: errors.append(str(error)))
    hears_of_the_case_without_reloading(expert, journey)
    sees_where_it_stands_and_the_images(expert, journey)
    is_refused_without_an_impression_and_signs(expert)
    assert errors == []

    referrer = sign_in("rafael")
    acknowledges(referrer, journey)

    journey.report_text = {"findings": FINDINGS, "impression": IMPRESSION}
    journey.await_delivery()  # and reads the report back from the medical record
    assert_everything_is_on_record(region, journey)


def hears_of_the_case_without_reloading(page: Page, journey: Journey) -> None:
    expect(row_of(page, journey)).to_have_count(0)
    page.evaluate("window.stillTheSamePage = true")

    journey.assign()

    toast = page.locator("#toasts")
    expect(toast).to_contain_text("A case waits for you", timeout=PATIENCE_MS)
    expect(row_of(page, journey)).to_be_visible(timeout=PATIENCE_MS)
    assert page.evaluate("window.stillTheSamePage") is True


def sees_where_it_stands_and_the_images(page: Page, journey: Journey) -> None:
    row_of(page, journey).get_by_role("link").first.click()
    expect(page.locator("[data-diagram] svg").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-element-id=ReadAndReport].open")).to_have_count(1)
    expect(page.locator("[data-element-id=AssignExpert].done")).to_have_count(1)
    expect(page.locator("[data-element-id=MakeOverview].done")).to_have_count(1)

    page.get_by_role("tab", name="Images").click()
    expect(page.locator(".strip-item.result")).to_have_count(1)
    expect(page.locator(".strip-item:not(.result)")).to_have_count(1)
    for thumbnail in page.locator(".strip-item img").all():
        thumbnail.scroll_into_view_if_needed()
        expect(thumbnail).to_have_js_property("complete", True, timeout=PATIENCE_MS)
        expect(thumbnail).not_to_have_js_property("naturalWidth", 0, timeout=PATIENCE_MS)
    scrolls_through(page, page.locator(".strip-item.result .strip-link"), slices=journey.results())
    scrolls_through(page, page.locator(".strip-item:not(.result) .strip-link"), slices=40)


def scrolls_through(page: Page, series: Any, *, slices: int) -> None:
    """The stack opens in the middle; the keyboard and the wheel move it, and each picture differs."""
    series.click()
    view = page.locator("[data-view]")
    expect(view).to_have_attribute("aria-valuemax", str(slices), timeout=PATIENCE_MS)
    stack = page.locator("[data-stack]")
    view.press("Home")
    expect(stack).to_have_attribute("data-stack-shown", "0", timeout=PATIENCE_MS)
    first = picture(page)
    view.press("ArrowDown")
    expect(stack).to_have_attribute("data-stack-shown", "1", timeout=PATIENCE_MS)
    view.hover()
    page.mouse.wheel(0, 400)
    expect(stack).not_to_have_attribute("data-stack-shown", "1", timeout=PATIENCE_MS)
    view.press("End")
    expect(stack).to_have_attribute("data-stack-shown", str(slices - 1), timeout=PATIENCE_MS)
    assert picture(page) != first


def picture(page: Page) -> str:
    """What is painted now, of which not everything is one colour."""
    drawn: str = page.evaluate("document.querySelector('[data-canvas]').toDataURL()")
    assert len(drawn) > 2000
    return drawn


def is_refused_without_an_impression_and_signs(page: Page) -> None:
    page.get_by_role("tab", name="Read and report").click()
    page.get_by_label("Findings").fill(FINDINGS)
    page.get_by_role("button", name="Sign report").click()
    expect(page.get_by_text("Impression is required.")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_label("Findings")).to_have_value(FINDINGS)

    page.get_by_label("Impression").fill(IMPRESSION)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Sign report").click()
    expect(page.get_by_role("tab", name="Read and report")).to_have_count(0, timeout=PATIENCE_MS)


def acknowledges(page: Page, journey: Journey) -> None:
    row = row_of(page, journey)
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    row.get_by_role("link").first.click()
    page.get_by_role("tab", name="Documents").click()
    expect(page.locator("#panel-documents").get_by_text(IMPRESSION)).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("tab", name="Acknowledge the report").click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("tab", name="Acknowledge the report")).to_have_count(0, timeout=PATIENCE_MS)
    # The report is delivered within a moment, often before the new page listens; it is told all the same.
    expect(page.locator("#case-state").get_by_text("Completed", exact=True)).to_be_visible(
        timeout=PATIENCE_MS
    )


def assert_everything_is_on_record(region: RunningProduct, journey: Journey) -> None:
    assert_one_trace_ties_it_together(region, journey)
    assert_the_audit_trail_lists_it(region, journey)


def assert_one_trace_ties_it_together(region: RunningProduct, journey: Journey) -> None:
    rafael, ivo = region.person("rafael"), region.person("ivo")
    study = journey.study.study_instance_uid
    trace = journey.case["trace_id"]
    assert rafael.find("orders/", study=study)[0]["trace_id"] == trace
    assert rafael.get(f"studies/{study}/")["trace_id"] == trace
    assert [job["trace_id"] for job in rafael.find("jobs/", study=study)] == [trace]
    assert [report["trace_id"] for report in rafael.find("reports/", study=study)] == [trace]
    messages = ivo.find("messages/", trace=trace)
    assert sorted((message["direction"], message["message_type"]) for message in messages) == [
        ("inbound", "OMI^O23"),
        ("outbound", "ORU^R01"),
    ]


def sealed_lines(ines: PortalClient, journey: Journey) -> list[dict[str, Any]] | None:
    """The lines of the trail about the study, once each has its place in the chain."""
    lines = ines.find("audit/", study=journey.study.study_instance_uid, limit="200")
    return lines if all(line["position"] for line in lines) else None


def assert_the_audit_trail_lists_it(region: RunningProduct, journey: Journey) -> None:
    ines = region.person("ines")
    assert ines.find("audit/", actor="rosa", action="person.signed_in")
    lines = wait_for(
        lambda: sealed_lines(ines, journey), within_s=60, otherwise="The audit trail was not sealed"
    )
    acts = {(line["actor"], line["action"]) for line in lines}
    assert {
        ("hl7:county-his", "order.received"),
        ("dicom:COUNTY_CT1", "series.received"),
        ("carla", "task.completed"),
        ("rosa", "case.opened"),
        ("rosa", "series.viewed"),
        ("rosa", "task.completed"),
        ("rosa", "report.signed"),
        ("rosa", "task.signed"),
        ("rafael", "case.opened"),
        ("rafael", "task.completed"),
    } <= acts, sorted(acts)
    assert not any(IMPRESSION in str(line) or journey.study.family_name in str(line) for line in lines)
