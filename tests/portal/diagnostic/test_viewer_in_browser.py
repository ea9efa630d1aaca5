"""The diagnostic viewer as set-up builds it, in a real browser, on real images read by DICOMweb."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page, Request, Response, expect, sync_playwright
from pydicom import dcmread

from accounts.models import Person, Site
from archive.studies.services import store_part10
from common.uids import derived_uid
from portal.diagnostic.site import installed_site
from tests.personas import Cast, make_cast
from tests.portal.stored_images import MODALITY, part10

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
]  # fmt: skip
PATIENCE_MS = 90_000
SLICES = 12

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's chromium"),
    pytest.mark.skipif(
        installed_site() is None, reason="the diagnostic viewer has not been built (./consilium up)"
    ),
]


@dataclass
class Window:
    """A browser page, what it asked for and what its console complained of."""

    page: Page
    address: str
    asked: list[Request] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        self.page = page
        page.on("request", self._note_request)
        page.on("response", self._note_response)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note_request(self, request: Request) -> None:
        self.asked.append(request)

    def _note_console(self, said: ConsoleMessage) -> None:
        if said.type == "error" and "/ws/live/" not in said.text:  # this server speaks no WebSocket
            self.complaints.append(said.text)

    def _note_response(self, response: Response) -> None:
        if response.status >= 400:
            self.refused.append(f"{response.status} {urlsplit(response.url).path}")

    @property
    def hosts(self) -> set[str]:
        return {urlsplit(one.url).netloc for one in self.asked} - {""}

    def asked_for(self, part: str) -> int:
        return sum(part in one.url for one in self.asked)


@pytest.fixture
def live_cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def window_of(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def open_window(person: Person | None) -> Window:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.set_default_timeout(PATIENCE_MS)
            if person is not None:
                client = Client()
                client.force_login(person)
                cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
                context.add_cookies(
                    [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
                )
            window = Window(context.new_page(), live_server.url)
            window.watch(window.page)
            return window

        yield open_window
        browser.close()


def store_volume(
    shared_data: Path, name: str, site: Site, *, study_uid: str = "", date: str = "20260301"
) -> str:
    """The UID of a study with so many neighbouring slices of a real volume, if wanted under a UID of its own."""
    headers = [
        dcmread(file, stop_before_pixels=True) for file in (shared_data / "volumes" / name).glob("*.dcm")
    ]
    headers.sort(key=lambda header: float(header.ImagePositionPatient[2]))
    middle = len(headers) // 2 - SLICES // 2
    for header in headers[middle : middle + SLICES]:
        dataset = dcmread(str(header.filename))
        dataset.StudyDate = date
        if study_uid:
            dataset.StudyInstanceUID = study_uid
            dataset.SeriesInstanceUID = derived_uid(study_uid, "series")
            dataset.SOPInstanceUID = derived_uid(study_uid, dataset.SOPInstanceUID)
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        store_part10(part10(dataset), site=site, actor=MODALITY)
    return study_uid or str(headers[0].StudyInstanceUID)


def expect_pictures(page: Page, count: int) -> None:
    """Wait until every viewport tells which of the slices it shows, which it does once one is drawn."""
    expect(page.get_by_text(f"/{SLICES})")).to_have_count(count, timeout=PATIENCE_MS)


def test_a_ct_is_opened_from_its_study_and_scrolled_to_the_last_slice_and_nothing_leaves_the_machine(
    live_cast: Cast, window_of: Any, shared_data: Path
) -> None:
    uid = store_volume(shared_data, "ct_chest", live_cast.county)
    window = window_of(live_cast.theo)
    window.page.goto(f"{window.address}/studies/{uid}/")
    with window.page.context.expect_page() as opened:
        window.page.locator("[data-diagnostic-viewer]").click()
    window.watch(opened.value)
    page = window.page
    expect_pictures(page, 1)

    page.locator(".viewport-element").hover()
    for place in range(2, SLICES + 1):
        page.mouse.wheel(0, 100)
        expect(page.get_by_text(f"({place}/{SLICES})")).to_be_visible()

    assert window.hosts == {urlsplit(window.address).netloc}
    assert window.refused == []
    assert window.complaints == []
    assert window.asked_for("/frames/") >= SLICES


def test_the_prior_hangs_beside_the_current_study(live_cast: Cast, window_of: Any, shared_data: Path) -> None:
    current = store_volume(shared_data, "ct_chest", live_cast.county)
    prior = store_volume(
        shared_data, "ct_chest", live_cast.county, study_uid="1.2.826.0.77.1", date="20250301"
    )
    window = window_of(live_cast.theo)

    window.page.goto(f"{window.address}/viewer/open/{current}")

    expect_pictures(window.page, 2)
    left, right = (window.page.locator(".viewport-element").nth(place).bounding_box() for place in (0, 1))
    assert left is not None
    assert right is not None
    assert (left["y"], left["width"]) == pytest.approx((right["y"], right["width"]), abs=2)
    assert window.asked_for(f"/studies/{prior}/series/") > 0
    assert window.complaints == []


def test_reformations_of_a_volume_are_drawn(live_cast: Cast, window_of: Any, shared_data: Path) -> None:
    uid = store_volume(shared_data, "ct_chest", live_cast.county)
    window = window_of(live_cast.theo)

    window.page.goto(f"{window.address}/viewer/viewer?StudyInstanceUIDs={uid}&hangingProtocolId=mpr")

    expect(window.page.locator(".viewport-element canvas")).to_have_count(3, timeout=PATIENCE_MS)
    expect(window.page.get_by_text(f"/{SLICES})")).to_have_count(1, timeout=PATIENCE_MS)
    assert window.complaints == []


def test_a_browser_of_another_site_and_one_signed_out_see_nothing(
    live_cast: Cast, window_of: Any, shared_data: Path
) -> None:
    uid = store_volume(shared_data, "ct_chest", live_cast.county)
    address = f"/viewer/viewer?StudyInstanceUIDs={uid}"

    for person, refusal in ((live_cast.otto, 404), (None, 200)):
        window = window_of(person)
        answer = window.page.goto(window.address + address)
        assert answer.status == refusal
        assert window.asked_for("/dicomweb/") == 0
    assert urlsplit(window.page.url).path.startswith("/sign-in")
