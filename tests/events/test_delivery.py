"""News reaches every subscriber at least once, and what a handler writes happens once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connections, transaction

from accounts.models import Site
from common.errors import Conflict, Unavailable
from events import delivery, services
from events.delivery import deliver, deliver_bulletin, deliver_due, spread
from events.models import Bulletin, Delivery
from events.services import Event, publish, publish_together, subscribe
from events.tracing import current_trace, trace
from tests.bulletins import deliveries
from tests.conftest import Clock
from tests.events.conftest import SUBSCRIBER, Recorder


def the_row() -> Delivery:
    return deliveries().get()


def test_a_bulletin_is_spread_once_in_the_order_of_its_news(
    db: None, recorder: Recorder, clock: Clock
) -> None:
    subscribe("*", subscriber="tests.everything", handler=lambda _event: None)
    subscribe("TeaMade", subscriber="tests.thirsty", handler=lambda _event: None)
    with trace() as trace_id:
        boiled, made = publish_together([("KettleBoiled", {"litres": 2}), ("TeaMade", {})])
    bulletin = Bulletin.objects.get()
    clock.advance(services.LEASE)

    keys = spread(bulletin.pk)

    rows = Delivery.objects.in_bulk(keys)
    assert [(rows[key].event_uid, rows[key].name, rows[key].subscriber) for key in keys] == [
        (boiled, "KettleBoiled", "tests.everything"),
        (boiled, "KettleBoiled", SUBSCRIBER),
        (made, "TeaMade", "tests.everything"),
        (made, "TeaMade", "tests.thirsty"),
    ]
    for row in rows.values():
        assert (row.trace_id, row.published_at, row.next_attempt_at) == (
            trace_id, bulletin.published_at, bulletin.next_attempt_at,
        )  # fmt: skip
    assert rows[keys[0]].payload == {"litres": 2, "subjects": {}}
    assert spread(bulletin.pk) == []
    assert not Bulletin.objects.exists()


def test_who_listens_is_asked_when_it_is_spread(
    db: None, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("KettleBoiled", {})
    monkeypatch.setattr(services, "_subscribers", {})
    subscribe("KettleBoiled", subscriber="tests.newcomer", handler=lambda _event: None)

    assert [row.subscriber for row in deliveries()] == ["tests.newcomer"]


def test_a_worker_that_is_nudged_delivers_the_whole_publication(db: None, recorder: Recorder) -> None:
    recorder.failures = [Unavailable("The kettle is away")]
    publish_together([("KettleBoiled", {"litres": n}) for n in range(3)])

    deliver_bulletin(Bulletin.objects.get().pk)

    assert [event.payload["litres"] for event in recorder.told] == [0, 1, 2]
    rows = Delivery.objects.order_by("pk")
    assert [(row.attempts, row.delivered_at is None) for row in rows] == [(1, True), (0, False), (0, False)]


def test_a_sweep_hands_out_publications_in_order_the_failed_one_when_its_back_off_is_over(
    db: None, recorder: Recorder, clock: Clock
) -> None:
    recorder.failures = [Unavailable("The kettle is away")]
    for number in range(3):
        publish("KettleBoiled", {"litres": number})
        clock.advance(dt.timedelta(seconds=1))
    clock.advance(services.LEASE)

    assert deliver_due() == 2
    publish("KettleBoiled", {"litres": 3})
    clock.advance(services.LEASE)
    assert deliver_due() == 2

    assert [event.payload["litres"] for event in recorder.told] == [0, 1, 2, 0, 3]


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


def test_a_failure_does_not_undo_what_another_process_has_done_meanwhile(
    db: None, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.failures = [Unavailable("The kettle is away")]
    publish("KettleBoiled", {})
    note = delivery._note_failure

    def note_late(row: Delivery, error: Exception) -> None:
        assert deliver(row.pk) is True
        note(row, error)

    monkeypatch.setattr(delivery, "_note_failure", note_late)

    assert deliver(the_row().pk) is False
    assert (the_row().delivered_at is None, the_row().attempts, the_row().error_code) == (False, 0, "")


def test_a_subscriber_that_is_gone_does_not_hold_up_the_others(
    db: None, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("KettleBoiled", {})
    key = the_row().pk
    monkeypatch.setattr(services, "_subscribers", {})

    deliver(key)

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


@pytest.mark.django_db(transaction=True)
def test_a_bulletin_that_somebody_else_has_in_hand_is_left_to_them(recorder: Recorder) -> None:
    publish("KettleBoiled", {})
    key = Bulletin.objects.get().pk
    elsewhere: list[list[int]] = []

    def spread_elsewhere() -> None:
        elsewhere.append(spread(key))
        connections.close_all()

    with transaction.atomic():
        rows = spread(key)
        other = threading.Thread(target=spread_elsewhere)
        other.start()
        other.join(timeout=20)

    assert elsewhere == [[]]
    assert [row.pk for row in deliveries()] == rows
