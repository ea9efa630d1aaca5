"""Messages and signals a process sends, and where it waits for them (BPMN 2.0.2 §10.5.1, §10.3.3, §8.4.2)."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import chain, user
from tests.workflows.engine.drawing import END, catch, end, event, parallel, subprocess, throw
from workflows.engine import EngineFault, Thrown

CORRELATED = (
    '<consilium:message correlate="number"><consilium:argument name="n" value="number"/></consilium:message>'
)


@pytest.mark.parametrize(
    "node",
    [
        throw("x", "message", extension=CORRELATED) + END + chain("x", "end"),
        end("x", "message", extension=CORRELATED),
        event("sendTask", "x", "", attributes=' messageRef="M3"', extension=CORRELATED)
        + END
        + chain("x", "end"),
    ],
    ids=["throw event", "end event", "send task"],
)
def test_a_message_leaves_with_its_key_and_what_was_asked_for(play, node):
    process = play(node + chain("start", "x"))

    assert process.is_completed
    assert process.thrown == [Thrown("message", "ResultReady", "x", "7", {"n": 7})]


@pytest.mark.parametrize(
    "node",
    [throw("x", "signal") + END + chain("x", "end"), end("x", "signal")],
    ids=["throw event", "end event"],
)
def test_a_signal_leaves_without_a_key(play, node):
    process = play(node + chain("start", "x"))

    assert process.is_completed
    assert process.thrown == [Thrown("signal", "AllClear", "x", "", {})]


def test_what_is_thrown_is_not_kept_in_the_state(play):
    process = play(throw("x", "signal") + user("a") + END + chain("start", "x", "a", "end"))

    process.complete("a")

    assert len(process.thrown) == 1


@pytest.mark.parametrize(
    "node",
    [
        catch("wait", "message", extension='<consilium:message correlate="number"/>'),
        event("receiveTask", "wait", "", attributes=' messageRef="M3"',
              extension='<consilium:message correlate="number"/>'),
    ],
    ids=["catch event", "receive task"],
)  # fmt: skip
def test_the_key_waited_for_is_fixed_when_the_wait_begins(play, node):
    body = (
        parallel("s") + node + user("after") + user("change") + END + end("e2")
        + chain("start", "s", "wait", "after", "end") + chain("s", "change", "e2")
    )  # fmt: skip
    process = play(body)
    assert process.wait("wait").key == "7"

    process.complete("change", number=8)
    assert process.wait("wait").key == "7"

    assert process.catch("wait", dose_mgy=3)
    assert process.data_at("after")["result_ready"] == {"dose_mgy": 3}


def test_a_key_that_gives_nothing_is_a_fault_at_its_element(play):
    body = catch("wait", "message", extension='<consilium:message correlate="nobody"/>') + END

    with pytest.raises(EngineFault, match="gives no value") as fault:
        play(body + chain("start", "wait", "end"))

    assert fault.value.element_id == "wait"


def test_a_signal_is_waited_for_by_its_name(play):
    process = play(catch("wait", "signal") + user("a") + END + chain("start", "wait", "a", "end"))
    assert (process.wait("wait").kind, process.wait("wait").message) == ("signal", "AllClear")

    assert process.catch("wait", by="Carla")

    assert process.data_at("a")["all_clear"] == {"by": "Carla"}


def test_a_terminate_end_stops_its_own_subprocess_only(play):
    inner = (
        '<bpmn:startEvent id="s1"/>' + parallel("p") + user("a") + user("b") + end("e1") + end("stop", "terminate")
        + chain("s1", "p", "a", "e1") + chain("p", "b", "stop")
    )  # fmt: skip
    body = (
        parallel("s") + subprocess("sub", inner) + user("after") + user("beside") + END + end("e2")
        + chain("start", "s", "sub", "after", "end") + chain("s", "beside", "e2")
    )  # fmt: skip
    process = play(body)

    process.complete("b")

    assert process.people == ["after", "beside"]


def test_a_receive_task_may_follow_an_event_based_gateway(play):
    receive = event("receiveTask", "receive", "", attributes=' messageRef="M3"')
    body = (
        '<bpmn:eventBasedGateway id="g"/>' + receive + catch("clear", "signal") + user("a") + END
        + chain("start", "g", "receive", "a", "end") + chain("g", "clear", "end")
    )  # fmt: skip
    process = play(body)
    assert process.messages == ["clear", "receive"]

    process.catch("receive", n=1)

    assert (process.people, process.messages) == (["a"], [])
    assert process.data_at("a")["result_ready"] == {"n": 1}
