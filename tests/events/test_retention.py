"""Delivered news is forgotten in time; what somebody still waits for, or has to look at, is not."""

from __future__ import annotations

import datetime as dt

from django.conf import LazySettings

from common.errors import ServiceError
from events.delivery import deliver_due, spread
from events.models import Bulletin, Delivery
from events.retention import forget_delivered
from events.services import publish
from tests.conftest import Clock
from tests.events.conftest import Recorder


def _published() -> int:
    publish("KettleBoiled", {})
    (key,) = spread(Bulletin.objects.get().pk)
    return key


def test_delivered_news_is_forgotten_after_its_days_and_not_before(
    db: None, recorder: Recorder, clock: Clock, settings: LazySettings
) -> None:
    settings.EVENTS_KEPT_DAYS = 90
    _published()
    clock.advance(dt.timedelta(minutes=1))
    assert deliver_due() == 1

    clock.advance(dt.timedelta(days=90))
    assert forget_delivered() == 0
    clock.advance(dt.timedelta(seconds=1))
    assert forget_delivered() == 1
    assert not Delivery.objects.exists()


def test_news_on_its_way_and_news_given_up_stay_however_old(
    db: None, recorder: Recorder, clock: Clock
) -> None:
    waiting, failed = _published(), _published()
    Delivery.objects.filter(pk=waiting).update(next_attempt_at=clock.now + dt.timedelta(days=4000))
    recorder.failures.append(ServiceError("Never"))
    clock.advance(dt.timedelta(minutes=1))
    deliver_due()
    assert Delivery.objects.get(pk=failed).failed_at == clock.now

    clock.advance(dt.timedelta(days=3000))

    assert forget_delivered() == 0
    assert set(Delivery.objects.values_list("pk", flat=True)) == {waiting, failed}
