"""Boundary events: each kind on each activity, taking the activity away or beside it (BPMN 2.0.2 §10.5.5, §13.5.3)."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import chain, machine, user
from tests.workflows.engine.drawing import END, boundary, end, parallel, subprocess

HOSTS = {
    "user task": user("host"),
    "service task": machine("host"),
    "subprocess": subprocess(
        "host", '<bpmn:startEvent id="s1"/>' + user("inside") + end("e1") + chain("s1", "inside", "e1")
    ),
    "receive task": '<bpmn:receiveTask id="host" messageRef="M1"/>',
    "manual task": '<bpmn:manualTask id="host"/>',
    "call activity": '<bpmn:callActivity id="host" calledElement="Other"/>',
    "transaction": subprocess(
        "host",
        '<bpmn:startEvent id="s1"/>' + user("inside") + end("e1") + chain("s1", "inside", "e1"),
        kind="transaction",
    ),
}
OUTSIDE = ["message", "signal", "timer"]


def around(host, trigger, *, interrupts):
    return (
        HOSTS[host] + boundary("edge", "host", trigger, interrupts=interrupts) + user("after") + user("handle") + END
        + end("handled") + chain("start", "host", "after", "end") + chain("edge", "handle", "handled")
    )  # fmt: skip


def occur(process, trigger):
    return process.fire("edge") if trigger in {"timer", "cycle"} else process.catch("edge", answer=1)


def hosts_of(process):
    return [
        name for name in process.people + process.machines + process.messages if name in {"host", "inside"}
    ]


def finish_host(process):
    (name,) = hosts_of(process)
    if name in process.messages:
        process.catch(name)
    else:
        process.complete(name)


@pytest.mark.parametrize("trigger", OUTSIDE)
@pytest.mark.parametrize("host", HOSTS)
def test_an_interrupting_event_takes_the_activity_away(play, host, trigger):
    process = play(around(host, trigger, interrupts=True))
    assert len(hosts_of(process)) == 1

    assert occur(process, trigger)

    assert (process.people, process.machines, process.messages, process.timers) == (["handle"], [], [], [])
    process.complete("handle")
    assert process.is_completed


@pytest.mark.parametrize("trigger", OUTSIDE)
@pytest.mark.parametrize("host", HOSTS)
def test_an_activity_that_is_done_no_longer_listens(play, host, trigger):
    process = play(around(host, trigger, interrupts=True))

    finish_host(process)

    assert (process.people, process.messages, process.timers) == (["after"], [], [])


@pytest.mark.parametrize("trigger", ["message", "signal"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_non_interrupting_event_may_occur_again_and_again(play, host, trigger):
    process = play(around(host, trigger, interrupts=False))

    assert occur(process, trigger)
    assert occur(process, trigger)

    assert len(hosts_of(process)) == 1
    assert process.people.count("handle") == 2
    finish_host(process)
    assert "edge" not in process.messages
    assert sorted(process.people) == ["after", "handle", "handle"]
    for name in ("handle", "after", "handle"):
        assert not process.is_completed
        process.complete(name)
    assert process.is_completed


@pytest.mark.parametrize(("trigger", "times"), [("timer", 1), ("cycle", 3)])
def test_a_timer_beside_the_activity_fires_as_often_as_it_says(play, trigger, times):
    process = play(around("user task", trigger, interrupts=False))

    for _ in range(times):
        assert occur(process, trigger)

    assert process.timers == []
    assert process.people == ["handle"] * times + ["host"]


def test_what_was_begun_beside_an_activity_goes_on_after_it(play):
    process = play(around("user task", "cycle", interrupts=False))
    occur(process, "cycle")

    process.complete("host")

    assert process.people == ["after", "handle"]
    assert process.timers == []


def test_the_payload_goes_where_the_event_says(play):
    into = '<consilium:message into="answer"/>'
    body = (
        user("host") + boundary("edge", "host", "message", extension=into) + user("handle") + END
        + chain("start", "host", "end") + chain("edge", "handle", "end")
    )  # fmt: skip
    process = play(body)

    process.catch("edge", dose_mgy=3)

    assert process.data_at("handle")["answer"] == {"dose_mgy": 3}


@pytest.mark.parametrize("host", HOSTS)
def test_a_condition_takes_any_activity_away(play, host):
    body = around(host, "conditional", interrupts=True).replace(
        chain("start", "host"), chain("start", "s", "host")
    )
    process = play(parallel("s") + user("other") + end("e9") + body + chain("s", "other", "e9"))

    process.complete("other", alarm=True)

    assert (process.people, process.machines, process.messages) == (["handle"], [], [])
