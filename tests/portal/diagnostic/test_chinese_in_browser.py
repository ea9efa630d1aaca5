"""The diagnostic viewer in Chinese, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.personas import Cast
from tests.portal.diagnostic.volumes import store_volume
from tests.portal.diagnostic.window import NEEDS_VIEWER, drag, expect_pictures

NAMES = {
    "OHIF",
    "Open",
    "Health",
    "Imaging",
    "Foundation",
    "LIDC",
    "IDRI",
    "CSV",
    "alt",
}  # the maker's, the patient's, a format's, a key's
SAID = """(root) => [...root.querySelectorAll("*")].flatMap((one) => [
  one.title ?? "", one.ariaLabel ?? "", one.placeholder ?? "", one.localName === "title" ? one.textContent : ""])"""
pytestmark = NEEDS_VIEWER


def test_the_viewer_speaks_chinese_where_the_portal_does(
    live_cast: Cast, window_of: Any, shared_data: Path
) -> None:
    uid = store_volume(shared_data, "ct_chest", live_cast.county)
    live_cast.theo.language = "zh-hans"
    live_cast.theo.save(update_fields=["language"])
    window = window_of(live_cast.theo)

    window.page.goto(f"{window.address}/viewer/viewer?StudyInstanceUIDs={uid}")

    page = window.page
    expect_pictures(page, 1)
    expect(page.get_by_text("检查", exact=True).first).to_be_visible()
    page.locator("[data-cy='Layout']").click()
    expect(page.get_by_text("横断面为主")).to_be_visible()  # OHIF's own Chinese says otherwise
    page.keyboard.press("Escape")
    page.locator("[data-cy='MeasurementTools-split-button-primary']").click()
    drag(page, by_x=200, by_y=0)
    expect(page.get_by_text("要跟踪此序列的测量吗？")).to_be_visible()
    page.get_by_text("是", exact=True).click()
    page.locator("[data-cy='trackedMeasurements-btn']").click()
    expect(page.get_by_text("创建结构化报告")).to_be_visible()
    assert latin_words(page) <= NAMES

    page.goto(f"{window.address}/viewer/")
    expect(page.get_by_text("检查列表")).to_be_visible()  # which OHIF holds in English alone
    expect(page.get_by_text("第 1-1 项，共 1 项")).to_be_visible()
    assert latin_words(page) <= NAMES
    assert window.complaints == []


def latin_words(page: Page) -> set[str]:
    """Words of three letters or more that can be read on the page, where a pointer rests, or by a reader of screens."""
    said = page.locator("#root").evaluate(SAID)
    return set(re.findall(r"[A-Za-z]{3,}", " ".join([page.locator("#root").inner_text(), *said])))
