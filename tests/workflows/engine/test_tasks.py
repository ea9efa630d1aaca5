"""Abstract and manual tasks.  Reference: BPMN 2.0.2 §10.3.3, §13.3.3."""

from __future__ import annotations

from tests.workflows.conftest import bundle, chain, user
from tests.workflows.engine.drawing import END
from workflows.checks import check_bundle

MANUAL = '<bpmn:manualTask id="x" name="Position the patient"/>'
BODY = MANUAL + user("after") + END + chain("start", "x", "after", "end")


def test_an_abstract_task_is_done_as_soon_as_it_is_reached(play):
    run = play('<bpmn:task id="x"/>' + user("after") + END + chain("start", "x", "after", "end"))

    assert run.open == ["after"]
    assert run.done.count("x") == 1


def test_a_manual_task_waits_for_a_person_of_its_lane_to_say_it_is_done(play):
    run = play(BODY)

    (wait,) = run.run.waits.user_tasks.values()
    assert (wait.element_id, wait.name, wait.form, wait.role) == (
        "x",
        "Position the patient",
        "confirmation",
        "radiologist",
    )
    assert run.complete("x").open == ["after"]


def test_a_manual_task_needs_no_form_but_a_role(operators):
    assert check_bundle(bundle(BODY)) == []
    in_no_lane = bundle(BODY)
    in_no_lane["sample.bpmn"] = in_no_lane["sample.bpmn"].replace(
        "<bpmn:flowNodeRef>x</bpmn:flowNodeRef>", ""
    )
    assert [str(each) for each in check_bundle(in_no_lane)] == [
        "x: It stands in no lane, which would say whose task it is"
    ]
    assert "x: The lane gives no role: Doctors" in [str(each) for each in check_bundle(bundle(BODY, lane=""))]


def test_an_abstract_task_is_accepted(operators):
    assert check_bundle(bundle('<bpmn:task id="x"/>' + END + chain("start", "x", "end"))) == []
