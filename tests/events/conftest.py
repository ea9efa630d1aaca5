"""A subscriber that can be made to fail, and nobody else who listens."""

from __future__ import annotations

import uuid

import pytest

from accounts.models import Site
from events import services
from events.services import Event, subscribe
from events.tracing import current_trace

SUBSCRIBER = "tests.recorder"


class Recorder:
    """A subscriber that keeps what it was told, and fails as often as it is asked to."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.traces: list[uuid.UUID] = []
        self.failures: list[Exception] = []

    def __call__(self, event: Event) -> None:
        self.told.append(event)
        self.traces.append(current_trace())
        make_site(f"told-{len(self.told)}")
        if self.failures:
            raise self.failures.pop(0)


def make_site(code: str) -> None:
    Site.objects.create(code=code, name=code, kind="county", authority_namespace=code)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    monkeypatch.setattr(services, "_subscribers", {})
    monkeypatch.setattr(services, "_every_event", {})
    recorder = Recorder()
    subscribe("KettleBoiled", subscriber=SUBSCRIBER, handler=recorder)
    return recorder
