from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from accounts.models import Membership, Person, Role
from tests.personas import PASSWORD, Cast, make_cast
from tests.portal.cases_in_work import make_order
from tests.portal.chromium import ARGUMENTS, CHROMIUM
from tests.portal.tasks.measured_opinion import start_measured_opinion
from workflows.models import ProcessInstance, UserTask

REFUSED = (
    "/ws/",
    "status of 409",
    "status of 422",
    "status of 502",
    "Error Code 502",
)  # what these tests provoke; a live server speaks no WebSocket


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a file. Playwright keeps an event loop in this thread; Django is told that it may."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def live_cast(chromium: Browser, transactional_db: None) -> Cast:
    """The cast in committed rows, seen by the live server's threads."""
    return make_cast()


@pytest.fixture
def li(live_cast: Cast) -> Person:
    """A second radiologist of the provincial hospital."""
    person = Person.objects.create_user("li", password=PASSWORD, display_name="Li Na", display_name_zh="李娜")
    Membership.objects.create(person=person, site=live_cast.provincial, role=Role.RADIOLOGIST)
    return person


@pytest.fixture
def case(live_cast: Cast, tmp_path: Path) -> ProcessInstance:
    return start_measured_opinion(live_cast, tmp_path, make_order(live_cast, priority="URGENT"))


@pytest.fixture
def task(case: ProcessInstance) -> UserTask:
    return UserTask.objects.get(instance=case)


@pytest.fixture
def desk_of(chromium: Browser, live_server: object) -> Iterator[Callable[..., Page]]:
    """A signed-in page in a browser context of its own; at the end no console may have complained."""
    contexts, complaints = [], []
    address = str(live_server)

    def note(said: ConsoleMessage) -> None:
        if said.type == "error" and not any(word in said.text for word in REFUSED):
            complaints.append(said.text)

    def sit_down(person: Person, path: str = "/", *, scripts: bool = True) -> Page:
        client = Client()
        client.force_login(person)
        context = chromium.new_context(
            viewport={"width": 1360, "height": 900}, accept_downloads=True, java_script_enabled=scripts
        )
        contexts.append(context)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address + path)
        return page

    yield sit_down
    for context in contexts:
        context.close()
    assert complaints == []
