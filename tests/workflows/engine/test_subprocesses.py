"""Embedded sub-processes drawn without start and end events.  Reference: BPMN 2.0.2 §10.3.5, §10.5.2, §10.5.3."""

from __future__ import annotations

from tests.workflows.conftest import bundle, chain, timer, user
from tests.workflows.engine.drawing import END, marked, multi
from workflows.checks import check_bundle


def around(inside):
    node = f'<bpmn:subProcess id="x">{inside}</bpmn:subProcess>'
    return node + user("after") + END + chain("start", "x", "after", "end")


SIDES = user("a") + user("b") + user("c") + chain("a", "c")


def test_it_begins_at_whatever_no_flow_leads_to_and_ends_with_the_last_of_them(play):
    run = play(around(SIDES))
    assert run.open == ["a", "b"]

    run.complete("a", a=1)
    assert run.open == ["b", "c"]
    run.complete("b", b=2).complete("c")

    assert run.open == ["after"]
    assert (run.data_at("after")["a"], run.data_at("after")["b"]) == (1, 2)


def test_one_that_holds_nothing_is_done_at_once(play):
    assert play(around("")).open == ["after"]


def test_a_boundary_event_in_it_may_be_its_last_node(play):
    run = play(around(user("a") + timer("late", "PT1H", attached_to="a")))

    assert run.fire("late")
    assert run.open == ["after"]


def test_it_may_run_for_each_of_several(play):
    node = around(SIDES).replace("</bpmn:subProcess>", multi(cardinality="2") + "</bpmn:subProcess>")

    assert play(node).open == ["a", "a", "b", "b"]


def test_it_is_accepted(operators):
    assert check_bundle(bundle(around(SIDES))) == []
    assert check_bundle(bundle(around(""))) == []


def test_what_is_only_reached_from_itself_is_refused(operators):
    found = [str(each) for each in check_bundle(bundle(around(user("a") + user("b") + chain("a", "b", "a"))))]

    assert "a: Nothing leads here" in found


def test_a_subprocess_with_a_start_but_no_end_is_refused(operators):
    inside = '<bpmn:startEvent id="s1"/>' + marked(user("a"), "") + chain("s1", "a")

    assert "x: A subprocess has an end event" in [str(each) for each in check_bundle(bundle(around(inside)))]


def test_its_flows_may_be_written_outside_of_it(play, operators):
    """The file says where a flow leads, and some editors keep all of them in the process."""
    inside = '<bpmn:startEvent id="s1"/>' + user("a") + user("b") + '<bpmn:endEvent id="e1"/>'
    body = around(inside) + chain("s1", "a", "b", "e1")
    assert check_bundle(bundle(body)) == []

    run = play(body).complete_in_turn("a", "b")

    assert run.open == ["after"]
