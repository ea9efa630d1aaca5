"""Compensation: what was completed is undone, the last first (BPMN 2.0.2 §10.7, §13.5.5)."""

from __future__ import annotations

from tests.workflows.conftest import chain, flow, machine, user
from tests.workflows.engine.drawing import (
    END,
    boundary,
    end,
    event_subprocess,
    parallel,
    subprocess,
    throw,
    undoable,
)


def about(activity):
    return f'<bpmn:compensateEventDefinition activityRef="{activity}"/>'


BOTH = undoable("a") + undoable("b") + throw("undo", "compensate") + user("after") + END


def test_handlers_run_one_after_another_in_reverse_order_of_completion(play):
    process = play(BOTH + chain("start", "a", "b", "undo", "after", "end"))
    process.complete("a", step="a")
    process.complete("b", step="b")

    assert process.people == ["undo-b"]
    assert process.data_at("undo-b")["step"] == "b"
    process.complete("undo-b")
    assert process.people == ["undo-a"]
    assert process.data_at("undo-a")["step"] == "a"  # as it was when a was completed
    process.complete("undo-a", step="undone")

    assert process.people == ["after"]
    assert process.data_at("after")["step"] == "b"
    process.complete("after")
    assert process.done == ["start", "a", "b", "undo-b", "undo-a", "undo", "after", "end"]


def test_what_was_never_completed_is_not_undone(play):
    body = BOTH.replace(user("b"), user("b") + '<bpmn:exclusiveGateway id="g" default="g-undo"/>')
    process = play(body + chain("start", "a", "g") + flow("g", "b", "number == 0") + flow("g", "undo", "", "g-undo")
                   + chain("b", "undo", "after", "end"))  # fmt: skip
    process.complete("a")

    assert process.people == ["undo-a"]


def test_one_activity_alone_may_be_undone(play):
    body = BOTH.replace(
        "<bpmn:compensateEventDefinition/></bpmn:intermediateThrowEvent>",
        about("a") + "</bpmn:intermediateThrowEvent>",
    )
    process = play(body + chain("start", "a", "b", "undo", "after", "end"))
    process.complete("a")
    process.complete("b")

    assert process.people == ["undo-a"]
    process.complete("undo-a")
    assert process.people == ["after"]


def test_every_completion_is_undone_once(play):
    body = (
        undoable("a") + '<bpmn:exclusiveGateway id="g" default="g-undo"/>' + throw("undo", "compensate")
        + throw("again", "compensate") + user("after") + END + chain("start", "a", "g") + flow("g", "a", "more")
        + flow("g", "undo", "", "g-undo") + chain("undo", "again", "after", "end")
    )  # fmt: skip
    process = play(body)
    for n in (1, 2):
        process.complete("a", n=n, more=n < 2)

    undone = []
    while process.people == ["undo-a"]:
        undone.append(process.data_at("undo-a")["n"])
        process.complete("undo-a")

    assert undone == [2, 1]
    assert process.people == ["after"]


def test_an_end_event_undoes_before_its_branch_ends(play):
    process = play(undoable("a") + end("undo", "compensate") + chain("start", "a", "undo"))
    process.complete("a")
    assert process.people == ["undo-a"]

    process.complete("undo-a")

    assert process.is_completed
    assert process.done[-1] == "undo"


INNER = '<bpmn:startEvent id="s1"/>' + undoable("a") + undoable("b") + end("e1") + chain("s1", "a", "b", "e1")


def test_a_completed_subprocess_is_undone_step_by_step(play):
    for what in ("compensate", about("sub")):
        body = (
            subprocess("sub", INNER) + throw("undo", what) + user("after") + END
            + chain("start", "sub", "undo", "after", "end")
        )  # fmt: skip
        process = play(body)
        process.complete("a")
        process.complete("b")

        for name in ("undo-b", "undo-a", "after"):
            assert process.people == [name]
            process.complete(name)
        assert process.is_completed


def test_a_subprocess_with_a_handler_of_its_own_is_undone_by_that(play):
    body = (
        undoable("sub", activity=subprocess("sub", INNER)) + throw("undo", "compensate") + user("after") + END
        + chain("start", "sub", "undo", "after", "end")
    )  # fmt: skip
    process = play(body)
    process.complete("a")
    process.complete("b")
    assert process.people == ["undo-sub"]

    process.complete("undo-sub")

    assert process.people == ["after"]


def test_a_subprocess_that_was_interrupted_is_not_undone_from_outside(play):
    body = (
        subprocess("sub", INNER) + boundary("edge", "sub", "signal") + undoable("c") + throw("undo", "compensate")
        + user("after") + END + chain("start", "c", "sub", "end") + chain("edge", "undo", "after", "end")
    )  # fmt: skip
    process = play(body.replace('id="after-end"', 'id="x"', 1))
    process.complete("c")
    process.complete("a")

    process.catch("edge")

    assert process.people == ["undo-c"]
    process.complete("undo-c")
    assert process.people == ["after"]


def test_an_event_subprocess_undoes_what_its_scope_has_completed(play):
    body = (
        undoable("a") + machine("b") + END + chain("start", "a", "b", "end")
        + event_subprocess("on", "error", throw("undo", "compensate") + end("handled")
                           + chain("on-start", "undo", "handled"))
    )  # fmt: skip
    process = play(body)
    process.complete("a", step=1)

    assert process.fail("b", "REFUSED")

    assert process.people == ["undo-a"]
    assert process.data_at("undo-a")["step"] == 1
    process.complete("undo-a")
    assert process.is_completed


