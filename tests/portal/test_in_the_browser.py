"""What only a real browser can show: keys, tabs, drafts while typing, the drawn diagram, and no CSP refusal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from accounts.models import Person
from tests.personas import Cast, make_cast
from tests.portal.cases_in_work import make_case, make_order, offer_task
from tests.portal.real_case import case_to_read
from workflows.models import FormDraft

CHROMIUM = Path("/usr/bin/chromium")
BUNDLES = Path(settings.BASE_DIR) / "portal" / "static" / "portal" / "dist" / "case.js"
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.skipif(not BUNDLES.exists(), reason="the front end has not been built (npm run build)"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for this file. Playwright keeps an event loop in this thread; Django is told that it may."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def live_cast(chromium: Browser, transactional_db: None) -> Cast:
    """The cast in committed rows, seen by the live server's threads."""
    return make_cast()


class Window:
    """A signed-in page, and everything its console complained of."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and "/ws/live/" not in text:  # this server speaks no WebSocket
            self.complaints.append(text)


@pytest.fixture
def window_of(chromium: Browser, live_server: object) -> Iterator[object]:
    contexts = []

    def open_window(person: Person) -> Window:
        client = Client()
        client.force_login(person)
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        address = str(live_server)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": address}])
        return Window(context.new_page(), address)

    yield open_window
    for context in contexts:
        context.close()


def test_the_keys_move_through_the_inbox_and_open_a_case(live_cast: Cast, window_of) -> None:
    for number in (1, 2):
        order = make_order(live_cast, number, given_name=f"Number{number}")
        offer_task(make_case(order), site=live_cast.provincial)
    window = window_of(live_cast.rosa)
    page = window.open("/")

    page.keyboard.press("j")
    expect(page.locator("tr.selected")).to_contain_text("Number1")
    page.keyboard.press("j")
    expect(page.locator("tr.selected")).to_contain_text("Number2")
    page.keyboard.press("k")
    page.keyboard.press("Enter")

    expect(page.locator(".patient-banner").first).to_contain_text("Number1")
    assert window.complaints == []


def test_a_case_is_drawn_with_its_tokens_and_the_watermark_stays_visible(live_cast: Cast, window_of) -> None:
    case, _task = case_to_read(live_cast, make_order(live_cast))
    window = window_of(live_cast.rosa)
    page = window.open(f"/cases/{case.uid}/")

    expect(page.locator('.djs-element.open[data-element-id="ReadAndReport"]')).to_be_visible()
    expect(page.locator(".bjs-powered-by")).to_be_visible()
    page.locator('[data-element-id="ReadAndReport"] .djs-hit').first.click()
    expect(page.locator("[data-diagram-step]")).to_contain_text("Read and report · Open now")
    assert window.complaints == []


def test_typed_text_is_saved_survives_a_reload_and_a_second_window_sees_the_conflict(
    live_cast: Cast, window_of
) -> None:
    case, _task = case_to_read(live_cast, make_order(live_cast))
    first, second = window_of(live_cast.rosa), window_of(live_cast.rosa)
    one, two = first.open(f"/cases/{case.uid}/"), second.open(f"/cases/{case.uid}/")

    one.locator("#sign-findings").fill("Written in the first window")
    expect(one.locator("[data-draft-state]")).to_have_text("Draft saved")
    assert FormDraft.objects.get().data["sign"]["findings"] == "Written in the first window"
    one.reload()
    expect(one.locator("#sign-findings")).to_have_value("Written in the first window")

    two.locator("#sign-findings").fill("Written in the second window")
    expect(two.locator("[data-conflict]")).to_be_visible()
    expect(two.locator("[data-theirs]")).to_contain_text("Written in the first window")
    expect(two.locator("[data-mine]")).to_contain_text("Written in the second window")
    two.locator("[data-keep-mine]").click()
    expect(two.locator("[data-draft-state]")).to_have_text("Draft saved")
    assert FormDraft.objects.get().data["sign"]["findings"] == "Written in the second window"


def test_a_report_without_impression_is_refused_beside_the_field_and_keeps_the_text(
    live_cast: Cast, window_of
) -> None:
    case, _task = case_to_read(live_cast, make_order(live_cast))
    page = window_of(live_cast.rosa).open(f"/cases/{case.uid}/")

    page.locator("#sign-findings").fill("Nodule of 8 mm")
    page.get_by_role("button", name="Sign report").click()

    expect(page.locator("#sign-impression-error")).to_have_text("Impression is required.")
    expect(page.locator("#sign-findings")).to_have_value("Nodule of 8 mm")
    expect(page.locator("#sign-impression")).to_be_focused()


def test_the_theme_changes_at_once_and_is_kept(live_cast: Cast, window_of) -> None:
    page = window_of(live_cast.rosa).open("/")

    page.locator("summary[aria-label=Theme]").click()
    with page.expect_response("**/preferences/theme/"):
        page.locator("button[name=theme][value=dark]").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert Person.objects.get(pk=live_cast.rosa.pk).theme == "dark"


def test_the_choice_in_a_list_stays_with_its_patient_when_another_case_comes_above(
    live_cast: Cast, window_of
) -> None:
    offer_task(make_case(make_order(live_cast, 1, given_name="First")), site=live_cast.provincial)
    page = window_of(live_cast.rosa).open("/")
    page.keyboard.press("j")

    urgent = make_order(live_cast, 2, given_name="Second", priority="STAT")
    offer_task(make_case(urgent), site=live_cast.provincial)
    page.evaluate("htmx.trigger('#inbox-list', 'live')")

    expect(page.locator("[data-row]").first).to_contain_text("Second")
    expect(page.locator("tr.selected")).to_contain_text("First")
    page.keyboard.press("Enter")
    expect(page.locator(".patient-banner").first).to_contain_text("First")


def test_news_that_comes_while_a_list_is_on_its_way_is_fetched_afterwards(live_cast: Cast, window_of) -> None:
    window = window_of(live_cast.rosa)
    sockets, held, asked = [], [], []
    window.page.route_web_socket("**/ws/live/", lambda socket: sockets.append(socket))  # noqa: PLW0108 - it wants a function

    def slow(route) -> None:
        asked.append(route)
        if len(asked) == 1:
            held.append(route.fetch())  # answered now, delivered after the next news
        else:
            route.continue_()

    window.page.route("**/inbox/list/**", slow)
    page = window.open("/")
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    changed = '{"type": "changed", "topic": "inbox"}'
    with page.expect_request("**/inbox/list/**"):
        sockets[0].send(changed)
    page.wait_for_function("document.querySelector('#inbox-list.htmx-request')")
    offer_task(make_case(make_order(live_cast, given_name="Late")), site=live_cast.provincial)
    sockets[0].send(changed)
    page.evaluate("new Promise((done) => setTimeout(done))")  # the news has been read
    deadline = time.monotonic() + 20
    while not held:
        assert time.monotonic() < deadline, "the list was not answered"
        page.evaluate("0")  # lets the handler of the route go on
    asked[0].fulfill(response=held[0])

    expect(page.locator("[data-row]")).to_contain_text("Late")


def test_a_question_mark_opens_the_list_of_keys_but_not_while_typing(live_cast: Cast, window_of) -> None:
    window = window_of(live_cast.rosa)
    page = window.open("/")
    keys = page.get_by_role("dialog", name="Keys")

    page.locator("[data-search-box]").press("?")
    expect(keys).to_be_hidden()
    page.locator("[data-search-box]").blur()
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")

    expect(keys).to_be_hidden()
    assert window.complaints == []


def test_images_beside_the_form_are_remembered_and_a_closed_stack_asks_for_nothing(
    live_cast: Cast, window_of
) -> None:
    case, _task = case_to_read(live_cast, make_order(live_cast))
    window = window_of(live_cast.rosa)
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    page = window.open(f"/cases/{case.uid}/")
    expect(page.locator("#panel-task")).to_be_visible()
    expect(page.locator("[data-diagram] svg").first).to_be_visible()  # what is fetched at all has been
    assert not [url for url in asked if url.endswith("/stack.json")]

    page.keyboard.press("s")
    expect(page.locator("#panel-images")).to_be_visible()
    expect(page.locator("#panel-task")).to_be_visible()
    page.reload()

    expect(page.locator("#panel-images")).to_be_visible()
    expect(page.locator("#panel-task")).to_be_visible()
    assert window.complaints == []
