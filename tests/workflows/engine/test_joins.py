"""Gateways that join, round after round. Other gateways are in `test_gateways`."""

from __future__ import annotations

from tests.workflows.conftest import chain, flow, timer, user
from tests.workflows.engine.drawing import END, boundary, end

FORK = '<bpmn:parallelGateway id="s"/>'
JOIN = '<bpmn:parallelGateway id="j"/>'


def test_each_round_of_a_loop_waits_for_tokens_of_its_own(play):
    """BPMN 2.0.2 §13.4.1: the tokens of the first round were consumed by it."""
    body = (
        FORK + JOIN + user("a") + user("b") + user("c") + '<bpmn:exclusiveGateway id="m"/>'
        + '<bpmn:exclusiveGateway id="g" default="g-end"/>' + END
        + chain("start", "m", "s", "a", "j", "c", "g") + chain("s", "b", "j")
        + flow("g", "m", "outcome == 'again'") + flow("g", "end", "", "g-end")
    )  # fmt: skip
    process = play(body).complete_in_turn("a", "b")
    for _ in range(3):
        process.complete("c", outcome="again")
        assert process.people == ["a", "b"]
        process.complete("b")
        assert process.people == ["a"]
        process.complete("a")
        assert process.people == ["c"]

    process.complete("c", outcome="enough")
    assert process.is_completed


def test_a_token_that_came_too_many_stays_for_the_next_round(play):
    """BPMN 2.0.2 §13.4.1: exactly one token is consumed from each incoming flow."""
    body = (
        FORK + JOIN + user("a") + user("twice") + user("b") + user("c") + '<bpmn:parallelGateway id="s2"/>'
        + '<bpmn:exclusiveGateway id="m"/>' + END
        + chain("start", "s", "a", "s2", "m", "j", "c", "end") + flow("s2", "m", name="second")
        + chain("s", "b", "j") + chain("s", "twice", "j")
    )  # fmt: skip
    process = play(body).complete_in_turn("a", "b")
    assert process.people == ["twice"]

    process.complete("twice")

    assert process.people == ["c"]  # one of the two tokens of "m", and one of the others


def test_two_tokens_pass_a_fork_one_after_the_other_and_all_four_branches_live(play):
    body = (
        user("long") + timer("tick", "R2/PT10M", attached_to="long", interrupts=False, word="timeCycle") + FORK
        + user("a") + user("b") + END + end("end2") + end("end3")
        + chain("start", "long", "end") + chain("tick", "s", "a", "end2") + chain("s", "b", "end3")
    )  # fmt: skip
    process = play(body)
    process.fire("tick")
    process.fire("tick")

    assert process.people == ["a", "a", "b", "b", "long"]


def test_what_one_branch_changed_is_not_undone_by_another_that_left_it_alone(play):
    body = (
        FORK + JOIN + user("a") + user("b") + user("c") + END
        + chain("start", "s", "a", "j", "c", "end") + chain("s", "b", "j")
    )  # fmt: skip
    process = play(body, {"x": 1}).complete("a", x=2).complete("b", y=3)

    assert (process.data_at("c")["x"], process.data_at("c")["y"]) == (2, 3)


INCLUSIVE = (
    '<bpmn:inclusiveGateway id="s" default="s-c"/><bpmn:inclusiveGateway id="j"/>' + user("a") + user("b")
    + user("c") + user("after") + '<bpmn:exclusiveGateway id="g" default="g-j"/>' + END + end("other")
    + flow("s", "a", "number > 1") + flow("s", "b", "number > 2") + flow("s", "c", "", "s-c")
    + chain("start", "s") + chain("a", "j") + chain("b", "g") + flow("g", "j", "", "g-j")
    + flow("g", "other", "outcome == 'leave'") + chain("c", "j", "after", "end")
)  # fmt: skip


def test_an_inclusive_gateway_takes_every_branch_that_holds_and_joins_them(play):
    """BPMN 2.0.2 §13.4.3: the join waits for every token that can still come."""
    process = play(INCLUSIVE)
    assert process.people == ["a", "b"]
    process.complete("a")
    assert process.people == ["b"]

    process.complete("b")

    assert process.people == ["after"]
    process.complete("after")
    assert process.is_completed


def test_an_inclusive_join_goes_on_when_the_token_it_waits_for_goes_elsewhere(play):
    """BPMN 2.0.2 §13.4.3: no token is left on a path to an incoming flow that has none."""
    process = play(INCLUSIVE).complete("a")

    process.complete("b", outcome="leave")

    assert process.people == ["after"]


def test_an_inclusive_join_waits_for_nobody_where_one_branch_was_taken(play):
    assert play(INCLUSIVE, {"number": 2}).complete("a").people == ["after"]


def test_an_inclusive_join_in_a_loop_waits_anew_each_round(play):
    body = (
        '<bpmn:inclusiveGateway id="s" default="s-a"/><bpmn:inclusiveGateway id="j"/>' + user("a") + user("b")
        + user("c") + '<bpmn:exclusiveGateway id="m"/><bpmn:exclusiveGateway id="g" default="g-m"/>' + END
        + chain("start", "m", "s") + flow("s", "a", "", "s-a") + flow("s", "b", "number > 2")
        + flow("s", "a", "number > 2", "s-a2") + chain("a", "j", "c", "g") + chain("b", "j")
        + flow("g", "m", "", "g-m") + flow("g", "end", "outcome == 'enough'")
    )  # fmt: skip
    process = play(body)
    for _ in range(3):
        assert process.people == ["a", "b"]
        process.complete("a")
        assert process.people == ["b"]
        process.complete_in_turn("b", "c")

    process.complete_in_turn("a", "b").complete("c", outcome="enough")
    assert process.is_completed


def test_an_inclusive_join_does_not_take_an_event_at_an_edge_for_a_way_there(play):
    """BPMN 2.0.2 §13.4.3: the ways that are looked at are of sequence flows.

    The token at `a` will come to the join. That it also goes round, to where it may be interrupted, says nothing.
    """
    body = (
        '<bpmn:inclusiveGateway id="j"/>' + user("a") + user("round") + user("after") + END
        + boundary("edge", "a", "signal", interrupts=False) + chain("start", "a", "j", "after", "end")
        + chain("a", "round", "a") + chain("edge", "j")
    )  # fmt: skip
    process = play(body)

    process.catch("edge")
    assert process.people == ["a"]

    assert process.complete("a").people == ["after", "round"]
