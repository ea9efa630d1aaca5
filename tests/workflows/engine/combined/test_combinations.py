"""Constructs within and beside each other, by hand: what blocks drawn by lot do not reach."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import chain, flow, machine, message, timer, user
from tests.workflows.engine.data_objects import ORDER, reads, writes
from tests.workflows.engine.drawing import (
    END,
    boundary,
    catch,
    end,
    event_subprocess,
    marked,
    multi,
    parallel,
    throw,
    undoable,
    within,
)


def test_a_conditional_event_in_an_instance_is_about_the_data_of_that_instance(play):
    """§10.3.8, §13.3.7: instances run independently; what one found does not alarm another."""
    inner = (
        parallel("fork") + user("look") + user("scan") + boundary("edge", "scan", "conditional") + user("act")
        + end("e1") + end("e2") + end("e3") + chain("fork", "look", "e1") + chain("fork", "scan", "e2")
        + chain("edge", "act", "e3")
    )  # fmt: skip
    sub = marked(within("sub", inner, "fork"), multi(cardinality="2"))
    process = play(sub + user("after") + END + chain("start", "sub", "after", "end"))

    process.complete("look", alarm=True)

    assert process.people == ["act", "look", "scan"]
    for name in ("act", "look", "scan", "after"):
        process.complete(name)
    assert process.is_completed


def test_a_conditional_event_in_an_instance_knows_its_item(play):
    """§10.3.8: the loop's input data item is the instance's own."""
    inner = user("scan") + boundary("edge", "scan", "conditional").replace(
        "alarm == True", "one == 'b' and alarm == True"
    ) + user("act") + end("e1") + end("e2") + chain("scan", "e1") + chain("edge", "act", "e2")  # fmt: skip
    sub = marked(within("sub", inner, "scan"), multi(collection="items", item="one"))
    body = (
        parallel("s") + sub + user("other") + END + end("e9") + chain("start", "s", "sub", "end")
        + chain("s", "other", "e9")
    )  # fmt: skip
    process = play(body, {"items": ["a", "b", "c"]})

    process.complete("other", alarm=True)

    assert process.people == ["act", "scan", "scan"]
    assert process.data_at("act")["one"] == "b"


@pytest.mark.parametrize("outer", ["2", "sequential", "parallel"])
def test_a_subprocess_repeated_within_a_repeated_subprocess_goes_on_to_its_last_run(play, outer):
    """§13.3.6, §13.3.7: when one run has ended and the loop goes on, the next one begins."""
    twice = '<bpmn:standardLoopCharacteristics loopMaximum="2"/>'
    around = twice if outer == "2" else multi(sequential=outer == "sequential", cardinality="2")
    inner = marked(within("inner", user("a") + end("e1"), "a", "e1"), multi(sequential=True, cardinality="3"))
    body = marked(within("outer", inner + end("e2"), "inner", "e2"), around)
    process = play(body + user("after") + END + chain("start", "outer", "after", "end"))

    for _ in range(6):
        process.complete("a")

    assert process.people == ["after"]
    assert (process.done.count("e1"), process.done.count("e2")) == (6, 2)


def test_an_event_subprocess_of_an_instance_has_the_data_of_that_instance(play):
    """§10.3.5, §10.3.8: it is begun within the instance, and sees what that one does."""
    inner = (
        user("a") + end("e1") + chain("a", "e1")
        + event_subprocess("on", "message", user("handle") + end("he") + chain("on-start", "handle", "he"))
    )  # fmt: skip
    sub = marked(within("sub", inner, "a"), multi(collection="items", item="one"))
    process = play(sub + END + chain("start", "sub", "end"), {"items": ["p", "q"]})

    process.catch("on-start")
    process.catch("on-start")

    handled = [process.run.data_of(uid)["one"] for uid in process.run.waits.user_tasks]
    assert (process.people, sorted(handled)) == (["handle", "handle"], ["p", "q"])


@pytest.mark.parametrize("node", [machine("x"), within("x", machine("in") + end("e1"), "in", "e1")])
def test_the_most_instances_there_may_be_begin_at_once(play, node):
    """§13.3.7: as many as the expression says; that they do not wait for each other is no loop that never waits."""
    process = play(marked(node, multi(cardinality="1000")) + END + chain("start", "x", "end"))

    assert len(process.machines) == 1000


def test_each_instance_has_boundary_events_and_a_timer_of_its_own(play):
    """§13.3.7, §13.5.3: an event at an activity within an instance is that instance's."""
    inner = (
        user("a") + timer("late", "PT1H", attached_to="a") + user("chase") + end("e1") + end("e2")
        + chain("a", "e1") + chain("late", "chase", "e2")
    )  # fmt: skip
    sub = marked(within("sub", inner, "a"), multi(cardinality="3"))
    process = play(sub + user("after") + END + chain("start", "sub", "after", "end"))
    assert process.timers == ["late", "late", "late"]

    process.fire("late")
    assert (process.people, process.timers) == (["a", "a", "chase"], ["late", "late"])
    process.complete("a")
    process.fire("late")
    assert (process.people, process.timers) == (["chase", "chase"], [])
    process.complete("chase")
    process.complete("chase")

    assert process.people == ["after"]


