"""What listens at the edge of an activity that is begun more than once, and what comes to it in one step.

Reference  BPMN 2.0.2 §10.5.4, §13.5.3
"""

from __future__ import annotations

import pytest

from tests.workflows.conftest import chain, flow, user
from tests.workflows.engine.drawing import END, boundary, end, multi, parallel, scope

AGAIN = (
    user("a") + boundary("edge", "a", "signal", interrupts=False) + user("b") + user("c") + END
    + chain("start", "a", "c", "end") + chain("edge", "b", "a")
)  # fmt: skip


@pytest.mark.parametrize("first", [0, 1], ids=["the one begun first", "the one begun by its event"])
def test_an_activity_that_its_own_event_began_once_more_listens_for_itself(play, first):
    process = play(AGAIN)
    process.catch("edge")
    process.complete("b")
    assert process.open == ["a", "a", "edge", "edge"]

    process.complete("a", first)
    assert process.open == ["a", "c", "edge"]
    process.complete("c").complete("a")

    assert process.open == ["c"]
    assert process.complete("c").is_completed


def test_two_tokens_in_one_activity_are_guarded_each_by_itself(play):
    body = (
        parallel("s") + '<bpmn:exclusiveGateway id="m"/>' + scope("sub", user("a"), "a", markers=multi(cardinality="2"))
        + boundary("edge", "sub", "timer") + user("mend") + user("after") + END + end("e9")
        + chain("start", "s", "m", "sub", "after", "end") + flow("s", "m", name="second") + chain("edge", "mend", "e9")
    )  # fmt: skip
    process = play(body)
    assert process.open == ["a", "a", "a", "a", "edge", "edge"]

    process.fire("edge")
    assert process.open == ["a", "a", "edge", "mend"]
    process.complete("a").complete("a")

    assert process.open == ["after", "mend"]
    assert process.complete("mend").complete("after").is_completed


def two_conditions(*, first_interrupts):
    return (
        parallel("s") + user("host") + boundary("one", "host", "conditional", interrupts=first_interrupts)
        + boundary("two", "host", "conditional") + user("h1") + user("h2") + user("other") + END + end("e1") + end("e2")
        + end("e3") + chain("start", "s", "host", "end") + chain("one", "h1", "e1") + chain("two", "h2", "e2")
        + chain("s", "other", "e3")
    )  # fmt: skip


def test_of_two_interrupting_events_that_come_in_one_step_one_takes_the_activity_away(play):
    process = play(two_conditions(first_interrupts=True))

    process.complete("other", alarm=True)

    assert process.open == ["h1"]
    assert process.complete("h1").is_completed


def test_an_event_beside_the_activity_and_one_that_interrupts_it_may_come_in_one_step(play):
    process = play(two_conditions(first_interrupts=False))

    process.complete("other", alarm=True)

    assert process.open == ["h1", "h2"]
    assert process.complete("h1").complete("h2").is_completed
