"""Gateways that join, run straight and restored after every step. Other gateways are in `test_engine`."""

from __future__ import annotations

from tests.workflows.conftest import chain, flow, timer, user
from tests.workflows.test_engine import DATA, END, go, model, names  # noqa: F401 - a fixture is used by its name
from workflows.engine import ProcessRun

FORK = '<bpmn:parallelGateway id="s"/>'
JOIN = '<bpmn:parallelGateway id="j"/>'


def do(run, element_id, **values):
    """Have a person do a task; the first of them where there are several."""
    uid = next(wait.uid for wait in run.waits.user_tasks.values() if wait.element_id == element_id)
    run.complete_user_task(uid, values)


def play(go, run, *element_ids):  # noqa: F811
    for element_id in element_ids:
        run = go(run, lambda r, element_id=element_id: do(r, element_id, **{element_id: True}))
    return run


def test_each_round_of_a_loop_waits_for_tokens_of_its_own(go):  # noqa: F811
    """BPMN 2.0.2 §13.4.1: the tokens of the first round were consumed by it."""
    body = (
        FORK + JOIN + user("a") + user("b") + user("c") + '<bpmn:exclusiveGateway id="m"/>'
        + '<bpmn:exclusiveGateway id="g" default="g-end"/>' + END
        + chain("start", "m", "s", "a", "j", "c", "g") + chain("s", "b", "j")
        + flow("g", "m", "outcome == 'again'") + flow("g", "end", "", "g-end")
    )  # fmt: skip
    run = play(go, go(ProcessRun.start(model(body), DATA)), "a", "b")
    for _ in range(3):
        run = go(run, lambda r: do(r, "c", outcome="again"))
        assert names(run.waits.user_tasks) == ["a", "b"]
        run = play(go, run, "b")
        assert names(run.waits.user_tasks) == ["a"]
        run = play(go, run, "a")
        assert names(run.waits.user_tasks) == ["c"]

    run = go(run, lambda r: do(r, "c", outcome="enough"))
    assert run.is_completed


def test_a_token_that_came_too_many_stays_for_the_next_round(go):  # noqa: F811
    """BPMN 2.0.2 §13.4.1: exactly one token is consumed from each incoming flow."""
    body = (
        FORK + JOIN + user("a") + user("twice") + user("b") + user("c") + '<bpmn:parallelGateway id="s2"/>'
        + '<bpmn:exclusiveGateway id="m"/>' + END
        + chain("start", "s", "a", "s2", "m", "j", "c", "end") + flow("s2", "m", name="second")
        + chain("s", "b", "j") + chain("s", "twice", "j")
    )  # fmt: skip
    run = play(go, go(ProcessRun.start(model(body), DATA)), "a", "b")
    assert names(run.waits.user_tasks) == ["twice"]

    run = play(go, run, "twice")

    assert names(run.waits.user_tasks) == ["c"]  # one of the two tokens of "m", and one of the others


def test_two_tokens_pass_a_fork_one_after_the_other_and_all_four_branches_live(go, clock):  # noqa: F811
    body = (
        user("long") + timer("tick", "R2/PT10M", attached_to="long", interrupts=False, word="timeCycle") + FORK
        + user("a") + user("b") + END + '<bpmn:endEvent id="end2"/><bpmn:endEvent id="end3"/>'
        + chain("start", "long", "end") + chain("tick", "s", "a", "end2") + chain("s", "b", "end3")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))
    for _ in range(2):
        (wait,) = run.waits.timers.values()
        run = go(run, lambda r, uid=wait.uid: r.fire_timer(uid))

    assert names(run.waits.user_tasks) == ["a", "a", "b", "b", "long"]


def test_what_one_branch_changed_is_not_undone_by_another_that_left_it_alone(go):  # noqa: F811
    body = (
        FORK + JOIN + user("a") + user("b") + user("c") + END
        + chain("start", "s", "a", "j", "c", "end") + chain("s", "b", "j")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), {"x": 1, **DATA}))
    run = go(run, lambda r: do(r, "a", x=2))
    run = go(run, lambda r: do(r, "b", y=3))

    (wait,) = run.waits.user_tasks.values()
    data = run.data_of(wait.uid)
    assert (data["x"], data["y"]) == (2, 3)


INCLUSIVE = (
    '<bpmn:inclusiveGateway id="s" default="s-c"/><bpmn:inclusiveGateway id="j"/>' + user("a") + user("b")
    + user("c") + user("after") + '<bpmn:exclusiveGateway id="g" default="g-j"/>' + END
    + '<bpmn:endEvent id="other"/>'
    + flow("s", "a", "number > 1") + flow("s", "b", "number > 2") + flow("s", "c", "", "s-c")
    + chain("start", "s") + chain("a", "j") + chain("b", "g") + flow("g", "j", "", "g-j")
    + flow("g", "other", "outcome == 'leave'") + chain("c", "j", "after", "end")
)  # fmt: skip


def test_an_inclusive_join_waits_for_every_token_that_can_still_come(go):  # noqa: F811
    """BPMN 2.0.2 §13.4.3."""
    run = play(go, go(ProcessRun.start(model(INCLUSIVE), DATA)), "a")
    assert names(run.waits.user_tasks) == ["b"]

    run = play(go, run, "b")

    assert names(run.waits.user_tasks) == ["after"]


def test_an_inclusive_join_goes_on_when_the_token_it_waits_for_goes_elsewhere(go):  # noqa: F811
    """BPMN 2.0.2 §13.4.3: no token is left on a path to an incoming flow that has none."""
    run = play(go, go(ProcessRun.start(model(INCLUSIVE), DATA)), "a")

    run = go(run, lambda r: do(r, "b", outcome="leave"))

    assert names(run.waits.user_tasks) == ["after"]


def test_an_inclusive_join_waits_for_nobody_where_one_branch_was_taken(go):  # noqa: F811
    run = play(go, go(ProcessRun.start(model(INCLUSIVE), {**DATA, "number": 2})), "a")

    assert names(run.waits.user_tasks) == ["after"]


def test_an_inclusive_join_in_a_loop_waits_anew_each_round(go):  # noqa: F811
    body = (
        '<bpmn:inclusiveGateway id="s" default="s-a"/><bpmn:inclusiveGateway id="j"/>' + user("a") + user("b")
        + user("c") + '<bpmn:exclusiveGateway id="m"/><bpmn:exclusiveGateway id="g" default="g-m"/>' + END
        + chain("start", "m", "s") + flow("s", "a", "", "s-a") + flow("s", "b", "number > 2")
        + flow("s", "a", "number > 2", "s-a2") + chain("a", "j", "c", "g") + chain("b", "j")
        + flow("g", "m", "", "g-m") + flow("g", "end", "outcome == 'enough'")
    )  # fmt: skip
    run = go(ProcessRun.start(model(body), DATA))
    for _ in range(3):
        assert names(run.waits.user_tasks) == ["a", "b"]
        run = play(go, run, "a")
        assert names(run.waits.user_tasks) == ["b"]
        run = play(go, run, "b", "c")

    run = play(go, run, "a", "b")
    run = go(run, lambda r: do(r, "c", outcome="enough"))
    assert run.is_completed