def test_an_error_of_one_parallel_call_takes_the_others_back(play):
    """§10.3.8, §10.5.4: the boundary stands at the multi-instance activity, so all its instances are taken."""
    call = '<bpmn:callActivity id="x" calledElement="Other"></bpmn:callActivity>'
    body = (
        marked(call, multi(cardinality="3")) + boundary("edge", "x", "error") + user("mend") + user("after") + END
        + chain("start", "x", "after", "end") + chain("edge", "mend", "end")
    )  # fmt: skip
    process = play(body)
    assert process.machines == ["x", "x", "x"]
    process.complete("x")

    assert process.fail("x", "REFUSED")

    assert (process.people, process.machines) == (["mend"], [])


def test_terminate_ends_its_subprocess_and_everything_below_it_and_nothing_else(play):
    """§10.5.3: a terminate end event in a subprocess does not end the process around it."""
    deep = within("deep", user("c") + timer("t", "PT1H", attached_to="c", interrupts=False) + end("ce") + end("te")
                  + chain("c", "ce") + chain("t", "te"), "c")  # fmt: skip
    inner = (
        parallel("p") + deep + user("b") + end("stop", "terminate") + end("e1") + chain("p", "deep", "e1")
        + chain("p", "b", "stop")
    )  # fmt: skip
    body = (
        parallel("s") + within("sub", inner, "p") + user("beside") + user("after") + END + end("e2")
        + chain("start", "s", "sub", "after", "end") + chain("s", "beside", "e2")
    )  # fmt: skip
    process = play(body)
    assert process.people == ["b", "beside", "c"]

    process.complete("b")

    assert (process.people, process.timers) == (["after", "beside"], [])


def test_an_error_caught_two_scopes_out_takes_everything_between_away(play):
    """§10.5.1: to the innermost enclosing activity that catches it; other tokens of that scope end."""
    deepest = within(
        "c", parallel("pc") + user("c1") + user("c2") + end("fail", "error") + end("ce") + chain("pc", "c1", "fail")
        + chain("pc", "c2", "ce"), "pc"
    )  # fmt: skip
    middle = within("b", parallel("pb") + deepest + user("b1") + message("b2") + end("be") + end("be2") + end("be3")
                    + chain("pb", "c", "be") + chain("pb", "b1", "be2") + chain("pb", "b2", "be3"), "pb")  # fmt: skip
    outer = within("a", middle + end("ae"), "b", "ae")
    body = (
        outer + boundary("edge", "a", "error") + user("mend") + END + end("e2") + chain("start", "a", "end")
        + chain("edge", "mend", "e2")
    )  # fmt: skip
    process = play(body)
    assert (process.people, process.messages) == (["b1", "c1", "c2"], ["b2"])

    process.complete("c1")

    assert (process.people, process.messages) == (["mend"], [])
    process.complete("mend")
    assert process.is_completed


def test_an_escalation_is_heard_beside_the_work_that_then_completes(play):
    """§10.5.4: the one told acts beside; the process ends when both have."""
    inner = user("a") + throw("tell", "escalation") + user("b") + end("e1") + chain("a", "tell", "b", "e1")
    body = (
        within("sub", inner, "a") + boundary("edge", "sub", "escalation", interrupts=False) + user("handle")
        + user("after") + END + end("handled") + chain("start", "sub", "after", "end")
        + chain("edge", "handle", "handled")
    )  # fmt: skip
    process = play(body)

    process.complete("a")
    assert process.people == ["b", "handle"]
    process.complete("b")
    assert process.people == ["after", "handle"]
    process.complete("after")
    assert not process.is_completed
    process.complete("handle")
    assert process.is_completed


