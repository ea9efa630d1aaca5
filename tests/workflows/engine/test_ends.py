"""Several ends of one scope.  Reference: BPMN 2.0.2 §10.5.3, §13.5.6."""

from __future__ import annotations

from tests.workflows.conftest import chain, user
from tests.workflows.engine.drawing import END, scope

SPLIT = '<bpmn:parallelGateway id="s"/>'
OTHER = '<bpmn:endEvent id="other" name="Otherwise"/>'
BOTH = (
    SPLIT + user("a") + user("b") + END + OTHER + chain("start", "s", "a", "end") + chain("s", "b", "other")
)


def test_a_process_goes_on_until_every_token_has_ended(play):
    run = play(BOTH).complete("a")

    assert not run.is_completed
    assert run.open == ["b"]
    assert run.complete("b").is_completed


def test_what_each_branch_changed_is_there_at_the_end(play):
    run = play(BOTH, {"kept": [1], "changed": [1, 2, 3], "both": 0})

    run.complete("a", x=1, changed=[9], both="a").complete("b", y=2, both="b")

    data = run.run.end_data
    assert (data["x"], data["y"]) == (1, 2)
    assert (data["kept"], data["changed"], data["both"]) == ([1], [9], "b")


def test_three_ends_bring_what_each_of_them_changed(play):
    third = user("c") + '<bpmn:endEvent id="third"/>' + chain("s", "c", "third")

    run = play(BOTH + third, {"shared": {"old": 0}})
    run.complete("b", b=1, shared={"old": 0, "b": 1}).complete("c", c=1, shared={"old": 0, "c": 1}).complete(
        "a", a=1
    )

    data = run.run.end_data
    assert (data["a"], data["b"], data["c"], data["shared"]) == (1, 1, 1, {"old": 0, "b": 1, "c": 1})


def test_what_each_branch_of_a_subprocess_changed_is_there_after_it(play):
    inside = (
        '<bpmn:startEvent id="x_start"/><bpmn:parallelGateway id="s"/>' + user("a") + user("b")
        + '<bpmn:endEvent id="e1"/><bpmn:endEvent id="e2"/>' + chain("x_start", "s", "a", "e1")
        + chain("s", "b", "e2")
    )  # fmt: skip
    around = f'<bpmn:subProcess id="x">{inside}</bpmn:subProcess>'
    body = around + user("after") + END + chain("start", "x", "after", "end")

    run = play(body, {"changed": [1, 2, 3]}).complete("b", y=2, changed=[9]).complete("a", x=1)

    data = run.data_at("after")
    assert (data["x"], data["y"], data["changed"]) == (1, 2, [9])


def test_terminating_a_subprocess_ends_that_scope_only(play):
    stop = '<bpmn:endEvent id="stop"><bpmn:terminateEventDefinition/></bpmn:endEvent>'
    inside = (
        '<bpmn:startEvent id="x_start"/><bpmn:parallelGateway id="s"/>' + user("a") + scope("y", user("b"), "b")
        + '<bpmn:endEvent id="e2"/>' + stop + chain("x_start", "s", "a", "stop") + chain("s", "y", "e2")
    )  # fmt: skip
    body = (
        '<bpmn:parallelGateway id="p"/><bpmn:endEvent id="last"/>' + user("beside")
        + f'<bpmn:subProcess id="x">{inside}</bpmn:subProcess>{user("after")}{END}'
        + chain("start", "p", "x", "after", "end") + chain("p", "beside", "last")
    )  # fmt: skip
    run = play(body)
    assert run.open == ["a", "b", "beside"]

    run.complete("a", x=1)

    assert run.open == ["after", "beside"]
    assert run.data_at("after")["x"] == 1
