"""A browser's link as narrow as that of a small hospital, and what goes over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import CDPSession, Page

LATENCY_MS, BYTES_PER_MS = 50, 10_000 / 8  # 10 Mbit/s
_WATCH = """
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.identifier === "first-image") window.firstImageMs ??= entry.renderTime;
  }
}).observe({ type: "element", buffered: true });
"""


@dataclass
class Asked:
    """One request: who made it, how urgent it is, and how many bytes came over the link for it."""

    url: str
    initiator: str
    priority: str
    encoded_bytes: int = 0


@dataclass
class NarrowLink:
    """What the page asked for over the link since it was last cleared. Times count from the navigation."""

    page: Page
    session: CDPSession
    asked: dict[str, Asked] = field(default_factory=dict)

    @classmethod
    def of(cls, page: Page) -> NarrowLink:
        session = page.context.new_cdp_session(page)
        link = cls(page, session)
        session.on("Network.requestWillBeSent", link._note_request)
        session.on("Network.loadingFinished", link._note_end)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", {
            "offline": False, "latency": LATENCY_MS, "downloadThroughput": BYTES_PER_MS * 1000,
            "uploadThroughput": BYTES_PER_MS * 1000,
        })  # fmt: skip
        page.add_init_script(_WATCH)
        return link

    def open(self, address: str) -> float:
        """When the first image had been painted, in ms."""
        self.asked.clear()
        self.page.goto(address, wait_until="commit")
        return float(self.page.wait_for_function("() => window.firstImageMs").json_value())

    def drew_ms(self) -> float:
        """When the viewer had drawn an image of its own."""
        mark = "() => performance.getEntriesByName('viewer-drew')[0]?.startTime"
        return float(self.page.wait_for_function(mark).json_value())

    def await_all(self, addresses: Sequence[str]) -> None:
        """Wait until each of these addresses has come."""
        came = "(paths) => paths.every((path) => performance.getEntriesByName(location.origin + path)[0]?.responseEnd)"
        self.page.wait_for_function(came, arg=list(addresses))

    def asked_for(self, part: str) -> list[Asked]:
        return [one for one in self.asked.values() if part in one.url]

    def encoded_bytes(self, part: str) -> int:
        return sum(one.encoded_bytes for one in self.asked_for(part))

    def _note_request(self, event: dict[str, Any]) -> None:
        request, initiator = event["request"], event["initiator"]["type"]
        self.asked[event["requestId"]] = Asked(request["url"], initiator, request["initialPriority"])

    def _note_end(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.asked:
            self.asked[event["requestId"]].encoded_bytes = int(event["encodedDataLength"])