def test_a_cancelled_transaction_stops_what_runs_and_undoes_what_is_done(play):
    """§10.7, §13.5.5: running branches end, completed ones are compensated, then the cancel boundary leads out."""
    inner = (
        parallel("p") + undoable("a") + undoable("b") + machine("c") + timer("t", "PT1H", attached_to="c")
        + end("e1") + end("e2") + end("e3") + user("d") + end("stop", "cancel")
        + chain("p", "a", "e1") + chain("p", "b", "e2") + chain("p", "c", "e3") + chain("t", "e3")
        + chain("p", "d", "stop")
    )  # fmt: skip
    body = (
        within("tx", inner, "p", kind="transaction") + boundary("edge", "tx", "cancel") + user("after") + END
        + end("no") + chain("start", "tx", "end") + chain("edge", "after", "no")
    )  # fmt: skip
    process = play(body)
    process.complete("a")

    process.complete("d")

    assert (process.people, process.machines, process.timers) == (["undo-a"], [], [])
    process.complete("undo-a")
    assert process.people == ["after"]
    process.complete("after")
    assert process.is_completed


def test_an_interrupting_event_subprocess_ends_a_compensation_that_runs(play):
    """§13.5.4: it takes the place of everything its scope was doing, the handler at work included."""
    body = (
        undoable("a") + throw("undo", "compensate") + user("after") + END + chain("start", "a", "undo", "after", "end")
        + event_subprocess("on", "message", user("handle") + end("he") + chain("on-start", "handle", "he"))
    )  # fmt: skip
    process = play(body)
    process.complete("a")
    assert process.people == ["undo-a"]

    assert process.catch("on-start")

    assert process.people == ["handle"]
    process.complete("handle")
    assert process.is_completed


def test_an_event_based_gateway_in_a_loop_waits_anew_each_round(play):
    """§10.6.6, §13.4.4: each token that comes to it waits for its own events."""
    body = (
        '<bpmn:exclusiveGateway id="m"/><bpmn:eventBasedGateway id="g"/>' + message("news") + timer("late", "PT1H")
        + user("again") + END + chain("start", "m", "g", "news", "end") + chain("g", "late", "again", "m")
    )  # fmt: skip
    process = play(body)
    seen = set()
    for _ in range(3):
        assert (process.messages, process.timers) == (["news"], ["late"])
        seen |= {process.wait("news").uid, process.wait("late").uid}
        process.fire("late")
        assert (process.messages, process.timers, process.people) == ([], [], ["again"])
        process.complete("again")

    assert len(seen) == 6
    process.catch("news")
    assert process.is_completed


def test_two_messages_for_one_token_take_it_once(play):
    """§13.5.2: a catch event consumes one message; a second one finds nobody."""
    process = play(message("news") + user("after") + END + chain("start", "news", "after", "end"))
    uid = process.wait("news").uid

    assert process.run.catch_message(uid, {"n": 1})
    assert not process.run.catch_message(uid, {"n": 2})

    assert process.data_at("after")["series_complete"] == {"n": 1}
    assert process.people == ["after"]


def test_a_signal_for_a_process_that_has_ended_changes_nothing(play):
    """§10.5.1: a signal is heard by who waits when it is thrown."""
    process = play(catch("wait", "signal") + END + chain("start", "wait", "end"))
    uid = process.wait("wait").uid
    process.catch("wait")
    done = process.done

    assert not process.run.catch_message(uid, {})

    assert process.is_completed
    assert process.run.take_happenings() == []
    assert done == ["start", "wait", "end"]


def test_a_repeating_timer_at_a_loop_lives_as_long_as_the_loop(play):
    """§10.5.4, §10.3.8: the marker repeats the activity, not the events at its edge."""
    loop = (
        "<bpmn:standardLoopCharacteristics><bpmn:loopCondition>not enough</bpmn:loopCondition>"
        "</bpmn:standardLoopCharacteristics>"
    )
    body = (
        marked(user("x"), loop) + timer("tick", "R5/PT1M", attached_to="x", interrupts=False, word="timeCycle")
        + user("note") + user("after") + END + end("e2") + chain("start", "x", "after", "end")
        + chain("tick", "note", "e2")
    )  # fmt: skip
    process = play(body)

    process.fire("tick")
    process.complete("x", enough=False)
    assert (process.people, process.timers) == (["note", "x"], ["tick"])
    process.fire("tick")
    process.complete("x", enough=True)

    assert (process.people, process.timers) == (["after", "note", "note"], [])


