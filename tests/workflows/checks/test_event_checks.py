"""Which events a bundle may have, and what is said of the others, with the element's id."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, flow, machine, message, timer, user
from tests.workflows.engine.drawing import (
    END,
    boundary,
    catch,
    end,
    event,
    event_subprocess,
    marked,
    multi,
    parallel,
    subprocess,
    throw,
    undoable,
)
from tests.workflows.engine.events.test_compensation import transaction
from workflows.checks import check_bundle

CORRELATED = '<consilium:message correlate="number"/>'
INSIDE = user("handle") + end("handled") + chain("on-start", "handle", "handled")


def refused(body, **options):
    return {(problem.element_id, problem.message) for problem in check_bundle(bundle(body, **options))}


def between(node, name="x"):
    return node + END + chain("start", name, "end")


def at_edge(host, trigger, **options):
    return (
        host + boundary("x", "host", trigger, **options) + END + chain("start", "host", "end") + chain("x", "end")
    )  # fmt: skip


def inside(node, *, kind="subProcess", steps=("s1", "x"), more=""):
    return (
        subprocess("sub", '<bpmn:startEvent id="s1"/>' + node + chain(*steps), kind=kind) + more + END
        + chain("start", "sub", "end")
    )  # fmt: skip


UNDONE = undoable("a") + throw("x", "compensate") + END + chain("start", "a", "x", "end")
LINKED = throw("away", "link") + catch("here", "link") + END + chain("start", "away") + chain("here", "end")


@pytest.mark.parametrize(
    "body",
    [
        UNDONE,
        UNDONE.replace("<bpmn:compensateEventDefinition/></bpmn:intermediateThrow",
                       '<bpmn:compensateEventDefinition waitForCompletion="false"/></bpmn:intermediateThrow'),
        LINKED,
        between(catch("x", "conditional")),
        between(catch("x", "signal")),
        between(catch("x", "message", extension=CORRELATED)),
        between(throw("x", "message", extension=CORRELATED)),
        between(throw("x", "signal")),
        between(event("sendTask", "x", "", attributes=' messageRef="M3"', extension=CORRELATED)),
        between(event("receiveTask", "x", "", attributes=' messageRef="M3"', extension=CORRELATED)),
        end("x", "message") + chain("start", "x"),
        at_edge(user("host"), "signal", interrupts=False),
        between(throw("x", "")),
        at_edge(user("host"), "conditional", interrupts=False),
        at_edge(machine("host"), "timer"),
        at_edge('<bpmn:receiveTask id="host" messageRef="M1"/>', "timer"),
        inside(end("x", "error"), more=boundary("b", "sub", "error") + chain("b", "end")),
        inside(end("x", "escalation"),
               more=boundary("b", "sub", "any escalation", interrupts=False) + chain("b", "end")),
        user("a") + END + chain("start", "a", "end") + event_subprocess("on", "timer", INSIDE),
        user("a") + END + chain("start", "a", "end") + event_subprocess("on", "cycle", INSIDE, interrupts=False),
        user("a") + END + chain("start", "a", "end") + event_subprocess("on", "error", INSIDE),
        transaction(("cancelled", "cancel")),
        parallel("p") + user("a") + end("fail", "error") + END + chain("start", "p", "a", "end") + chain("p", "fail"),
    ],
)  # fmt: skip
def test_events_that_run_faithfully_are_accepted(operators, body):
    assert refused(body) == set()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (between(catch("x", "")), "The event waits for nothing"),
        (between('<bpmn:receiveTask id="x"/>'), "The receive task has no message"),
        (between('<bpmn:sendTask id="x"/>'), "The send task has no message"),
        (between(catch("x", "message", extension='<consilium:message correlate="open()"/>')),
         ("correlation: Only these functions may be called: abs, len, lower, max, min, round, starts_with, upper;"
         " use a script task for more")),
        (between(catch("x", "<bpmn:signalEventDefinition/>")), "The signal has no name"),
        (throw("x", "signal", extension='<consilium:signal><consilium:argument name="subjects" value="1"/>'
               "</consilium:signal>") + END + chain("start", "x", "end"),
         "The argument subjects goes with every message by itself"),
        (throw("x", "message", extension='<consilium:message><consilium:argument name="n" value="1 +"/>'
               "</consilium:message>") + END + chain("start", "x", "end"), "argument n: Not an expression: '1 +'"),
        (between(catch("x", "error")), "An error event is not supported here"),
        (between(catch("x", "<bpmn:conditionalEventDefinition/>")), "condition: Not an expression: ''"),
        (between(catch("x", "<bpmn:linkEventDefinition/>")), "The link has no name"),
        (between(throw("x", "<bpmn:escalationEventDefinition/>")), "The escalation has no code"),
        (end("x", "any error") + chain("start", "x"), "The error has no code"),
        (at_edge(user("host"), "error"), "A user task throws no error"),
        (at_edge(user("host"), "escalation"), "Only a subprocess or a called process escalates"),
        (at_edge(user("host"), "cancel"), "Only a transaction is cancelled"),
        (at_edge(machine("host"), "error", interrupts=False), "An error event always interrupts"),
        (at_edge('<bpmn:parallelGateway id="host"/>', "timer"),
         "A boundary event is attached to a task, a call activity or a subprocess"),
        (end("x", "cancel") + chain("start", "x"), "A cancel end event stands directly in a transaction"),
        (throw("x", "link") + END + chain("start", "x"), "No link event of its scope catches A"),
        (catch("x", "link") + END + chain("x", "end"), "No link event of its scope throws A"),
        (LINKED + catch("x", "link") + chain("x", "end"), "Several link events catch A; there can be one"),
        (LINKED.replace("away", "x") + chain("x", "end"), "A link goes on at its catch; no flow leaves its throw"),
        (between(throw("x", "compensate")), "There is nothing to undo: no activity here has a compensation handler"),
        (UNDONE.replace("<bpmn:compensateEventDefinition/></bpmn:intermediateThrow",
                        '<bpmn:compensateEventDefinition activityRef="end"/></bpmn:intermediateThrow'),
         "There is nothing to undo: no activity here has a compensation handler"),
        (at_edge(user("host"), "compensate"), "A compensation event is associated with one handler"),
        (user("a") + END + chain("start", "a", "end") + event_subprocess("on", "compensate", INSIDE).replace(
            "on-start", "x"), "A compensation event subprocess stands in a subprocess, which it undoes"),
        (user("a") + END + chain("start", "a", "end") + event_subprocess("on", "error", INSIDE, interrupts=False)
         .replace("on-start", "x"), "An error event always interrupts"),
        (inside(user("x"), steps=("s1", "x")), "A dead end: nothing follows, and it is no end event"),
    ],
)  # fmt: skip
def test_events_that_would_not_are_refused_by_name(operators, body, message):
    assert ("x", message) in refused(body)


def test_an_escalation_that_neither_the_process_nor_a_caller_could_hear_is_refused(operators):
    by_message = event("startEvent", "start", "message").replace("M3", "M1")
    body = between(throw("x", "escalation"))

    assert ("x", "Nothing around it catches the escalation LATE") in refused(body, start=by_message)
    assert refused(body) == set()  # it begins plainly: who calls it may hear it


def test_the_news_of_the_engine_itself_is_not_thrown_by_a_process(operators):
    text = bundle(between(throw("x", "message")))["sample.bpmn"].replace('"ResultReady"', '"CaseChanged"')

    (problem,) = check_bundle({"a.bpmn": text})

    assert (problem.element_id, problem.message) == (
        "x", "CaseChanged is news of the engine's own; no process takes part in it",
    )  # fmt: skip


def test_a_process_is_not_begun_by_a_condition(operators):
    found = refused(user("a") + END + chain("x", "a", "end"), start=event("startEvent", "x", "conditional"))

    assert (
        "x",
        "A process is not begun by a condition; begin it by a message, a signal or a timer",
    ) in found


def test_a_transaction_that_can_be_cancelled_has_a_way_out(operators):
    found = refused(transaction(("broken", "any error")))

    assert ("pay", "A transaction that can be cancelled is left by a cancel boundary event") in found


BEGUN = user("a") + END + chain("start", "a", "end") + event_subprocess("on", "message", INSIDE)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (BEGUN.replace("subProcess", "transaction"), "Only a plain subprocess is begun by an event"),
        (user("a") + END + chain("start", "a", "end")
         + marked(event_subprocess("on", "message", INSIDE), multi(cardinality="2")),
         "An event subprocess is begun by its event, and has no loop marker"),
    ],
)  # fmt: skip
def test_an_event_subprocess_is_plain_and_begun_by_nothing_else(operators, body, message):
    assert ("on", message) in refused(body)


@pytest.mark.parametrize("target", ["start", "edge"])
def test_no_flow_leads_to_what_happens_by_itself(operators, target):
    body = (
        user("a") + user("b") + boundary("edge", "a", "timer") + END + chain("start", "a", "b", target, "end")
    )

    assert (
        f"b-{target}",
        f"No flow leads to a {'startEvent' if target == 'start' else 'boundaryEvent'}",
    ) in refused(body)


RACE = (
    '<bpmn:eventBasedGateway id="g"/>' + message("m", "M1") + timer("late", "PT1H") + END + end("e2")
    + chain("start", "g", "m", "end") + chain("g", "late", "e2")
)  # fmt: skip
RECEIVE = RACE.replace(message("m", "M1"), '<bpmn:receiveTask id="m" messageRef="M1"/>')


@pytest.mark.parametrize(
    ("body", "element", "reason"),
    [
        (RACE + user("a") + chain("g", "a", "e2"), "g-a", "An event-based gateway leads to catch events only"),
        (parallel("p") + RACE.replace(flow("start", "g"), chain("start", "p", "g")) + user("a") + chain("p", "a", "m"),
         "m", "An event behind an event-based gateway has no other way in"),
        (RECEIVE + boundary("edge", "m", "timer") + chain("edge", "e2"),
         "m", "A receive task behind an event-based gateway has no boundary event"),
        (RACE + message("m2", "M1") + chain("g", "m2", "e2"),
         "m2", "Another event behind the gateway waits for the same message"),
    ],
)  # fmt: skip
def test_an_event_behind_an_event_based_gateway_is_waited_for_there_and_once(
    operators, body, element, reason
):
    assert refused(RACE) == refused(RECEIVE) == set()
    assert (element, reason) in refused(body)


def test_an_event_subprocess_stands_outside_the_flows(operators):
    body = user("a") + END + chain("start", "a", "on", "end") + event_subprocess("on", "timer", INSIDE)

    assert (
        "on",
        "An event subprocess is begun by its event; no flow leads there or away",
    ) in refused(body)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((' isForCompensation="true"', ""), "A compensation handler is marked isForCompensation"),
        (("</bpmn:userTask>", "<bpmn:multiInstanceLoopCharacteristics/></bpmn:userTask>"),
         "A repeated compensation handler is not supported"),
    ],
)  # fmt: skip
def test_a_handler_must_be_one_that_can_be_run(operators, change, message):
    assert ("undo-a", message) in refused(UNDONE.replace(*change))
