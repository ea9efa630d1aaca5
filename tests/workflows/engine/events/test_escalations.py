"""Escalations: someone around is told, and says whether the work goes on (BPMN 2.0.2 §10.5.1, §10.5.4)."""

from __future__ import annotations

import pytest

from tests.workflows.conftest import chain, user
from tests.workflows.engine.drawing import END, boundary, end, subprocess, throw


def escalating(trigger, *, interrupts, last=False):
    raised = end("tell", "escalation") if last else throw("tell", "escalation") + user("inside") + end("e1")
    steps = ("s1", "tell") if last else ("s1", "tell", "inside", "e1")
    return (
        subprocess("sub", '<bpmn:startEvent id="s1"/>' + raised + chain(*steps))
        + boundary("edge", "sub", trigger, interrupts=interrupts) + user("handle") + user("after") + END
        + end("handled") + chain("start", "sub", "after", "end") + chain("edge", "handle", "handled")
    )  # fmt: skip


@pytest.mark.parametrize("trigger", ["escalation", "any escalation"])
def test_a_non_interrupting_boundary_is_told_while_the_work_goes_on(play, trigger):
    process = play(escalating(trigger, interrupts=False))

    assert process.people == ["handle", "inside"]
    assert process.data_at("handle")["escalation"] == {"code": "LATE", "element": "tell"}


@pytest.mark.parametrize("trigger", ["escalation", "any escalation"])
def test_an_interrupting_boundary_takes_the_work_away(play, trigger):
    process = play(escalating(trigger, interrupts=True))

    assert process.people == ["handle"]


def test_an_end_event_escalates_and_ends_its_branch(play):
    process = play(escalating("escalation", interrupts=False, last=True))

    assert process.people == ["after", "handle"]


def test_an_interrupting_boundary_takes_an_end_event_at_its_word(play):
    process = play(escalating("escalation", interrupts=True, last=True))

    assert process.people == ["handle"]
    process.complete("handle")
    assert process.is_completed