def test_a_multi_instance_keeps_the_items_it_began_with(play):
    """§10.3.8: the collection is read when the activity begins; who changes it later changes no instance."""
    body = (
        parallel("s") + marked(user("x"), multi(sequential=True, collection="items", item="one")) + user("other") + END
        + end("e2") + chain("start", "s", "x", "end") + chain("s", "other", "e2")
    )  # fmt: skip
    process = play(body, {"items": ["a", "b"]})
    process.complete("other", items=["z"])

    assert process.data_at("x")["one"] == "a"
    process.complete("x")
    assert process.data_at("x")["one"] == "b"
    process.complete("x")
    assert process.is_completed


def test_a_data_object_of_an_instance_is_that_instances(play):
    """§10.4.1: a data object lives with the scope it is drawn in."""
    inner = (
        ORDER + marked(user("a"), writes("a_answer")) + marked(user("b"), reads()) + end("e1")
        + chain("a", "b", "e1")
    )  # fmt: skip
    sub = marked(within("sub", inner, "a"), multi(collection="items", item="one"))
    process = play(sub + user("after") + END + chain("start", "sub", "after", "end"), {"items": ["p", "q"]})

    process.complete("a", a_answer="first")
    process.complete("a", a_answer="second")

    waits = [each.uid for each in process.run.waits.user_tasks.values()]
    assert {(process.run.data_of(uid)["one"], process.run.data_of(uid)["Study_order"]) for uid in waits} == {
        ("p", "first"), ("q", "second"),
    }  # fmt: skip


def test_a_deep_nest_goes_in_and_out(play):
    """§10.3.5: there is no limit to how deep subprocesses stand in each other."""
    body, inner = user("work"), "work"
    for depth in range(30):
        body = within(f"s{depth}", body + end(f"e{depth}"), inner, f"e{depth}")
        inner = f"s{depth}"
    process = play(body + END + chain("start", inner, "end"))
    assert process.people == ["work"]

    process.complete("work")

    assert process.is_completed


def test_a_join_that_a_branch_never_reaches_keeps_the_process_open(play):
    """§13.4.1: the gateway waits for a token on each flow; a process whose token waits for ever has not completed."""
    body = (
        parallel("s") + parallel("j") + user("a") + '<bpmn:exclusiveGateway id="g" default="g-e2"/>' + user("b") + END
        + end("e2") + chain("start", "s", "a", "j", "end") + chain("s", "b", "g") + flow("g", "j", "ok")
        + flow("g", "e2", "", "g-e2")
    )  # fmt: skip
    process = play(body)
    process.complete("a")
    process.complete("b", ok=False)

    assert not process.is_completed
    assert "end" not in process.done


def test_cancelling_a_case_that_waits_for_everything_leaves_nothing(play):
    """§13.5.6: whatever it waited for, in whatever scope, is waited for no longer."""
    inner = (
        user("b") + timer("t2", "PT1H", attached_to="b") + end("e3") + end("e4") + chain("b", "e3")
        + chain("t2", "e4")
    )  # fmt: skip
    body = (
        parallel("s") + user("a") + machine("m") + message("news") + timer("t", "PT1H") + catch("watch", "conditional")
        + marked(within("sub", inner, "b"), multi(cardinality="3")) + '<bpmn:eventBasedGateway id="g"/>'
        + catch("c1", "signal") + timer("t3", "PT1H") + END
        + "".join(chain("s", each, "end") for each in ("a", "m", "news", "t", "watch", "sub"))
        + chain("start", "s", "g", "c1", "end") + chain("g", "t3", "end")
        + event_subprocess("on", "message", user("h") + end("he") + chain("on-start", "h", "he"), interrupts=False)
    )  # fmt: skip
    process = play(body)
    assert (process.people, process.machines) == (["a", "b", "b", "b"], ["m"])
    assert (process.timers, process.messages) == (
        ["t", "t2", "t2", "t2", "t3"],
        ["c1", "news", "on-start", "watch"],
    )

    process.run.cancel()

    waits = process.run.waits
    assert [*waits.user_tasks, *waits.service_tasks, *waits.timers, *waits.messages] == []
    assert process.run.is_completed
