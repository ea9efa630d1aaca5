"""Events with several triggers: any of them is the event, or all are (BPMN 2.0.2 §10.5.1, §10.5.5)."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, user
from tests.workflows.engine.drawing import (
    END,
    TRIGGERS,
    boundary,
    catch,
    end,
    event,
    event_subprocess,
    subprocess,
)
from workflows.checks import check_bundle

DECLARED = "<consilium:message/>"
NEWS, LATE, CLEAR = TRIGGERS["message"], TRIGGERS["timer"], TRIGGERS["signal"]
SERIES = '<bpmn:messageEventDefinition messageRef="M1"/>'


def waiting(*triggers, extension=DECLARED):
    node = catch("x", "".join(triggers), extension=extension)
    return node + user("after") + END + chain("start", "x", "after", "end")


def beside(*triggers, interrupts=True):
    return (
        user("host") + boundary("x", "host", "".join(triggers), interrupts=interrupts, extension=DECLARED)
        + user("handle") + END + end("e2") + chain("start", "host", "end") + chain("x", "handle", "e2")
    )  # fmt: skip


def together(body):
    """All triggers of the event are needed."""
    return body.replace(' id="x"', ' id="x" parallelMultiple="true"', 1)


BODIES = {
    "all of several": together(waiting(NEWS, CLEAR, LATE)),
    "a catch event": waiting(NEWS, CLEAR, LATE),
    "two messages": waiting(NEWS, SERIES),
    "a boundary event": beside(NEWS, TRIGGERS["conditional"], LATE, interrupts=False),
    "an event subprocess": user("a") + END + chain("start", "a", "end") + event_subprocess(
        "on", NEWS + CLEAR, user("handle") + end("he") + chain("on-start", "handle", "he")
    ).replace(f"{NEWS}{CLEAR}", f"<bpmn:extensionElements>{DECLARED}</bpmn:extensionElements>{NEWS}{CLEAR}"),
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_events_with_several_triggers_may_be_deployed(operators, body):
    assert check_bundle(bundle(body)) == []


@pytest.mark.parametrize("which", ["timer", "first message", "second message", "signal"])
def test_whichever_comes_first_is_the_event_and_the_others_are_not_waited_for(play, which):
    process = play(waiting(NEWS, SERIES, CLEAR, LATE))
    assert process.open == ["x"] * 4

    position = ["timer", "first message", "second message", "signal"].index(which)
    assert process.catch("x", position, found=3) if position else process.fire("x")

    assert process.open == ["after"]
    caught = {"first message": "result_ready", "second message": "series_complete", "signal": "all_clear"}
    data = process.data_at("after")
    assert {name: data[name] for name in caught.values() if name in data} == (
        {caught[which]: {"found": 3}} if position else {}
    )
    assert process.complete("after").is_completed


def test_messages_of_one_event_are_told_apart_where_they_have_the_same_key(play):
    process = play(waiting(NEWS, SERIES, extension='<consilium:message correlate="number"/>'))
    first, second = process.wait("x", 0), process.wait("x", 1)

    assert (first.message, second.message) == ("ResultReady", "SeriesComplete")
    assert first.key == second.key == "7"
    assert first.uid != second.uid


def test_a_condition_may_be_one_of_them(play):
    body = (
        '<bpmn:parallelGateway id="p"/>' + user("look") + end("e2")
        + catch("x", TRIGGERS["conditional"] + LATE) + user("after") + END
        + chain("start", "p", "x", "after", "end") + chain("p", "look", "e2")
    )  # fmt: skip
    process = play(body)

    process.complete("look", alarm=True)

    assert process.open == ["after"]


def test_any_of_them_takes_the_activity_away(play):
    for position in (0, 1):
        process = play(beside(NEWS, LATE))
        assert process.catch("x", 1) if position else process.fire("x")

        assert process.open == ["handle"]


def test_one_that_does_not_interrupt_listens_on_to_what_can_still_happen(play):
    process = play(beside(NEWS, LATE, interrupts=False))
    due = process.wait("x", 0).due_at

    process.catch("x", 1)
    assert (process.people, process.timers, process.messages) == (["handle", "host"], ["x"], ["x"])
    assert process.wait("x", 0).due_at == due  # the timer counts from when the activity began
    process.fire("x")
    assert (process.people, process.timers, process.messages) == (["handle", "handle", "host"], [], ["x"])
    process.catch("x")
    assert process.people == ["handle", "handle", "handle", "host"]
    process.complete("host")
    assert process.messages == []


def test_a_repeating_timer_keeps_its_count_when_another_trigger_happens(play):
    process = play(beside(NEWS, TRIGGERS["cycle"], interrupts=False))
    process.fire("x")
    process.catch("x", 1)
    process.fire("x")
    process.fire("x")

    assert (process.timers, process.messages) == ([], ["x"])  # R3: three times in all


def test_a_condition_that_holds_fires_once_although_another_trigger_happens(play):
    process = play(beside(TRIGGERS["conditional"], NEWS, interrupts=False), {"alarm": True})
    assert process.people == ["handle", "host"]

    process.catch("x", 1)

    assert process.people == ["handle", "handle", "host"]


def test_an_error_or_an_escalation_at_the_edge_of_a_subprocess(play):
    for trigger in ("error", "escalation"):
        inner = '<bpmn:startEvent id="s1"/>' + user("a") + end("out", trigger) + chain("s1", "a", "out")
        body = (
            subprocess("sub", inner) + boundary("x", "sub", TRIGGERS["any error"] + TRIGGERS["any escalation"] + LATE)
            + user("handle") + END + end("e2") + chain("start", "sub", "end") + chain("x", "handle", "e2")
        )  # fmt: skip
        process = play(body).complete("a")

        assert process.open == ["handle"]
        assert process.data_at("handle")[trigger]["element"] == "out"


def test_an_event_subprocess_is_begun_by_any_of_them(play):
    for position in (0, 1):
        process = play(BODIES["an event subprocess"])
        assert process.catch("on-start", position)

        assert process.open == ["handle"]


@pytest.mark.parametrize("kind", ["intermediateThrowEvent", "endEvent"])
def test_all_that_an_event_throws_goes_out(play, operators, kind):
    said = '<consilium:message><consilium:argument name="n" value="number"/></consilium:message>'
    node = event(kind, "x", NEWS + CLEAR, extension=said)
    body = node + (
        END + chain("start", "x", "end") if kind == "intermediateThrowEvent" else chain("start", "x")
    )
    assert check_bundle(bundle(body)) == []

    process = play(body)

    assert [(each.kind, each.name, each.payload) for each in process.thrown] == [
        ("message", "ResultReady", {"n": 7}), ("signal", "AllClear", {"n": 7}),
    ]  # fmt: skip
    assert process.is_completed


REFUSED = {
    "Of several triggers one at most is a timer": waiting(LATE, TRIGGERS["timer"]),
    "Of several triggers one at most is a condition": waiting(TRIGGERS["conditional"] * 2),
    "The trigger link stands alone": waiting(NEWS, TRIGGERS["link"]),
    "The trigger compensation stands alone": beside(NEWS, TRIGGERS["compensate"]),
    "Only messages and signals are thrown together": end("x", NEWS + TRIGGERS["terminate"]) + chain("start", "x"),
    "A task sends or receives one message": event("receiveTask", "x", NEWS, attributes=' messageRef="M1"') + END
    + chain("start", "x", "end"),
    "Messages, signals, conditions and one timer alone are waited for together": together(
        beside(NEWS, TRIGGERS["cycle"], interrupts=False)
    ),
    "An event behind an event-based gateway has one trigger; draw one for each": (
        '<bpmn:eventBasedGateway id="g"/>' + catch("x", NEWS + CLEAR, extension=DECLARED) + catch("y", LATE) + END
        + chain("start", "g", "x", "end") + chain("g", "y", "end")
    ),
    "An error event always interrupts": beside(NEWS, TRIGGERS["error"], interrupts=False),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_what_would_not_be_told_apart_is_refused(operators, message):
    found = {(each.element_id, each.message) for each in check_bundle(bundle(REFUSED[message]))}

    assert ("x", message) in found


def test_two_messages_with_correlation_keys_of_bpmn_are_refused(operators):
    keys = (
        '<bpmn:correlationProperty id="P"><bpmn:correlationPropertyRetrievalExpression messageRef="M3">'
        "<bpmn:messagePath>number</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression>"
        '</bpmn:correlationProperty><bpmn:correlationKey id="K">'
        "<bpmn:correlationPropertyRef>P</bpmn:correlationPropertyRef></bpmn:correlationKey>"
    )
    files = bundle(waiting(NEWS, SERIES))
    files["sample.bpmn"] = files["sample.bpmn"].replace("<bpmn:process ", f"{keys}<bpmn:process ")

    found = {(each.element_id, each.message) for each in check_bundle(files)}

    assert ("x", "Of several messages none has a correlation key of BPMN's; write consilium:message") in found


def test_a_start_event_with_several_triggers_begins_by_any_of_them(operators):
    start = event("startEvent", "start", SERIES + '<bpmn:messageEventDefinition messageRef="M2"/>' + CLEAR)
    text = bundle(user("a") + END + chain("start", "a", "end"), start=start)

    assert check_bundle(text) == []


@pytest.mark.parametrize("order", [("catch", "fire"), ("fire", "catch")])
def test_an_event_that_needs_all_waits_for_each_and_keeps_what_came(play, order):
    process = play(together(waiting(NEWS, LATE)))
    assert (process.timers, process.messages) == (["x"], ["x"])

    for number, each in enumerate(order):
        assert process.people == []
        if each == "fire":
            assert process.fire("x")
        else:
            assert process.catch("x", 0 if number else 1, found=3)

    assert process.open == ["after"]
    assert process.data_at("after")["result_ready"] == {"found": 3}
    assert process.complete("after").is_completed


def test_an_activity_is_taken_away_when_all_have_happened(play):
    process = play(together(beside(NEWS, SERIES)))
    process.catch("x", n=1)
    assert (process.people, process.messages) == (["host"], ["x"])

    process.catch("x", n=2)

    assert process.open == ["handle"]
    data = process.data_at("handle")
    assert (data["result_ready"], data["series_complete"]) == ({"n": 1}, {"n": 2})


def test_beside_an_activity_all_may_happen_again(play):
    process = play(together(beside(NEWS, CLEAR, interrupts=False)))
    for handled in (["handle"], ["handle"] * 2):
        process.catch("x", 1)
        process.catch("x")

        assert process.people == [*handled, "host"]
        assert process.messages == ["x", "x"]


def test_an_event_subprocess_may_need_all(play):
    body = BODIES["an event subprocess"].replace(
        ' id="on-start"', ' id="on-start" parallelMultiple="true"', 1
    )
    process = play(body)

    process.catch("on-start", 1)
    assert process.open == ["a", "on-start"]
    process.catch("on-start")

    assert process.open == ["handle"]


def test_a_process_is_not_begun_by_several_together(operators):
    start = event("startEvent", "start", SERIES + CLEAR, attributes=' parallelMultiple="true"')
    found = check_bundle(bundle(user("a") + END + chain("start", "a", "end"), start=start))

    assert [str(each) for each in found] == [
        "start: A process is begun by one trigger, not by several together"
    ]
