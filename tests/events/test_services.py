"""News reaches every subscriber at least once, and what a handler writes happens once."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator

import pytest
from django.db import connection, connections, transaction

from accounts.models import Site
from common.errors import Conflict, Unavailable
from events import services
from events.models import Delivery
from events.services import Event, deliver, deliver_due, publish, subscribe, use_nudge
from events.tracing import current_trace, trace
from tests.conftest import Clock

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


@pytest.fixture
def nudges() -> Iterator[list[list[int]]]:
    sent: list[list[int]] = []
    use_nudge(sent.append)
    yield sent
    use_nudge(None)


def the_row() -> Delivery:
    return Delivery.objects.get()


def test_an_event_is_delivered_once_with_its_payload_and_subjects(db: None, recorder: Recorder) -> None:
    uid = publish("KettleBoiled", {"litres": 2}, subjects={"study": "2.25.1"})
    key = the_row().pk

    assert deliver(key) is True
    assert deliver(key) is False

    (event,) = recorder.told
    assert (event.uid, event.name) == (uid, "KettleBoiled")
    assert event.payload["litres"] == 2
    assert event.subjects == {"study": "2.25.1"}
    assert the_row().delivered_at is not None


def test_each_subscriber_has_a_row_and_a_fate_of_its_own(db: None, recorder: Recorder, clock: Clock) -> None:
    others: list[Event] = []
    subscribe("*", subscriber="tests.everything", handler=others.append)
    recorder.failures = [Unavailable("The kettle is away")]
    publish("KettleBoiled", {})
    clock.advance(services.LEASE)

    assert deliver_due() == 1

    assert len(others) == 1
    states = dict(Delivery.objects.values_list("subscriber", "delivered_at"))
    assert states["tests.everything"] == clock.now
    assert states[SUBSCRIBER] is None


def test_an_event_without_subscribers_leaves_nothing_behind(db: None, recorder: Recorder) -> None:
    publish("NobodyListens", {})

    assert not Delivery.objects.exists()


def test_what_is_rolled_back_was_never_news(
    db: None,
    recorder: Recorder,
    nudges: list[list[int]],
    django_capture_on_commit_callbacks: object,
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():  # type: ignore[operator]
        publish("KettleBoiled", {})
        transaction.set_rollback(True)

    assert not Delivery.objects.exists()
    assert nudges == []


def test_the_nudge_comes_after_the_commit(
    db: None,
    recorder: Recorder,
    nudges: list[list[int]],
    django_capture_on_commit_callbacks: object,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        publish("KettleBoiled", {})
        assert nudges == []

    assert nudges == [[the_row().pk]]


def test_a_nudge_that_was_lost_is_made_good_by_the_sweep(db: None, recorder: Recorder, clock: Clock) -> None:
    publish("KettleBoiled", {})

    assert deliver_due() == 0  # the nudge is given its time first
    clock.advance(services.LEASE)
    assert deliver_due() == 1
    assert deliver_due() == 0

    assert len(recorder.told) == 1


def test_what_a_failed_handler_wrote_is_undone_before_it_is_told_again(
    db: None, recorder: Recorder, clock: Clock
) -> None:
    recorder.failures = [Unavailable("The kettle is away")]
    publish("KettleBoiled", {})
    clock.advance(services.LEASE)
    deliver_due()
    assert not Site.objects.exists()

    clock.advance(dt.timedelta(seconds=2))
    deliver_due()

    assert len(recorder.told) == 2
    assert list(Site.objects.values_list("code", flat=True)) == ["told-2"]


def test_tries_are_spaced_2_4_8_seconds_and_at_most_ten_minutes(
    db: None, recorder: Recorder, clock: Clock
) -> None:
    recorder.failures = [Unavailable("The kettle is away") for _ in range(20)]
    publish("KettleBoiled", {})
    waits = []
    while the_row().failed_at is None:
        deliver(the_row().pk)
        row = the_row()
        if row.next_attempt_at:
            waits.append((row.next_attempt_at - clock.now).total_seconds())

    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]
    assert the_row().attempts == 12


def test_a_row_that_failed_for_good_stays_for_a_person_to_look_at(
    db: None, recorder: Recorder, clock: Clock
) -> None:
    recorder.failures = [Conflict("It boils already", code="ALREADY_BOILING")]
    publish("KettleBoiled", {})

    deliver(the_row().pk)

    row = the_row()
    assert (row.failed_at, row.next_attempt_at, row.error_code) == (clock.now, None, "ALREADY_BOILING")
    clock.advance(dt.timedelta(days=1))
    assert deliver_due() == 0
    assert len(recorder.told) == 1


def test_a_defect_is_tried_again_and_named_by_its_kind(db: None, recorder: Recorder) -> None:
    recorder.failures = [ValueError("whose message may hold anything")]
    publish("KettleBoiled", {})

    deliver(the_row().pk)

    assert the_row().error_code == "ValueError"
    assert the_row().failed_at is None


def test_a_subscriber_that_is_gone_does_not_hold_up_the_others(
    db: None, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("KettleBoiled", {})
    monkeypatch.setattr(services, "_subscribers", {})

    deliver(the_row().pk)

    assert the_row().error_code == "SUBSCRIBER_GONE"
    assert the_row().failed_at is not None


def test_the_trace_travels_with_the_news(db: None, recorder: Recorder) -> None:
    with trace() as trace_id:
        publish("KettleBoiled", {})

    with trace() as other:
        deliver(the_row().pk)
        assert current_trace() == other

    assert recorder.traces == [trace_id]
    assert recorder.told[0].trace_id == trace_id


KILLED_WHILE_HANDLING = """
import os, signal, sys
import django
django.setup()
from django.db import connection
from accounts.models import Site
from events.services import deliver, subscribe

def boil(event):
    Site.objects.create(code="half-done", name="half-done", kind="county", authority_namespace="half-done")
    os.kill(os.getpid(), signal.SIGKILL)

subscribe("KettleBoiled", subscriber="tests.recorder", handler=boil)
deliver(int(sys.argv[1]))
"""


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_while_handling_leaves_the_news_to_the_next(recorder: Recorder) -> None:
    publish("KettleBoiled", {})
    database = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)

    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_HANDLING, str(the_row().pk)],
        env={**os.environ, "DATABASE_URL": url},
        timeout=60,
        check=False,
    )

    assert killed.returncode == -9
    assert not Site.objects.exists()
    assert deliver(the_row().pk) is True
    assert list(Site.objects.values_list("code", flat=True)) == ["told-1"]


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_else_has_in_hand_is_left_to_them(recorder: Recorder) -> None:
    publish("KettleBoiled", {})
    key = the_row().pk
    elsewhere: list[bool] = []

    def deliver_elsewhere() -> None:
        elsewhere.append(deliver(key))
        connections.close_all()

    def handle(event: Event) -> None:
        other = threading.Thread(target=deliver_elsewhere)
        other.start()
        other.join(timeout=20)

    subscribe("KettleBoiled", subscriber=SUBSCRIBER, handler=handle)

    assert deliver(key) is True
    assert elsewhere == [False]
