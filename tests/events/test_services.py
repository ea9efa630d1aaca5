"""Publishing writes one row in the publisher's transaction, and tells a worker after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction

from common.rows import Changes
from events import services
from events.models import Bulletin, Delivery
from events.selectors import backlog
from events.services import publish, publish_together, subscribe, use_nudge
from events.tracing import trace
from tests.conftest import Clock
from tests.events.conftest import Recorder


@pytest.fixture
def nudges() -> Iterator[list[int]]:
    sent: list[int] = []
    use_nudge(sent.append)
    yield sent
    use_nudge(None)


def test_what_is_published_together_is_one_row_however_many_listen(
    db: None, recorder: Recorder, clock: Clock
) -> None:
    for number in range(3):
        subscribe("*", subscriber=f"tests.everything.{number}", handler=lambda _event: None)

    with trace() as trace_id:
        first, second = publish_together(
            [("KettleBoiled", {"litres": 2}), ("TeaMade", {})], subjects={"study": "2.25.1"}
        )

    row = Bulletin.objects.get()
    assert row.news == [
        {
            "uid": str(first),
            "name": "KettleBoiled",
            "payload": {"litres": 2, "subjects": {"study": "2.25.1"}},
        },
        {"uid": str(second), "name": "TeaMade", "payload": {"subjects": {"study": "2.25.1"}}},
    ]
    assert (row.trace_id, row.published_at, row.next_attempt_at) == (
        trace_id, clock.now, clock.now + services.LEASE,
    )  # fmt: skip
    assert not Delivery.objects.exists()


def test_it_is_written_with_the_changes_of_whoever_holds_some(
    db: None, recorder: Recorder, nudges: list[int], django_capture_on_commit_callbacks: object
) -> None:
    held = Changes()
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():  # type: ignore[operator]
        publish_together([("KettleBoiled", {})], into=held)
        assert not Bulletin.objects.exists()
        held.write()

    assert nudges == [Bulletin.objects.get().pk]


def test_news_without_subscribers_leaves_nothing_behind(db: None, recorder: Recorder) -> None:
    publish("NobodyListens", {})
    assert not Bulletin.objects.exists()

    publish_together([("NobodyListens", {}), ("KettleBoiled", {})])
    assert [event["name"] for event in Bulletin.objects.get().news] == ["KettleBoiled"]


def test_a_name_that_no_delivery_can_carry_is_refused_where_it_is_published(
    db: None, recorder: Recorder
) -> None:
    subscribe("x" * 81, subscriber="tests.long", handler=lambda _event: None)

    with pytest.raises(ValueError, match="80 characters"):
        publish("x" * 81, {})


def test_what_is_rolled_back_was_never_news(
    db: None, recorder: Recorder, nudges: list[int], django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():  # type: ignore[operator]
        publish("KettleBoiled", {})
        transaction.set_rollback(True)

    assert not Bulletin.objects.exists()
    assert nudges == []


def test_the_nudge_comes_after_the_commit(
    db: None, recorder: Recorder, nudges: list[int], django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        publish("KettleBoiled", {})
        assert nudges == []

    assert nudges == [Bulletin.objects.get().pk]


def test_the_backlog_counts_news_that_is_spread_and_news_that_is_not(
    db: None, recorder: Recorder, clock: Clock
) -> None:
    assert (backlog().count, backlog().since) == (0, None)

    publish("KettleBoiled", {})

    assert (backlog().count, backlog().since) == (1, clock.now)
