"""A browser's window on the diagnostic viewer: what it asks for, and how a reader handles it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, Response, expect

from portal.diagnostic.site import installed_site
from tests.portal.chromium import NEEDS_CHROMIUM
from tests.portal.diagnostic.volumes import SLICES

PATIENCE_MS = 90_000
NEEDS_VIEWER = [
    *NEEDS_CHROMIUM,
    pytest.mark.skipif(
        installed_site() is None, reason="the diagnostic viewer has not been built (./consilium up)"
    ),
]
expect.set_options(timeout=PATIENCE_MS)


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
