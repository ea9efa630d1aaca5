"""Errors: the innermost scope that catches the code takes it (BPMN 2.0.2 §10.5.1, §13.5.3)."""

from __future__ import annotations

from tests.workflows.conftest import chain, machine, user
from tests.workflows.engine.drawing import END, boundary, end, parallel, subprocess


def around(inner, *edges):
    """A subprocess of `inner` steps with error boundaries, each leading to a task `mend-<edge>`."""
    body = subprocess("sub", '<bpmn:startEvent id="s1"/>' + inner) + user("after") + END
    body += chain("start", "sub", "after", "end")
    for name, trigger in edges:
        body += boundary(name, "sub", trigger) + user(f"mend-{name}") + chain(name, f"mend-{name}", "end")
    return body


def test_an_error_end_takes_its_subprocess_away(play):
    inner = (
        parallel("p") + user("a") + user("b") + end("e1") + end("fail", "error") + chain("s1", "p", "a", "e1")
        + chain("p", "b", "fail")
    )  # fmt: skip
    process = play(around(inner, ("edge", "error")))

    process.complete("b")

    assert process.people == ["mend-edge"]
    assert process.data_at("mend-edge")["error"] == {"code": "REFUSED", "element": "fail"}


def test_the_boundary_that_names_the_code_comes_before_the_one_that_takes_any(play):
    inner = end("fail", "error") + chain("s1", "fail")

    process = play(around(inner, ("any", "any error"), ("named", "error")))

    assert process.people == ["mend-named"]


def test_an_error_is_never_caught_at_another_activity(play):
    """Spiff gives it to any error boundary event of the scope."""
    inner = (
        parallel("p") + machine("other") + boundary("wrong", "other", "any error") + user("wrongly") + user("b")
        + end("e1") + end("fail", "error") + chain("s1", "p", "other", "e1") + chain("wrong", "wrongly", "e1")
        + chain("p", "b", "fail")
    )  # fmt: skip
    process = play(around(inner, ("edge", "error")))

    process.complete("b")

    assert (process.people, process.machines) == (["mend-edge"], [])


def test_an_error_goes_out_through_scopes_that_do_not_catch_it(play):
    inner = subprocess(
        "deep", '<bpmn:startEvent id="s2"/>' + end("fail", "error") + chain("s2", "fail")
    ) + user("x") + end("e1") + chain("s1", "deep", "x", "e1")  # fmt: skip

    process = play(around(inner, ("edge", "error")))

    assert process.people == ["mend-edge"]


def test_an_error_nothing_catches_ends_the_process(play):
    body = (
        parallel("p") + user("a") + user("b") + END + end("fail", "error") + chain("start", "p", "a", "end")
        + chain("p", "b", "fail")
    )  # fmt: skip
    process = play(body)
    assert process.error == ""

    process.complete("b")

    assert process.is_completed
    assert process.error == "REFUSED"
    assert process.people == []
    assert process.done[-1] == "fail"
