"""Debian's Chromium, opened by Playwright at pages of the live server, with somebody signed in."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from accounts.models import Person

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
NEEDS_CHROMIUM = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="needs Debian's chromium")]
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]


@contextlib.contextmanager
def signed_in(person: Person, address: str) -> Iterator[Page]:
    """An empty page of a browser of its own. Playwright keeps an event loop in this thread; Django is told it may."""
    client = Client()
    client.force_login(person)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1360, "height": 900})
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
        yield context.new_page()
        browser.close()
        connections.close_all()  # where an event loop runs, Django keeps a session of its own for this thread


@contextlib.contextmanager
def watched(person: Person, address: str, *, refused: Sequence[int] = ()) -> Iterator[Page]:
    """A page opened at an address, whose console must stay quiet; `refused` are statuses that a test provokes.

    A live server speaks no WebSocket, which pages do without.
    """
    complaints: list[str] = []

    def note(said: ConsoleMessage) -> None:
        is_expected = "/ws/" in said.text or any(f"status of {status}" in said.text for status in refused)
        if said.type == "error" and not is_expected:
            complaints.append(said.text)

    place = urlsplit(address)
    with signed_in(person, f"{place.scheme}://{place.netloc}") as page:
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        yield page
    assert complaints == []


def pictures_in(variable: str) -> Callable[[Page, str], None]:
    """What leaves a picture of a page in the folder that an environment variable names; nothing without one."""
    folder = os.environ.get(variable, "")

    def picture(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=f"{folder}/{name}.png", full_page=True)

    return picture
