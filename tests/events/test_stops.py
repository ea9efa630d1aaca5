"""kill -9 wherever news can be: none is lost, and what its handler writes happens once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from unittest.mock import patch

import pytest
from django.db import connections, transaction

from accounts.models import Site
from events import delivery, services
from events.delivery import deliver, deliver_bulletin, deliver_due, spread
from events.models import Bulletin, Delivery
from events.selectors import backlog
from events.services import publish, subscribe, use_nudge
from tests.conftest import Clock
from tests.events.conftest import SUBSCRIBER, Recorder, make_site


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def between_commit_and_nudge() -> None:
    use_nudge(die)
    publish("KettleBoiled", {})


def while_it_is_spread() -> None:
    publish("KettleBoiled", {})
    with transaction.atomic():
        spread(Bulletin.objects.get().pk)
        die()


def between_spread_and_delivery() -> None:
    publish("KettleBoiled", {})
    with patch.object(delivery, "deliver", die):
        deliver_bulletin(Bulletin.objects.get().pk)


def while_it_is_handled() -> None:
    def boil(_event: object) -> None:
        make_site("half-done")
        die()

    subscribe("KettleBoiled", subscriber=SUBSCRIBER, handler=boil)
    publish("KettleBoiled", {})
    deliver_bulletin(Bulletin.objects.get().pk)


def before_what_was_handled_is_committed() -> None:
    publish("KettleBoiled", {})
    (key,) = spread(Bulletin.objects.get().pk)
    with transaction.atomic():
        deliver(key)
        die()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "stop",
    [
        between_commit_and_nudge,
        while_it_is_spread,
        between_spread_and_delivery,
        while_it_is_handled,
        before_what_was_handled_is_committed,
    ],
)
def test_wherever_a_process_dies_the_sweep_delivers_the_news_once(
    recorder: Recorder, clock: Clock, stop: Callable[[], None]
) -> None:
    assert killed_in(stop)
    assert not Site.objects.exists()
    assert backlog().count == 1

    clock.advance(services.LEASE)
    assert deliver_due() == 1
    assert deliver_due() == 0

    assert list(Site.objects.values_list("code", flat=True)) == ["told-1"]
    assert backlog().count == 0
    assert Delivery.objects.exclude(delivered_at=None).count() == 1


def killed_in(act: Callable[[], None]) -> bool:
    """Whether a process of its own, forked for it, was killed in the act."""
    connections.close_all()  # each side makes a connection of its own
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
