"""How soon the diagnostic viewer shows its first image, in a real browser, and what that costs on a narrow link."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Route, expect

from tests.personas import Cast
from tests.portal.diagnostic.narrow_link import BYTES_PER_MS, LATENCY_MS, NarrowLink
from tests.portal.diagnostic.seen import middle_of
from tests.portal.diagnostic.volumes import store_volume
from tests.portal.diagnostic.window import NEEDS_VIEWER, expect_pictures

PROMISED_MS, VISITS, MOST_LOAD = 2000, 3, 2.5
MOST_FILES = 2_000_000  # bytes of scripts and style sheets, as they are sent: 1.6 s of the narrow link
SAME_GREY = 3  # JPEG and two ways of magnifying
logger = logging.getLogger(__name__)
pytestmark = NEEDS_VIEWER


def test_on_a_narrow_link_the_first_image_is_there_in_two_seconds_cold_and_warm(
    live_cast: Cast, window_of: Any, shared_data: Path
) -> None:
    """From the navigation to the painted image, the best of three visits.

    What it costs on the link is the same on every machine; the time it takes is only asked of one that is not crowded.
    """
    uid = store_volume(shared_data, "ct_chest", live_cast.county)
    warm_up = window_of(live_cast.theo)  # the server draws its first picture with processes it has to start
    address = f"{warm_up.address}/viewer/viewer?StudyInstanceUIDs={uid}"
    warm_up.page.goto(address)
    expect_pictures(warm_up.page, 1)

    links = (NarrowLink.of(window_of(live_cast.theo).page) for _ in range(VISITS))
    link, cold_ms = first_quick(lambda: visit(next(links), address))
    cold_drew_ms = link.drew_ms()
    cold_files = link.encoded_bytes("/viewer/files/")
    _, warm_ms = first_quick(lambda: visit(link, address))

    logger.info("cold: picture %.0f ms, the viewer's own %.0f, %d bytes", cold_ms, cold_drew_ms, cold_files)
    logger.info("warm: picture %.0f ms, the viewer's own %.0f", warm_ms, link.drew_ms())
    assert link.encoded_bytes("/viewer/files/") == 0, "a browser keeps the viewer's files"
    if os.getloadavg()[0] < MOST_LOAD * (os.cpu_count() or 1):
        assert max(cold_ms, warm_ms) < PROMISED_MS


def test_whoever_comes_from_the_study_list_waits_for_no_file_of_the_viewer(
    live_cast: Cast, window_of: Any, shared_data: Path
) -> None:
    """They are fetched while the list is read; the way into the viewer is then that of a later visit."""
    uid = store_volume(shared_data, "ct_chest", live_cast.county)
    window = window_of(live_cast.theo)
    link = NarrowLink.of(window.page)

    window.page.goto(f"{window.address}/studies/")
    named = window.page.locator("meta[name=viewer-ahead]").get_attribute("content") or ""
    assert "/start.js" in named
    link.await_all(named.split(" "))
    painted_ms = link.open(f"{window.address}/viewer/open/{uid}")
    expect_pictures(window.page, 1)

    logger.info("after the list: picture %.0f ms, the viewer's own %.0f", painted_ms, link.drew_ms())
    assert [one for one in named.split(" ") if link.encoded_bytes(one)] == []


def test_the_viewer_draws_its_image_where_the_picture_of_the_page_stands(
    live_cast: Cast, window_of: Any, shared_data: Path
) -> None:
    """The same slice, window, size and place: nothing jumps or flashes, and the picture tells no other story."""
    uid = store_volume(shared_data, "mr_t1_head", live_cast.county)
    window = window_of(live_cast.theo)
    page, held = window.page, list[Route]()
    page.route("**/start.js", lambda route: held.append(route))  # noqa: PLW0108 - it takes no bound method of a list

    page.goto(f"{window.address}/viewer/viewer?StudyInstanceUIDs={uid}", wait_until="commit")
    page.wait_for_function("() => document.querySelector('[data-preview] img')?.complete")
    before = middle_of(page)
    held[0].continue_()
    expect_pictures(page, 1)
    expect(page.locator("[data-preview]")).to_have_count(0)
    after = middle_of(page)

    assert np.ptp(before) > 100, "an image and no black square"
    assert np.abs(before - after).mean() < SAME_GREY


def visit(link: NarrowLink, address: str) -> tuple[NarrowLink, float]:
    """The image's time. What it costs on the link: two journeys, and few bytes."""
    painted_ms = link.open(address)
    expect_pictures(link.page, 1)
    (page,), (picture, *_) = link.asked_for("/viewer/viewer?"), link.asked_for("/frames/1/rendered")
    assert (picture.initiator, picture.priority) == ("parser", "High"), "the page itself names it, and first"
    on_the_link_ms = (page.encoded_bytes + picture.encoded_bytes) / BYTES_PER_MS + 2 * LATENCY_MS
    assert on_the_link_ms < 250
    assert len(link.asked_for("/metadata")) == 1, "what was asked ahead is not asked again"
    assert link.encoded_bytes("/viewer/files/") < MOST_FILES
    return link, painted_ms


def first_quick(visit_once: Callable[[], tuple[NarrowLink, float]]) -> tuple[NarrowLink, float]:
    found = visit_once()
    for _ in range(VISITS - 1):
        if found[1] < PROMISED_MS:
            break
        found = visit_once()
    return found
