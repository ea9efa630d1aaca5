"""Telling people something, once, and seeing that it reaches them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from accounts.models import Role
from common.errors import InvalidInput
from events.tracing import trace
from notifications import services
from notifications.models import DeliveryAttempt, Notification
from notifications.selectors import recent, unread
from notifications.services import attempt_due_deliveries, mark_over, mark_read, notify
from notifications.transports import base
from notifications.transports.base import DeliveryFailed
from tests.conftest import Clock
from tests.notifications.peers import FakeTransport
from tests.personas import Cast

CASE = "0b6c7b1e-5f0e-4f7e-9f43-2a8b3f2b8d10"
HREF = f"/cases/{CASE}/"


@pytest.fixture(autouse=True)
def transport(monkeypatch: pytest.MonkeyPatch) -> FakeTransport:
    pigeon = FakeTransport("pigeon")
    monkeypatch.setattr(base, "_transports", {"pigeon": pigeon})
    return pigeon


@pytest.fixture
def nudges() -> Iterator[list[list[int]]]:
    sent: list[list[int]] = []
    services.use_nudge(sent.append)
    yield sent
    services.use_nudge(None)


def tell(cast: Cast, cause: str = "event:1", **where: object) -> list[Notification]:
    audience = where or {"persons": [cast.rosa]}
    return notify(kind="task_offered", cause=cause, subjects={"case": CASE}, href=HREF, **audience)  # type: ignore[arg-type]


def the_attempt() -> DeliveryAttempt:
    return DeliveryAttempt.objects.get()


def test_a_person_is_told_where_to_go_and_under_which_trace(cast: Cast, clock: Clock) -> None:
    with trace() as trace_id:
        tell(cast)

    (told,) = unread(cast.rosa)
    assert (told.href, told.subjects, told.created_at) == (HREF, {"case": CASE}, clock.now)
    assert told.trace_id == trace_id


def test_a_role_at_a_site_means_everyone_who_holds_it_there(cast: Cast) -> None:
    tell(cast, site=cast.provincial, role=Role.RADIOLOGIST)

    assert unread(cast.rosa).count() == 1
    assert not unread(cast.otto).exists()
    assert not unread(cast.carla).exists()


def test_being_told_twice_for_one_cause_is_being_told_once(cast: Cast) -> None:
    assert len(tell(cast)) == 1
    assert tell(cast) == []
    assert len(tell(cast, cause="event:2")) == 1

    assert unread(cast.rosa).count() == 2
    assert DeliveryAttempt.objects.count() == 2


def test_who_is_reached_twice_over_is_told_once(cast: Cast) -> None:
    tell(cast, persons=[cast.rosa], site=cast.provincial, role=Role.RADIOLOGIST)

    assert unread(cast.rosa).count() == 1


def test_a_kind_without_sentences_is_refused(cast: Cast) -> None:
    with pytest.raises(InvalidInput):
        notify(kind="gossip", cause="x", persons=[cast.rosa], subjects={}, href="/")


def test_reading_is_each_persons_own(cast: Cast) -> None:
    tell(cast, persons=[cast.rosa, cast.carla])
    uid = str(unread(cast.rosa).get().uid)

    assert mark_read(cast.carla, uid=uid) == 0
    assert mark_read(cast.rosa, uid=uid) == 1
    assert mark_read(cast.rosa, uid=uid) == 0

    assert not unread(cast.rosa).exists()
    assert recent(cast.rosa).count() == 1
    assert unread(cast.carla).count() == 1


def test_everything_can_be_read_at_once(cast: Cast) -> None:
    tell(cast, cause="event:1")
    tell(cast, cause="event:2")

    assert mark_read(cast.rosa) == 2


def test_what_is_over_needs_no_reading(cast: Cast) -> None:
    tell(cast, cause="1", persons=[cast.rosa, cast.carla], about="task:7")
    tell(cast, cause="2", persons=[cast.rosa], about="task:8")

    assert mark_over("task:7") == 2

    assert [one.about for one in unread(cast.rosa)] == ["task:8"]
    assert not unread(cast.carla).exists()


def test_the_nudge_comes_after_the_commit(
    cast: Cast, nudges: list[list[int]], django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        tell(cast)
        assert nudges == []

    assert nudges == [[the_attempt().pk]]


def test_a_lost_nudge_is_made_good_by_the_sweep(cast: Cast, clock: Clock, transport: FakeTransport) -> None:
    tell(cast)
    assert attempt_due_deliveries() == 0
    clock.advance(services.LEASE)
    assert attempt_due_deliveries() == 1
    assert attempt_due_deliveries() == 0

    assert transport.sent == [("rosa", "A case waits for you")]
    assert (the_attempt().status, the_attempt().delivered_at) == ("delivered", clock.now)


def test_a_transport_that_is_away_is_tried_again_less_and_less_often(
    cast: Cast, clock: Clock, transport: FakeTransport
) -> None:
    transport.failures = [DeliveryFailed("AWAY", permanent=False) for _ in range(20)]
    tell(cast)
    waits = []
    while the_attempt().status == "queued":
        clock.now = the_attempt().next_attempt_at or clock.now
        attempt_due_deliveries()
        if due := the_attempt().next_attempt_at:
            waits.append((due - clock.now).total_seconds())

    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560]
    assert (the_attempt().status, the_attempt().attempts, the_attempt().error_code) == ("failed", 10, "AWAY")


def test_a_transport_that_comes_back_delivers(cast: Cast, clock: Clock, transport: FakeTransport) -> None:
    transport.failures = [DeliveryFailed("AWAY", permanent=False)]
    tell(cast)
    clock.advance(services.LEASE)
    attempt_due_deliveries()
    clock.advance(dt.timedelta(seconds=10))
    attempt_due_deliveries()

    assert (the_attempt().status, the_attempt().attempts) == ("delivered", 2)
    assert len(transport.sent) == 1


def test_a_transport_that_never_will_is_not_tried_again(
    cast: Cast, clock: Clock, transport: FakeTransport
) -> None:
    transport.failures = [DeliveryFailed("NO_SUCH_ADDRESS", permanent=True)]
    tell(cast)
    clock.advance(services.LEASE)
    attempt_due_deliveries()
    clock.advance(dt.timedelta(days=1))

    assert attempt_due_deliveries() == 0
    assert (the_attempt().status, the_attempt().error_code) == ("failed", "NO_SUCH_ADDRESS")


def test_a_way_that_does_not_reach_a_person_is_not_tried(cast: Cast, transport: FakeTransport) -> None:
    transport.unreachable = {"rosa"}
    tell(cast)

    assert not DeliveryAttempt.objects.exists()
    assert unread(cast.rosa).count() == 1
