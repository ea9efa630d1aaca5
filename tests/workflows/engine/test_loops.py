"""Activities repeated as long as a condition holds.  Reference: BPMN 2.0.2 §10.3.8, §13.3.6."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest

from tests.workflows.conftest import bundle, chain, machine, timer, user
from tests.workflows.engine.drawing import END, marked, scope
from workflows.checks import check_bundle


def loop(condition="", maximum="", before=False):
    inner = f"<bpmn:loopCondition>{escape(condition)}</bpmn:loopCondition>" if condition else ""
    most = f' loopMaximum="{maximum}"' if maximum else ""
    kind = ' testBefore="true"' if before else ""
    return f"<bpmn:standardLoopCharacteristics{kind}{most}>{inner}</bpmn:standardLoopCharacteristics>"


def body(node):
    return node + user("after") + END + chain("start", "x", "after", "end")


def test_an_activity_is_repeated_as_long_as_its_condition_holds(play):
    run = play(body(marked(user("x"), loop("not found"))))

    run.complete("x", found=False)
    assert run.open == ["x"]
    run.complete("x", found=True)

    assert run.open == ["after"]


def test_it_runs_once_before_the_condition_is_asked_unless_it_is_tested_before(play):
    assert play(body(marked(user("x"), loop("number < 0")))).open == ["x"]
    assert play(body(marked(user("x"), loop("number < 0", before=True)))).open == ["after"]


def test_the_maximum_ends_a_loop_whose_condition_still_holds(play):
    run = play(body(marked(machine("x"), loop("True", maximum="3"))))

    counted = []
    while run.open == ["x"]:
        counted.append(run.data["number"])
        run.complete("x")

    assert len(counted) == 3
    assert run.open == ["after"]


def test_the_loop_counts_its_runs_for_what_is_in_it_and_for_its_condition(play):
    run = play(body(marked(user("x"), loop("loopCounter < 3"))))

    seen = []
    while run.open == ["x"]:
        seen.append(run.data_at("x")["loopCounter"])
        run.complete("x")

    assert seen == [1, 2, 3]
    assert "loopCounter" not in run.data_at("after")


def test_each_run_of_a_subprocess_goes_on_from_the_data_of_the_last(play):
    run = play(body(scope("x", user("a"), "a", markers=loop("total < 3"))), {"total": 0})

    while run.open == ["a"]:
        run.complete("a", total=run.data_at("a")["total"] + 1)

    assert run.data_at("after")["total"] == 3
    assert run.done.count("x_end") == 3


def test_a_boundary_event_ends_the_loop(play):
    late = timer("late", "PT1H", attached_to="x") + user("chase") + chain("late", "chase", "end")
    run = play(body(scope("x", user("a"), "a", markers=loop("True"))) + late)
    run.complete("a")

    run.fire("late")

    assert run.open == ["chase"]


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        (loop(), "neither a condition nor a maximum"),
        (loop(maximum="0"), "whole number, 1 or more"),
        (loop(maximum="many"), "whole number, 1 or more"),
        (loop("open()"), "Only these functions"),
        (loop("True") + "<bpmn:multiInstanceLoopCharacteristics/>", "one loop marker"),
    ],
)
def test_a_loop_that_cannot_be_meant_is_refused(operators, marker, words):
    problems = check_bundle(bundle(body(marked(user("x"), marker))))

    assert any(each.element_id == "x" and words in each.message for each in problems), problems


def test_a_loop_on_an_event_or_receive_task_is_refused(operators):
    node = f'<bpmn:receiveTask id="x" messageRef="M1">{loop("True")}</bpmn:receiveTask>'

    assert "x: A loop marker on a receiveTask is not supported" in [
        str(each) for each in check_bundle(bundle(body(node)))
    ]


def test_a_loop_is_accepted(operators):
    assert check_bundle(bundle(body(marked(user("x"), loop("not found", maximum="3"))))) == []
