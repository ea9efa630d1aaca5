"""Gateways that choose, and joins beside other constructs; joins of many rounds are in `test_joins`.

Reference  BPMN 2.0.2 §10.6, §13.4.1 to §13.4.3
"""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bpmn, bundle, chain, flow, timer, user
from tests.workflows.engine.drawing import END, scope
from workflows.checks import check_bundle
from workflows.engine import EngineFault, ProcessModel


def gateway(kind, name, default=""):
    return f'<bpmn:{kind}Gateway id="{name}"{f""" default="{default}" """ if default else ""}/>'


def choice(kind, *, default=""):
    """`number` chooses between `many` (over 5), `some` (over 2) and, where there is a default, `none`."""
    other = user("none") + flow("g", "none", "", "g-none") + chain("none", "end") if default else ""
    return (
        gateway(kind, "g", default) + user("many") + user("some") + END + other
        + chain("start", "g") + flow("g", "many", "number > 5") + flow("g", "some", "number > 2")
        + chain("many", "end") + chain("some", "end")
    )  # fmt: skip


def test_an_exclusive_gateway_takes_the_first_flow_whose_condition_holds(play):
    assert play(choice("exclusive")).open == ["many"]
    assert play(choice("exclusive"), {"number": 3}).open == ["some"]
    assert play(choice("exclusive", default="g-none"), {"number": 1}).open == ["none"]


@pytest.mark.parametrize("kind", ["exclusive", "inclusive"])
def test_a_gateway_no_flow_of_which_may_be_taken_is_a_fault(play, kind):
    """BPMN 2.0.2 §13.4.2, §13.4.3: without a default flow the gateway throws an exception."""
    with pytest.raises(EngineFault) as fault:
        play(choice(kind), {"number": 1})

    assert fault.value.element_id == "g"


def test_an_inclusive_gateway_takes_its_default_only_if_nothing_else(play):
    assert play(choice("inclusive", default="g-none")).open == ["many", "some"]
    assert play(choice("inclusive", default="g-none"), {"number": 1}).open == ["none"]


def test_an_exclusive_merge_lets_every_token_pass(play):
    body = (
        gateway("parallel", "s") + gateway("exclusive", "m") + user("a") + user("b") + user("after") + END
        + chain("start", "s", "a", "m", "after", "end") + chain("s", "b", "m")
    )  # fmt: skip
    run = play(body).complete("a").complete("b")

    assert run.open == ["after", "after"]
    assert not run.complete("after").is_completed
    assert run.complete("after").is_completed


def test_one_gateway_may_join_and_fork(play):
    body = (
        gateway("parallel", "s") + gateway("parallel", "j") + "".join(map(user, "abcd")) + END
        + '<bpmn:endEvent id="end2"/>' + chain("start", "s", "a", "j", "c", "end") + chain("s", "b", "j", "d", "end2")
    )  # fmt: skip
    run = play(body).complete("a")
    assert run.open == ["b"]

    assert run.complete("b").open == ["c", "d"]


def test_forks_within_forks_join_from_the_innermost(play):
    body = (
        gateway("parallel", "s") + gateway("inclusive", "s2", "s2-c") + gateway("inclusive", "j2")
        + gateway("parallel", "j") + "".join(map(user, "abc")) + user("after") + END
        + chain("start", "s", "a", "j", "after", "end") + chain("s", "s2")
        + flow("s2", "b", "number > 5") + flow("s2", "c", "", "s2-c") + chain("b", "j2", "j") + chain("c", "j2")
    )  # fmt: skip
    run = play(body)
    assert run.open == ["a", "b"]

    assert run.complete("b").open == ["a"]
    assert run.complete("a").open == ["after"]


ATTACHED = (
    gateway("inclusive", "s", "s-b") + gateway("inclusive", "j") + user("a") + user("b") + user("chase")
    + user("after") + timer("late", "PT1H", attached_to="a") + END + chain("start", "s") + flow("s", "a", "number > 5")
    + flow("s", "b", "", "s-b") + flow("s", "b", "number > 5", "s-b2") + chain("a", "j", "after", "end")
    + chain("b", "j") + chain("late", "chase", "j")
)  # fmt: skip


def test_an_inclusive_join_does_not_wait_for_a_boundary_event_that_can_no_longer_happen(play):
    run = play(ATTACHED).complete("b")
    assert run.open == ["a", "late"]

    assert run.complete("a").open == ["after"]


def test_an_inclusive_join_waits_for_the_token_a_boundary_event_sent_another_way(play):
    run = play(ATTACHED).complete("b")
    run.fire("late")
    assert run.open == ["chase"]

    assert run.complete("chase").open == ["after"]


