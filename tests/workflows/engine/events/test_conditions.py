"""Conditional events: they fire when the data of the case make the condition true (BPMN 2.0.2 §10.5.5)."""

from __future__ import annotations

from tests.workflows.conftest import chain, flow, message, timer, user
from tests.workflows.engine.drawing import END, boundary, catch, end, parallel

WATCH = (
    parallel("s") + user("work") + user("more") + catch("watch", "conditional") + user("act") + END + end("e2")
    + chain("start", "s", "work", "more", "end") + chain("s", "watch", "act", "e2")
)  # fmt: skip


def test_a_variable_that_is_not_there_is_not_true(play):
    process = play(WATCH)

    assert (process.people, process.messages) == (["work"], ["watch"])
    assert process.run.waits.messages[process.wait("watch").uid].kind == "conditional"


def test_it_sees_what_another_branch_has_changed(play):
    process = play(WATCH)

    process.complete("work", alarm=True)

    assert process.people == ["act", "more"]
    assert process.data_at("act")["alarm"] is True


def test_a_condition_that_holds_already_does_not_wait(play):
    assert play(WATCH, {"alarm": True}).people == ["act", "work"]


def test_an_interrupting_boundary_takes_the_activity_away(play):
    body = (
        parallel("s") + user("host") + boundary("edge", "host", "conditional") + user("handle") + user("other") + END
        + end("e2") + end("e3") + chain("start", "s", "host", "end") + chain("edge", "handle", "e2")
        + chain("s", "other", "e3")
    )  # fmt: skip
    process = play(body)

    process.complete("other", alarm=True)

    assert process.people == ["handle"]


def test_beside_the_activity_it_fires_again_only_after_it_was_false(play):
    body = (
        parallel("s") + user("host") + boundary("edge", "host", "conditional", interrupts=False) + user("handle")
        + user("look") + '<bpmn:exclusiveGateway id="g" default="g-look"/>' + END + end("e2") + end("e3")
        + chain("start", "s", "host", "end") + chain("edge", "handle", "e2") + chain("s", "look", "g")
        + flow("g", "look", "", "g-look") + flow("g", "e3", "enough")
    )  # fmt: skip
    process = play(body)
    told = []

    for alarm in (True, True, False, True):
        process.complete("look", alarm=alarm)
        told.append(process.people.count("handle"))

    assert told == [1, 1, 1, 2]
    assert "host" in process.people


def test_behind_an_event_based_gateway_it_is_one_of_the_events(play):
    body = (
        parallel("s") + '<bpmn:eventBasedGateway id="g"/>' + catch("watch", "conditional") + message("news")
        + timer("late", "PT1H") + user("act") + user("work") + END + end("e2")
        + chain("start", "s", "g", "watch", "act", "end") + chain("g", "news", "end")
        + chain("g", "late", "end") + chain("s", "work", "e2")
    )  # fmt: skip
    process = play(body)
    assert process.messages == ["news", "watch"]

    process.complete("work", alarm=True)

    assert (process.people, process.messages, process.timers) == (["act"], [], [])
