"""What the diagnostic viewer shows beside images, in a real browser: overlays, documents and reports."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from archive.studies.services import store_part10
from tests.personas import Cast
from tests.portal.diagnostic.overlays import segmentation_of, structure_set_of
from tests.portal.diagnostic.seen import DRAWN, coloured
from tests.portal.diagnostic.volumes import SLICES, slices_of, store_all, store_file
from tests.portal.diagnostic.window import NEEDS_VIEWER, PATIENCE_MS, expect_pictures
from tests.portal.stored_images import MODALITY, part10

pytestmark = NEEDS_VIEWER


def test_a_segmentation_and_a_structure_set_are_drawn_over_the_images(
    live_cast: Cast, window_of: Any, shared_data: Path
) -> None:
    slices = slices_of(shared_data, "mr_t1_head", SLICES)
    uid = store_all(slices, live_cast.county)
    for overlay in (segmentation_of(slices, radius_mm=40), structure_set_of(slices, radius_mm=40)):
        store_part10(part10(overlay), site=live_cast.county, actor=MODALITY)

    for modality in ("SEG", "RTSTRUCT"):
        window = window_of(live_cast.theo)
        window.page.goto(f"{window.address}/viewer/viewer?StudyInstanceUIDs={uid}")
        expect_pictures(window.page, 1)
        before = coloured(window.page)

        window.page.get_by_text(f"Ball {modality}").first.dblclick()
        window.page.get_by_text("Yes", exact=True).click()

        expect(window.page.get_by_text("Yes", exact=True)).to_have_count(0)
        window.page.wait_for_function(
            "() => window.cornerstoneTools.segmentation.state.getSegmentations().length > 0"
        )
        await_colour(window.page, before + DRAWN)
        assert window.complaints == []


def test_a_document_and_a_report_are_shown(live_cast: Cast, window_of: Any, shared_data: Path) -> None:
    folder = shared_data / "dicom"
    document = store_file(next((folder / "encapsulated").glob("*pdf*.dcm")), live_cast.county)
    report = store_file(next((folder / "sr").glob("basic_text_no_pixel_data.dcm")), live_cast.county)
    window = window_of(live_cast.theo)

    window.page.goto(f"{window.address}/viewer/viewer?StudyInstanceUIDs={document}")
    shown = window.page.locator("object[type='application/pdf']")
    expect(shown).to_have_attribute("data", re.compile("^blob:"))
    window.page.goto(f"{window.address}/viewer/viewer?StudyInstanceUIDs={report}")
    expect(window.page.get_by_text("Diagnosis").first).to_be_visible()

    assert window.complaints == []


def await_colour(page: Page, points: int) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while (found := coloured(page)) < points:
        assert time.monotonic() < deadline, f"{found} points have a colour"
