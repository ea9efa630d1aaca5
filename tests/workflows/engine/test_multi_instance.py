"""Activities for each item of a collection.  Reference: BPMN 2.0.2 §10.3.8, §13.3.7."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import bundle, chain, machine, timer, user
from tests.workflows.engine.drawing import END, marked, multi, scope
from workflows.checks import check_bundle
from workflows.engine import EngineFault

SERIES = {"series": ["a", "b", "c"]}


def body(node, name="x"):
    return node + user("after") + END + chain("start", name, "after", "end")


def test_every_instance_of_a_parallel_user_task_waits_at_once(play):
    run = play(body(marked(user("x"), multi(collection="series", item="one"))), SERIES)

    assert run.open == ["x", "x", "x"]
    assert [run.data_at("x", at)["one"] for at in range(3)] == ["a", "b", "c"]
    assert [run.data_at("x", at)["loopCounter"] for at in range(3)] == [1, 2, 3]


def test_results_stand_in_the_order_of_the_items_whatever_order_they_come_in(play):
    marker = multi(collection="series", item="one", output="reports", output_item="report")
    run = play(body(marked(user("x"), marker)), SERIES)

    run.complete("x", 2, report="third").complete("x", 0, report="first")
    assert run.open == ["x"]
    run.complete("x", report="second")

    assert run.open == ["after"]
    assert run.data_at("after")["reports"] == ["first", "second", "third"]
    assert not {"one", "report", "loopCounter"} & run.data_at("after").keys()


def test_sequential_instances_come_one_after_the_other(play):
    marker = multi(sequential=True, collection="series", item="one", output="seen", output_item="one")
    run = play(body(marked(user("x"), marker)), SERIES)

    for expected in SERIES["series"]:
        assert run.open == ["x"]
        assert run.data_at("x")["one"] == expected
        run.complete("x")

    assert run.data_at("after")["seen"] == ["a", "b", "c"]


def test_a_machine_step_is_asked_once_for_each_item(play):
    node = machine("x").replace('value="number"', 'value="number * loopCounter"')
    run = play(body(marked(node, multi(cardinality="number - 4"))))

    assert run.arguments_of("x") == [{"number": 7}, {"number": 14}, {"number": 21}]
    run.complete("x", 1).complete("x", 1).complete("x")
    assert run.open == ["after"]


def test_instances_without_an_output_leave_what_they_changed_the_later_for_the_earlier(play):
    run = play(body(marked(user("x"), multi(cardinality="2"))), {"kept": 1})

    run.complete("x", 1, second=True, both="second").complete("x", 0, first=True, both="first")

    data = run.data_at("after")
    assert (data["first"], data["second"], data["both"], data["kept"]) == (True, True, "first", 1)


def test_a_sequential_instance_sees_what_the_one_before_it_changed(play):
    run = play(body(marked(user("x"), multi(sequential=True, cardinality="2"))), {"total": 0})

    run.complete("x", total=5)
    assert run.data_at("x")["total"] == 5
    run.complete("x", total=9)

    assert run.data_at("after")["total"] == 9


def test_the_completion_condition_withdraws_the_instances_that_are_left(play):
    marker = multi(
        cardinality="3",
        output="votes",
        output_item="vote",
        condition="numberOfCompletedInstances * 2 > numberOfInstances",
    )
    run = play(body(marked(user("x"), marker)))

    run.complete("x", 2, vote="yes")
    assert run.open == ["x", "x"]
    run.complete("x", 0, vote="no")

    assert run.open == ["after"]
    assert run.data_at("after")["votes"] == ["no", None, "yes"]


def test_the_completion_condition_may_ask_for_what_the_instance_brought(play):
    marker = multi(sequential=True, collection="series", item="one", condition="found")
    run = play(body(marked(user("x"), marker)), SERIES)

    run.complete("x", found=False).complete("x", found=True)

    assert run.open == ["after"]


def test_many_instances_one_after_the_other_that_wait_for_nobody_are_no_loop_that_never_waits(play):
    steps = '<bpmn:task id="t1"/><bpmn:task id="t2"/>'
    run = play(body(scope("x", steps, "t1", "t2", markers=multi(sequential=True, cardinality="400"))))

    assert run.open == ["after"]
    assert run.done.count("x_end") == 400


@pytest.mark.parametrize("sequential", [False, True])
def test_an_empty_collection_is_done_at_once(play, sequential):
    marker = multi(sequential=sequential, collection="series", item="one", output="out", output_item="one")
    run = play(body(marked(user("x"), marker)), {"series": []})

    assert run.open == ["after"]
    assert run.data_at("after")["out"] == []


@pytest.mark.parametrize("sequential", [False, True])
def test_a_subprocess_runs_for_each_item_with_data_of_its_own(play, sequential):
    marker = multi(sequential=sequential, collection="series", item="one", output="out", output_item="read")
    run = play(body(scope("x", user("a") + user("b"), "a", "b", markers=marker)), SERIES)

    if not sequential:
        assert run.open == ["a", "a", "a"]
        run.complete("a", 1)
        assert run.open == ["a", "a", "b"]
        assert run.data_at("b")["one"] == "b"
    while run.open != ["after"]:
        element = run.open[0]
        run.complete(element, read=f"read {run.data_at(element)['one']}")

    assert run.data_at("after")["out"] == ["read a", "read b", "read c"]
    assert run.done.count("x_end") == 3


def test_loops_within_loops_count_for_themselves(play):
    inner = marked(user("a"), multi(cardinality="2"))
    run = play(body(scope("x", inner, "a", markers=multi(cardinality="2", item="one"))))

    assert run.open == ["a", "a", "a", "a"]
    assert [run.data_at("a", at)["loopCounter"] for at in range(4)] == [1, 2, 1, 2]
    for _ in range(4):
        run.complete("a")
    assert run.open == ["after"]


@pytest.mark.parametrize("inside", [False, True], ids=["of tasks", "of subprocesses"])
def test_a_boundary_event_takes_every_instance_away(play, inside):
    marker = multi(cardinality="3")
    wait = timer("wait", "PT1H")
    node = scope("x", user("a") + wait, "a", "wait", markers=marker) if inside else marked(user("x"), marker)
    run = play(
        body(node) + timer("late", "PT2H", attached_to="x") + user("chase") + chain("late", "chase", "end")
    )
    run.complete("a" if inside else "x", 1)

    run.fire("late")

    assert run.open == ["chase"]
    run.complete("chase")
    assert run.is_completed


@pytest.mark.parametrize("inside", [False, True], ids=["of a task", "of a subprocess"])
def test_an_error_of_one_instance_reaches_the_boundary_of_the_loop(play, inside):
    marker = multi(cardinality="2")
    node = scope("x", machine("a"), "a", markers=marker) if inside else marked(machine("x"), marker)
    failed = (
        '<bpmn:boundaryEvent id="failed" attachedToRef="x"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>'
    )
    run = play(body(node) + failed + user("mend") + chain("failed", "mend", "end"))

    assert run.fail("a" if inside else "x", "ANY", 1)

    assert run.open == ["mend"]


def test_what_is_no_list_is_a_fault_at_the_element(play):
    with pytest.raises(EngineFault, match="no list") as fault:
        play(body(marked(user("x"), multi(collection="number", item="one"))))

    assert fault.value.element_id == "x"


def test_a_number_of_instances_that_is_none_is_a_fault(play):
    with pytest.raises(EngineFault, match="whole number"):
        play(body(marked(user("x"), multi(cardinality="site"))))


def test_a_thousand_instances_are_the_most(play):
    with pytest.raises(EngineFault, match="more than 1000"):
        play(body(marked(user("x"), multi(cardinality="1001"))))


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        (multi(), "name one of them"),
        (multi(cardinality="2", collection="series"), "name one of them"),
        (multi(cardinality="open()"), "Only these functions"),
        (multi(cardinality="2", output="out"), "go together"),
        (multi(cardinality="2", item="one"), "needs a collection"),
        (multi(collection="series", item="one thing"), "letters, digits"),
        (multi(cardinality="2", condition="while"), "Not an expression"),
        (multi(cardinality="2").replace("isSeq", 'behavior="One" isSeq'), "thrown by instances"),
    ],
)
def test_a_marker_that_cannot_be_meant_is_refused(operators, marker, words):
    problems = check_bundle(bundle(body(marked(user("x"), marker))))

    assert any(each.element_id == "x" and words in each.message for each in problems), problems


def test_a_marker_is_accepted(operators):
    marker = multi(
        sequential=True, collection="series", item="one", output="out", output_item="read", condition="read"
    )

    assert check_bundle(bundle(body(marked(user("x"), marker)))) == []
