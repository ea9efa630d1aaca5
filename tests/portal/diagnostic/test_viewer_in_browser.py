"""The diagnostic viewer as set-up builds it, in a real browser, on real images read by DICOMweb."""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    Route,
    expect,
    sync_playwright,
)
from pydicom import FileDataset, dcmread

from accounts.models import Person, Site
from archive.studies.models import Instance
from archive.studies.selectors import read_dataset
from archive.studies.services import store_part10
from common.uids import derived_uid
from portal.diagnostic.site import installed_site
from tests.personas import Cast, make_cast
from tests.portal.diagnostic.narrow_link import BYTES_PER_MS, LATENCY_MS, NarrowLink
from tests.portal.diagnostic.overlays import segmentation_of, structure_set_of
from tests.portal.diagnostic.seen import coloured, middle_of, tissue
from tests.portal.stored_images import MODALITY, part10

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
]  # fmt: skip
PATIENCE_MS = 90_000
SLICES = 12
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
PROMISED_MS, VISITS, MOST_LOAD = 2000, 3, 2.5
MOST_FILES = 2_000_000  # bytes of scripts and style sheets, as they are sent: 1.6 s of the narrow link
SAID = """(root) => [...root.querySelectorAll("*")].flatMap((one) => [
  one.title ?? "", one.ariaLabel ?? "", one.placeholder ?? "", one.localName === "title" ? one.textContent : ""])"""
DRAWN = 300
SAME_GREY = 3  # JPEG and two ways of magnifying
logger = logging.getLogger(__name__)
expect.set_options(timeout=PATIENCE_MS)

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
    talk: list[str] = field(default_factory=list)

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
        if said.type in {"log", "debug", "info"}:
            self.talk.append(said.text)

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def window_of(live_server: Any, browser: Browser) -> Iterator[Callable[[Person | None], Window]]:
    contexts = []

    def open_window(person: Person | None) -> Window:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
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
    for context in contexts:
        context.close()


def slices_of(shared_data: Path, name: str, count: int) -> list[FileDataset]:
    """So many neighbouring slices from the middle of a real volume, along the slice normal."""
    headers = [
        dcmread(file, stop_before_pixels=True) for file in (shared_data / "volumes" / name).glob("*.dcm")
    ]
    headers.sort(key=lambda header: float(header.ImagePositionPatient[2]))
    first = max(0, len(headers) // 2 - count // 2)
    return [dcmread(str(header.filename)) for header in headers[first : first + count]]


def store_all(
    datasets: Sequence[FileDataset], site: Site, *, study_uid: str = "", date: str = "20260301"
) -> str:
    """The UID of the study they are stored as, if wanted under a UID of its own."""
    for dataset in datasets:
        dataset.StudyDate = date
        if study_uid:
            dataset.StudyInstanceUID = study_uid
            dataset.SeriesInstanceUID = derived_uid(study_uid, "series")
            dataset.SOPInstanceUID = derived_uid(study_uid, dataset.SOPInstanceUID)
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        store_part10(part10(dataset), site=site, actor=MODALITY)
    return str(datasets[0].StudyInstanceUID)


def store_volume(shared_data: Path, name: str, site: Site, **wishes: str) -> str:
    return store_all(slices_of(shared_data, name, SLICES), site, **wishes)


def store_file(file: Path, site: Site) -> str:
    store_part10(file.read_bytes(), site=site, actor=MODALITY)
    return str(dcmread(file, stop_before_pixels=True).StudyInstanceUID)


def expect_pictures(page: Page, count: int) -> None:
    """Wait until every viewport tells which of the slices it shows, which it does once one is drawn."""
    expect(page.get_by_text(f"/{SLICES})")).to_have_count(count)


def drag(page: Page, *, by_x: int, by_y: int) -> None:
    """With the left button, around the middle of the first viewport."""
    box = page.locator(".viewport-element").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - by_x / 2, y - by_y / 2)
    page.mouse.down()
    page.mouse.move(x + by_x / 2, y + by_y / 2, steps=6)
    page.mouse.up()


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


def await_colour(page: Page, points: int) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while (found := coloured(page)) < points:
        assert time.monotonic() < deadline, f"{found} points have a colour"


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


def test_the_study_list_leads_to_a_study(live_cast: Cast, window_of: Any, shared_data: Path) -> None:
    store_volume(shared_data, "ct_chest", live_cast.county)
    window = window_of(live_cast.theo)

    window.page.goto(f"{window.address}/viewer/")
    window.page.get_by_text("01-Mar-2026").first.dblclick()

    expect_pictures(window.page, 1)
    assert window.complaints == []
    assert window.talk == [], "a console is no place for studies and patients"


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

    expect(window.page.locator(".viewport-element canvas")).to_have_count(3)
    expect(window.page.get_by_text(f"/{SLICES})")).to_have_count(1)
    await_tissue(window.page, planes=3)
    assert window.complaints == []


def await_tissue(page: Page, *, planes: int) -> None:
    """Wait until so many viewports show an image."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while len(found := tissue(page)) < planes or min(found) < DRAWN:
        assert time.monotonic() < deadline, f"{found} points are grey"


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
