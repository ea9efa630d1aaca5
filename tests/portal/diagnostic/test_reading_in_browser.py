"""Reading in the diagnostic viewer as set-up builds it, in a real browser, on real images read by DICOMweb."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from archive.studies.models import Instance
from archive.studies.selectors import read_dataset
from tests.personas import Cast
from tests.portal.diagnostic.seen import DRAWN, tissue
from tests.portal.diagnostic.volumes import SLICES, slices_of, store_all, store_volume
from tests.portal.diagnostic.window import NEEDS_VIEWER, PATIENCE_MS, drag, expect_pictures

pytestmark = NEEDS_VIEWER


def test_a_ct_is_read_from_its_study_to_the_report_and_nothing_leaves_the_machine(
    live_cast: Cast, window_of: Any, shared_data: Path
) -> None:
    slices = slices_of(shared_data, "ct_chest", 10_000)
    uid = store_all(slices, live_cast.county)
    assert len(slices) == 237
    window = window_of(live_cast.theo)
    window.page.goto(f"{window.address}/studies/{uid}/")
    with window.page.context.expect_page() as opened:
        window.page.locator("[data-diagnostic-viewer]").click()
    window.watch(opened.value)
    page = window.page
    expect(page.get_by_text("(1/237)")).to_be_visible()
    expect(page.locator("[data-preview]")).to_have_count(0)
    expect(page.locator("[data-cy='viewport-overlay-top-right']")).to_contain_text("LIDC-IDRI-0314")

    page.locator(".viewport-element").hover()
    for _ in slices[1:]:
        page.mouse.wheel(0, 100)
    expect(page.get_by_text("(237/237)")).to_be_visible()

    window_words = page.locator("[data-cy='viewport-overlay-bottom-left']")
    before = window_words.inner_text()
    drag(page, by_x=60, by_y=60)
    expect(window_words).not_to_have_text(before)

    # 512 pixels of 0.78125 mm fill the height of the viewport.
    box = page.locator(".viewport-element").bounding_box()
    assert box is not None
    expected_mm = 200 * 512 * 0.78125 / box["height"]
    page.locator("[data-cy='MeasurementTools-split-button-primary']").click()
    drag(page, by_x=200, by_y=0)
    page.get_by_text("Yes", exact=True).click()
    page.locator("[data-cy='trackedMeasurements-btn']").click()
    page.get_by_text("Create SR").click()
    with page.expect_response(lambda response: response.request.method == "POST") as stored:
        page.get_by_role("button", name="Save", exact=True).click()
    assert stored.value.status == 200

    report = Instance.objects.select_related("series").get(series__modality="SR")
    assert report.series.study.study_instance_uid == uid
    lengths = [
        float(measured.NumericValue)
        for item in read_dataset(report).iterall()
        if item.keyword == "MeasuredValueSequence"
        for measured in item.value
    ]
    assert any(length == pytest.approx(expected_mm, rel=0.02) for length in lengths)
    assert window.hosts == {urlsplit(window.address).netloc}
    assert window.refused == []
    assert window.complaints == []


def test_a_person_who_may_store_nothing_is_offered_no_report(
    live_cast: Cast, window_of: Any, shared_data: Path
) -> None:
    uid = store_volume(shared_data, "ct_chest", live_cast.county)
    window = window_of(live_cast.rafael)
    window.page.goto(f"{window.address}/viewer/viewer?StudyInstanceUIDs={uid}")
    expect_pictures(window.page, 1)

    window.page.locator("[data-cy='MeasurementTools-split-button-primary']").click()
    drag(window.page, by_x=200, by_y=0)
    window.page.get_by_text("Yes", exact=True).click()
    window.page.locator("[data-cy='trackedMeasurements-btn']").click()

    expect(window.page.get_by_text("CSV")).to_be_visible()
    expect(window.page.get_by_text("Create SR")).to_be_hidden()
    assert window.complaints == []


def test_reformations_of_a_volume_are_drawn(live_cast: Cast, window_of: Any, shared_data: Path) -> None:
    uid = store_volume(shared_data, "ct_chest", live_cast.county)
    window = window_of(live_cast.theo)

    window.page.goto(f"{window.address}/viewer/viewer?StudyInstanceUIDs={uid}&hangingProtocolId=mpr")

    expect(window.page.locator(".viewport-element canvas")).to_have_count(3)
    expect(window.page.get_by_text(f"/{SLICES})")).to_have_count(1)
    await_tissue(window.page, planes=3)
    assert window.complaints == []


def await_tissue(page: Page, *, planes: int) -> None:
    """Wait until so many viewports show an image."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while len(found := tissue(page)) < planes or min(found) < DRAWN:
        assert time.monotonic() < deadline, f"{found} points are grey"