def test_machines_and_subprocesses_may_undo(play):
    steps = subprocess("undo-b", '<bpmn:startEvent id="u1"/>' + user("ask") + machine("erase") + end("u2")
                       + chain("u1", "ask", "erase", "u2"))  # fmt: skip
    body = (
        undoable("a", machine("undo-a")) + undoable("b", steps) + throw("undo", "compensate") + user("after") + END
        + chain("start", "a", "b", "undo", "after", "end")
    )  # fmt: skip
    process = play(body)
    process.complete("a")
    process.complete("b")

    for name in ("ask", "erase", "undo-a"):
        assert process.people + process.machines == [name]
        process.complete(name)

    assert process.people == ["after"]


def test_other_branches_go_on_meanwhile(play):
    body = (
        undoable("a") + parallel("s") + throw("undo", "compensate") + user("beside") + END + end("e2")
        + chain("start", "a", "s", "undo", "end") + chain("s", "beside", "e2")
    )  # fmt: skip
    process = play(body)
    process.complete("a")
    assert process.people == ["beside", "undo-a"]

    process.complete("beside")
    process.complete("undo-a")

    assert process.is_completed


BESIDE = '<bpmn:compensateEventDefinition waitForCompletion="false"/>'


def test_a_throw_that_does_not_wait_lets_the_token_go_on_beside_it(play):
    """Table 10.86: the scope ends when both have; what is completed meanwhile is not meant."""
    body = (
        undoable("a") + throw("back", BESIDE) + undoable("b") + user("after") + END
        + chain("start", "a", "back", "b", "after", "end")
    )  # fmt: skip
    process = play(body)
    process.complete("a", step="a")
    assert process.people == ["b", "undo-a"]

    process.complete_in_turn("b", "after")
    assert not process.is_completed
    process.complete("undo-a", step="undone")

    assert process.is_completed
    assert process.data["step"] == "a"
    assert process.done == ["start", "a", "b", "after", "end", "undo-a", "back"]


def test_what_a_machine_of_the_engine_does_right_after_such_a_throw_is_not_undone(play):
    script = '<bpmn:scriptTask id="b" scriptFormat="feel"><bpmn:script>{found: number}</bpmn:script></bpmn:scriptTask>'
    body = (
        undoable("a") + throw("back", BESIDE) + undoable("b", activity=script) + user("after") + END
        + chain("start", "a", "back", "b", "after", "end")
    )  # fmt: skip
    process = play(body)

    process.complete("a")

    assert process.people == ["after", "undo-a"]
    process.complete_in_turn("undo-a", "after")
    assert process.is_completed


def test_an_end_event_that_does_not_wait_ends_its_scope_no_earlier(play):
    """§10.5.3: a scope has not ended while something in it is being undone."""
    process = play(undoable("a") + end("undo", BESIDE) + chain("start", "a", "undo")).complete("a")
    assert process.people == ["undo-a"]

    assert process.complete("undo-a").is_completed


def transaction(*edges):
    inner = (
        '<bpmn:startEvent id="s1"/>' + undoable("a") + undoable("b") + parallel("p") + user("c") + machine("d")
        + end("e1") + end("give-up", "cancel") + chain("s1", "a", "b", "p", "c", "give-up") + chain("p", "d", "e1")
    )  # fmt: skip
    body = (
        subprocess("pay", inner, kind="transaction")
        + user("after")
        + END
        + chain("start", "pay", "after", "end")
    )
    for name, trigger in edges:
        body += boundary(name, "pay", trigger) + user(f"on-{name}") + chain(name, f"on-{name}", "end")
    return body


def test_a_cancelled_transaction_stops_undoes_and_is_left_by_its_boundary(play):
    process = play(transaction(("cancelled", "cancel")))
    process.complete("a")
    process.complete("b")
    assert (process.people, process.machines) == (["c"], ["d"])

    process.complete("c")

    assert (process.people, process.machines) == (["undo-b"], [])
    process.complete("undo-b")
    assert process.people == ["undo-a"]
    process.complete("undo-a")
    assert process.people == ["on-cancelled"]
    process.complete("on-cancelled")
    assert process.is_completed


def test_a_transaction_that_ends_well_goes_on(play):
    inner = '<bpmn:startEvent id="s1"/>' + undoable("a") + end("e1") + chain("s1", "a", "e1")
    body = (
        subprocess("pay", inner, kind="transaction") + boundary("cancelled", "pay", "cancel") + user("after") + END
        + throw("undo", "compensate") + chain("start", "pay", "after", "undo", "end") + chain("cancelled", "end")
    )  # fmt: skip
    process = play(body)
    process.complete("a")
    assert process.people == ["after"]

    process.complete("after")

    assert process.people == ["undo-a"]  # a transaction that was completed can still be undone


def test_an_error_leaves_a_transaction_without_undoing(play):
    process = play(transaction(("cancelled", "cancel"), ("broken", "any error")))
    process.complete("a")
    process.complete("b")

    assert process.fail("d", "HAZARD")

    assert process.people == ["on-broken"]