def test_a_join_counts_the_token_of_a_subprocess_at_work(play):
    body = (
        gateway("inclusive", "s", "s-b") + gateway("inclusive", "j") + scope("x", user("a") + user("c"), "a", "c")
        + user("b") + user("after") + END + chain("start", "s") + flow("s", "x", "number > 5")
        + flow("s", "b", "", "s-b") + flow("s", "b", "number > 5", "s-b2") + chain("x", "j", "after", "end")
        + chain("b", "j")
    )  # fmt: skip
    run = play(body).complete("b").complete("a")
    assert run.open == ["c"]

    assert run.complete("c").open == ["after"]


PLANE = (
    '<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"><di:BPMNPlane>{}</di:BPMNPlane></di:BPMNDiagram>'
)
SHAPE = '<di:BPMNShape bpmnElement="{}"><dc:Bounds x="0" y="{}" width="9" height="9"/></di:BPMNShape>'


def test_conditions_are_asked_in_the_order_of_the_file_not_of_the_picture(play):
    drawn = PLANE.format(SHAPE.format("many", 500) + SHAPE.format("some", 10))

    text = bpmn(choice("exclusive")).replace("</bpmn:definitions>", f"{drawn}</bpmn:definitions>")

    assert play(ProcessModel.from_text(text)).open == ["many"]


FORK = (
    user("a") + user("b") + user("c") + END + '<bpmn:endEvent id="end2"/>'
    + chain("start", "a") + chain("b", "end") + chain("c", "end2")
)  # fmt: skip


def test_several_flows_out_of_an_activity_are_all_taken(play):
    """BPMN 2.0.2 §8.3.13: a token goes along each flow without a condition."""
    run = play(FORK + flow("a", "b") + flow("a", "c")).complete("a")

    assert run.open == ["b", "c"]


def test_of_flows_with_conditions_out_of_an_activity_those_are_taken_whose_condition_holds(play):
    body = FORK + flow("a", "b", "number > 5") + flow("a", "c", "number > 8")

    assert play(body).complete("a").open == ["b"]
    assert play(body, {"number": 9}).complete("a").open == ["b", "c"]
    with pytest.raises(EngineFault) as fault:
        play(body, {"number": 1}).complete("a")
    assert fault.value.element_id == "a"


def test_a_flow_without_a_condition_is_taken_beside_those_that_have_one(play):
    body = FORK + flow("a", "b") + flow("a", "c", "number > 8")

    assert play(body).complete("a").open == ["b"]
    assert play(body, {"number": 9}).complete("a").open == ["b", "c"]


def test_the_default_flow_out_of_an_activity_is_taken_if_no_condition_holds(play):
    body = WITH_DEFAULT + flow("a", "b", "number > 5") + flow("a", "c", "", "a-c")

    assert play(body).complete("a").open == ["b"]
    assert play(body, {"number": 1}).complete("a").open == ["c"]


def test_several_flows_out_of_an_event_are_all_taken(play):
    body = (
        timer("t", "PT1H") + user("b") + user("c") + END + '<bpmn:endEvent id="end2"/>'
        + chain("start", "t", "b", "end") + chain("t", "c", "end2")
    )  # fmt: skip

    run = play(body)
    run.fire("t")

    assert run.open == ["b", "c"]


WITH_DEFAULT = FORK.replace('id="a" name', 'id="a" default="a-c" name')


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            WITH_DEFAULT + flow("a", "b") + flow("a", "c", "", "a-c"),
            "a: A default flow stands beside flows with conditions only; use a gateway",
        ),
        (
            WITH_DEFAULT + flow("a", "b") + flow("a", "c", "", "other"),
            "a: The default flow does not leave it",
        ),
        (
            FORK + flow("a", "b") + flow("start", "c", "number > 5"),
            "start-c: A flow out of a startEvent has no condition",
        ),
        (
            FORK + flow("a", "b", "number > 5") + flow("b", "c"),
            "a-b: A flow with a condition is not the only one out of an activity",
        ),
    ],
)
def test_flows_that_cannot_be_meant_are_refused(operators, body, words):
    assert words in [str(each) for each in check_bundle(bundle(body))]


def test_a_fork_without_a_gateway_is_accepted(operators):
    body = FORK + flow("a", "b") + flow("a", "c", "number > 8")

    assert check_bundle(bundle(body)) == []


@pytest.mark.parametrize("kind", ["parallel", "inclusive"])
def test_two_flows_from_one_element_into_a_join_are_refused(operators, kind):
    body = (
        gateway("parallel", "s") + gateway(kind, "j") + user("after") + END
        + flow("start", "s") + flow("s", "j") + flow("s", "j", "", "again") + chain("j", "after", "end")
    )  # fmt: skip

    assert "again: Another flow leads from s to j already, and the join could not tell them apart" in [
        str(each) for each in check_bundle(bundle(body))
    ]


@pytest.mark.parametrize("kind", ["exclusive", "inclusive"])
def test_a_choice_without_default_is_accepted(operators, kind):
    assert check_bundle(bundle(choice(kind))) == []


def test_a_complex_gateway_is_refused(operators):
    body = gateway("complex", "x") + END + chain("start", "x", "end")

    assert "x: A complex gateway is not supported" in [str(each) for each in check_bundle(bundle(body))]
