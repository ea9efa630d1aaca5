"""The stack viewer in a real browser: scrolling, windows, and what it says to those who cannot see it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

from tests.personas import make_cast
from tests.portal.stored_images import store_ct

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's chromium"),
]
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]


@pytest.fixture
def page(live_server, transactional_db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """Theo's browser on a study of twenty slices."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    cast = make_cast()
    store_ct(cast.county, slices=20)
    store_ct(cast.county, series="1.2.3.5", slices=2, SeriesNumber=3, SeriesDescription="Thick")
    client = Client()
    client.force_login(cast.theo)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": live_server.url}]
        )
        page = context.new_page()
        page.goto(f"{live_server.url}/studies/1.2.3/")
        expect(page.locator("[data-stack][data-stack-shown]")).to_be_visible()
        yield page
        browser.close()


def test_stack_is_scrolled_by_key_and_wheel_and_says_where_it_is(page: Page):
    view, counter = page.locator("[data-view]"), page.locator("[data-counter]")
    expect(counter).to_have_text("11 / 20")

    view.focus()
    for key, place in (
        ("ArrowDown", 12), ("ArrowUp", 11), ("PageUp", 1), ("ArrowUp", 1), ("PageDown", 11), ("End", 20),
        ("Home", 1),
    ):  # fmt: skip
        page.keyboard.press(key)
        expect(counter).to_have_text(f"{place} / 20")
    expect(view).to_have_attribute("aria-valuenow", "1")
    expect(view).to_have_attribute("aria-valuetext", "Image 1 of 20, 0.0 mm")

    view.hover()
    page.mouse.wheel(0, 120)
    expect(counter).to_have_text("4 / 20")


def test_edges_scale_and_progress_are_told(page: Page):
    for side, letter in (("top", "A"), ("bottom", "P"), ("left", "R"), ("right", "L")):
        expect(page.locator(f'[data-edge="{side}"]')).to_have_text(letter)
    expect(page.locator("[data-scale-word]")).to_have_text("1 mm")  # 8 pixels of 0.5 mm across
    expect(page.locator("[data-stack-loaded='20']")).to_be_visible()
    expect(page.locator(".stack-loaded")).to_contain_text("All 20 images loaded")


def test_preset_and_typed_window_reach_the_picture(page: Page):
    view, window = page.locator("[data-view]"), page.locator("[data-window]")
    expect(window).to_have_text("Center 40 · Width 400")

    with page.expect_request(lambda request: "center=-600&width=1500" in request.url):
        page.get_by_role("button", name="Lung").click()
    expect(page.get_by_role("button", name="Lung")).to_have_attribute("aria-pressed", "true")

    page.locator("[data-width]").fill("1")
    page.locator("[data-center]").fill("500")
    view.focus()
    expect(window).to_have_text("Center 500 · Width 1")
    _await_middle_grey(page, 0)
    page.locator("[data-center]").fill("-900")
    view.focus()
    expect(window).to_have_text("Center −900 · Width 1")
    _await_middle_grey(page, 255)

    page.keyboard.press("0")
    expect(window).to_have_text("Center 40 · Width 400")


def test_another_series_opens_beside_the_strip_without_a_new_page(page: Page):
    page.evaluate("window.isTheSamePage = true")

    page.get_by_role("link", name="Thick").click()

    expect(page.locator("[data-counter]")).to_have_text("2 / 2")
    expect(page.locator(".stack-title")).to_have_text("Thick")
    assert page.url.endswith("?series=1.2.3.5#images")
    assert page.evaluate("window.isTheSamePage")


def test_somebody_signed_out_meanwhile_is_told_in_words(page: Page):
    page.context.clear_cookies()

    page.get_by_role("button", name="Bone").click()

    expect(page.locator("[data-message]")).to_contain_text("You have been signed out.")


def _await_middle_grey(page: Page, grey: int) -> None:
    deadline = time.monotonic() + 10
    while _middle_grey(page) != grey:
        assert time.monotonic() < deadline, "the picture never showed the window asked for"
        page.wait_for_timeout(50)


def _middle_grey(page: Page) -> int:
    value: int = page.evaluate(
        """() => {
            const canvas = document.querySelector("[data-canvas]");
            const { width, height } = canvas;
            return canvas.getContext("2d").getImageData(width / 2, height / 2, 1, 1).data[0];
        }"""
    )
    return value
