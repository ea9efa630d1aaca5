"""Signals: whoever listens when one is thrown catches it, once, in a step of its own."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from events.delivery import deliver, deliver_due
from tests.bulletins import deliveries
from tests.workflows.conftest import bundle, chain, install, user
from tests.workflows.engine.drawing import END, boundary, catch, end, event, throw
from tests.workflows.news.test_correlation import deliver_all, do, open_steps
from workflows.models import ProcessInstance
from workflows.services import broadcast_signal

pytestmark = pytest.mark.django_db
LISTENER = catch("wait", "signal") + user("after") + END + chain("start", "wait", "after", "end")
THROWER = user("first") + throw("tell", "signal") + catch("own", "signal") + END + chain(
    "start", "first", "tell", "own", "end"
)  # fmt: skip


@pytest.fixture
def run(begin):
    def make(body, name, data=None, **options):
        return begin(body, data, key=name, start_key=str(uuid.uuid4()), **options)

    return make


def test_everybody_who_listens_catches_it(run, cast, clock):
    listeners = [run(LISTENER, "Listener") for _ in range(3)]
    thrower = run(THROWER, "Thrower")
    clock.advance(dt.timedelta(seconds=1))

    do(thrower, "first", cast)
    deliver_all(clock)

    assert [open_steps(each) for each in listeners] == [["after"]] * 3
    assert deliveries(name="SignalOffered").count() == 3


def test_who_begins_to_listen_afterwards_does_not(run, cast, clock):
    thrower = run(THROWER, "Thrower")
    clock.advance(dt.timedelta(seconds=1))
    do(thrower, "first", cast)
    clock.advance(dt.timedelta(seconds=1))
    late = run(LISTENER, "Listener")

    deliver_all(clock)

    assert open_steps(late) == []
    thrower.refresh_from_db()
    assert thrower.status == "running"  # its own catch came after its throw


def test_it_is_caught_once_however_often_it_is_delivered(run, cast, clock):
    body = (
        user("host") + boundary("edge", "host", "signal", interrupts=False) + user("handle") + END + end("e2")
        + chain("start", "host", "end") + chain("edge", "handle", "e2")
    )  # fmt: skip
    instance = run(body, "Listener")
    clock.advance(dt.timedelta(seconds=1))
    broadcast_signal("AllClear", payload={}, site_code="provincial", subjects={})
    deliver_all(clock)

    deliveries(name="SignalOffered").update(delivered_at=None)
    for row in deliveries(name="SignalOffered"):
        deliver(row.pk)

    assert open_steps(instance) == ["handle", "host"]


def test_a_signal_for_a_case_that_has_ended_has_no_effect(run, cast, clock):
    instance = run(LISTENER, "Listener")
    clock.advance(dt.timedelta(seconds=1))
    broadcast_signal("AllClear", payload={}, site_code="provincial", subjects={})
    ProcessInstance.objects.filter(pk=instance.pk).update(status="cancelled")

    deliver_all(clock)

    assert open_steps(instance) == []
    assert not deliver_due()


def test_a_signal_begins_every_process_that_begins_with_it(clock, tmp_path, operators, cast):
    start = event("startEvent", "start", "signal", extension='<consilium:start site="site_code"/>')
    body = user("begun") + END + chain("start", "begun", "end")
    for name in ("One", "Two"):
        install(bundle(body, key=name, start=start), tmp_path / name)

    broadcast_signal("AllClear", payload={"site": "provincial"}, site_code="provincial", subjects={})
    deliver_all(clock)
    deliver_all(clock)

    begun = ProcessInstance.objects.filter(definition__key__in=["One", "Two"])
    assert sorted(open_steps(each)[0] for each in begun) == ["begun", "begun"]
