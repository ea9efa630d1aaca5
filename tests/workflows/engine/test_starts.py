"""Several start events, and what else begins a process: each begins its own (BPMN 2.0.2 §10.5.2, §10.6.6, §13.2)."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, user
from tests.workflows.engine.drawing import (
    END,
    boundary,
    catch,
    end,
    event,
    event_subprocess,
    parallel,
    subprocess,
)
from tests.workflows.engine.playing import Play, model_of
from workflows.checks import check_bundle
from workflows.engine import EngineFault

STARTS = event("startEvent", "by-message", "message") + event("startEvent", "by-clock", "timer")
PLAIN = '<bpmn:startEvent id="by-hand"/>'
BODY = (
    user("register") + user("check") + user("after") + '<bpmn:exclusiveGateway id="meet"/>' + END
    + chain("by-message", "register", "meet", "after", "end") + chain("by-clock", "check", "meet")
)  # fmt: skip


@pytest.fixture(params=[False, True], ids=["straight", "restored after each step"])
def begin(request):
    def at(body, start="", starts=STARTS):
        return Play(model_of(body, start=starts), at=start, is_restored=request.param)

    return at


@pytest.mark.parametrize(("start", "first"), [("by-message", "register"), ("by-clock", "check")])
def test_a_process_begins_at_the_start_event_that_happened_and_at_no_other(begin, start, first):
    process = begin(BODY, start)
    assert process.open == [first]

    process.complete_in_turn(first, "after")

    assert process.is_completed
    assert process.done == [start, first, "meet", "after", "end"]


def test_without_news_it_begins_where_it_waits_for_none(begin):
    process = begin(BODY + chain("by-hand", "after"), starts=STARTS + PLAIN)

    assert process.open == ["after"]


def test_where_every_start_waits_for_news_none_is_taken_for_granted(begin):
    with pytest.raises(EngineFault, match="News begins this process"):
        begin(BODY)


def test_what_listens_in_the_process_listens_wherever_it_began(begin):
    on = event_subprocess(
        "on", "signal", user("handle") + end("handled") + chain("on-start", "handle", "handled")
    )
    process = begin(BODY + on, "by-clock")
    assert process.open == ["check", "on-start"]

    process.catch("on-start")

    assert process.open == ["handle"]


def test_each_start_may_begin_several_branches(begin):
    body = (
        parallel("fork") + user("a") + user("b") + user("c") + END + end("e2") + end("e3")
        + chain("by-message", "fork", "a", "end") + chain("fork", "b", "e2") + chain("by-clock", "c", "e3")
    )  # fmt: skip

    assert begin(body, "by-message").complete("a").open == ["b"]
    assert begin(body, "by-clock").complete("c").is_completed


SERIES = '<bpmn:messageEventDefinition messageRef="M1"/>'
INTO = '<consilium:message into="n"/>'
RECEIVE = '<bpmn:receiveTask id="report" messageRef="M2"/>'
FIRST = (
    '<bpmn:eventBasedGateway id="first" instantiate="true"/>' + catch("series", SERIES) + RECEIVE + user("look")
    + user("read") + '<bpmn:exclusiveGateway id="meet"/>' + END + chain("first", "series", "look", "meet", "end")
    + chain("first", "report", "read", "meet")
)  # fmt: skip


@pytest.mark.parametrize(("event_id", "step"), [("series", "look"), ("report", "read")])
def test_the_first_event_behind_a_gateway_that_begins_the_process_begins_it(begin, event_id, step):
    process = begin(FIRST, event_id, starts="")
    assert process.open == [step]

    process.complete(step)

    assert process.is_completed
    assert process.done == [event_id, step, "meet", "end"]


def test_a_receive_task_may_begin_a_process(begin):
    body = (
        RECEIVE.replace("/>", ' instantiate="true"/>') + user("read") + END + chain("report", "read", "end")
    )
    process = begin(body, "report", starts="")

    assert process.complete("read").done == ["report", "read", "end"]


def found(body):
    return {(each.element_id, each.message) for each in check_bundle(bundle(body, start=""))}


def test_what_begins_a_process_may_be_deployed(operators):
    assert found(FIRST) == set()
    assert found(RECEIVE.replace("/>", ' instantiate="true"/>') + END + chain("report", "end")) == set()


@pytest.mark.parametrize(
    ("body", "element", "message"),
    [
        (FIRST + PLAIN + chain("by-hand", "first"),
         "first", "What begins the process stands first: no flow leads here"),
        (FIRST.replace('<bpmn:eventBasedGateway id="first" ',
                       '<bpmn:eventBasedGateway id="first" eventGatewayType="Parallel" '),
         "first", 'eventGatewayType="Parallel" is not supported'),
        (FIRST.replace(SERIES, "<bpmn:conditionalEventDefinition><bpmn:condition>True</bpmn:condition>"
                       "</bpmn:conditionalEventDefinition>"),
         "series", "A process is not begun by a condition; begin it by a message, a signal or a timer"),
        (PLAIN + subprocess("sub", FIRST) + end("e2") + chain("by-hand", "sub", "e2"),
         "first", "Only a process is begun so, by an event-based gateway or a receive task"),
        (FIRST.replace(SERIES, f"<bpmn:extensionElements>{INTO}</bpmn:extensionElements>{SERIES}"),
         "series", "What comes with the message that begins a process is its data, each by its name"),
        (RECEIVE.replace("/>", ' instantiate="true"/>') + boundary("late", "report", "timer") + END
         + chain("report", "end") + chain("late", "end"),
         "report", "A receive task that begins the process has no boundary event"),
    ],
)  # fmt: skip
def test_what_cannot_begin_a_process_is_refused(operators, body, element, message):
    assert (element, message) in found(body)
