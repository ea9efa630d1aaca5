"""Call activities, with rows: the called case, what it tells its caller, and who goes with whom.

Reference  BPMN 2.0.2 §10.3.6, §13.3.4
"""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from common.errors import InvalidInput
from tests.workflows.calling.called_cases import ASK, OUTER, call, called, finish, open_names, perform
from tests.workflows.conftest import bundle, chain, flow, machine, timer, user
from tests.workflows.engine.drawing import END
from workflows import services
from workflows.calling.calls import cancel_called, settle_calls
from workflows.checks import check_bundle
from workflows.engine import CALL_OPERATOR
from workflows.machines.queueing import nudge_due_runs
from workflows.models import Incident, ProcessDefinition, ProcessInstance, ServiceTaskRun
from workflows.stepping import use_cancel_called

pytestmark = pytest.mark.django_db


def test_the_called_process_is_a_case_of_its_own_about_the_same_things(inner, begin, cast):
    inner()
    outer = begin(OUTER, subjects={"study": "2.25.1", "order": "o"})
    assert not ProcessInstance.objects.filter(definition__key="Inner").exists()

    perform()

    case = called()
    assert open_names(case) == ["ask"]
    assert open_names(outer) == []
    assert (case.site, case.priority, case.trace_id) == (outer.site, outer.priority, outer.trace_id)
    assert dict(case.subjects.values_list("kind", "uid")) == {"study": "2.25.1", "order": "o"}
    step = ServiceTaskRun.objects.get(operator=CALL_OPERATOR)
    assert (step.status, step.pending_reference) == ("pending", str(case.uid))


def test_its_end_completes_the_call_with_its_data_and_outcome(inner, begin, cast):
    inner()
    outer = begin(OUTER)
    perform()

    finish(called(), "ask", cast.rosa, answer="yes")
    perform()

    assert called().status == "completed"
    assert open_names(outer) == ["after"]
    result = ServiceTaskRun.objects.get(operator=CALL_OPERATOR).result or {}
    assert result["outcome"] == "Finished"
    assert result["ask"] == {"outcome": "done", "answer": "yes"}


def test_arguments_are_all_that_the_called_process_is_told(inner, begin, cast):
    inner(machine("do", result="got") + END + chain("start", "do", "end"))
    given = (
        '<consilium:argument name="number" value="number * 2"/><consilium:argument name="site" value="site"/>'
    )
    begin(call(arguments=given) + END + chain("start", "call", "end"), {"other": 1})
    perform()

    assert ServiceTaskRun.objects.get(operator="test.step").arguments == {"number": 14}
    assert ServiceTaskRun.objects.get(operator=CALL_OPERATOR).arguments["data"] == {
        "number": 14,
        "site": "provincial",
    }


def test_a_process_that_declares_inputs_and_outputs_takes_and_gives_only_these(inner, begin, cast):
    declared = (
        '<bpmn:ioSpecification><bpmn:dataInput id="i" name="site"/><bpmn:dataOutput id="o" name="ask"/>'
        "<bpmn:inputSet/><bpmn:outputSet/></bpmn:ioSpecification>"
    )
    inner(declared + ASK)
    begin(OUTER)
    perform()

    finish(called(), "ask", cast.rosa, answer="yes")
    perform()

    assert ServiceTaskRun.objects.get(operator=CALL_OPERATOR).result == {
        "outcome": "Finished",
        "ask": {"outcome": "done", "answer": "yes"},
    }


def test_a_process_that_ends_at_once_answers_at_once(inner, begin):
    inner(END + chain("start", "end"))
    outer = begin(OUTER)

    perform()

    assert called().status == "completed"
    assert open_names(outer) == ["after"]


def test_the_version_called_is_the_one_in_force_when_the_caller_was_deployed(inner, begin, cast):
    first = inner()
    begin(END + call(result="a") + chain("start", "call", "end"))
    second = inner(user("other") + END + chain("start", "other", "end"))
    assert (first.version, second.version, second.is_active) == (1, 2, True)

    perform()

    assert called().definition_id == first.pk


def test_a_call_performed_twice_begins_one_case(inner, begin):
    inner()
    begin(OUTER)
    step = ServiceTaskRun.objects.get(operator=CALL_OPERATOR)
    perform()

    ServiceTaskRun.objects.filter(pk=step.pk).update(status="queued")
    perform()

    assert ProcessInstance.objects.filter(definition__key="Inner").count() == 1
    assert ServiceTaskRun.objects.get(pk=step.pk).status == "pending"


def test_a_lost_message_of_the_end_is_made_up_for(inner, begin, cast):
    inner()
    outer = begin(OUTER)
    perform()
    finish(called(), "ask", cast.rosa)
    ServiceTaskRun.objects.filter(operator=CALL_OPERATOR).update(status="pending")

    assert settle_calls() == 1
    perform()

    assert open_names(outer) == ["after"]
    assert settle_calls() == 0


LATE = timer("late", "PT1H", attached_to="call") + user("chase") + chain("late", "chase", "end")


def test_a_caller_that_leaves_the_call_takes_the_called_case_with_it(inner, begin, clock, after_commit):
    inner()
    outer = begin(OUTER + LATE)
    perform()

    with after_commit(execute=True):
        clock.advance(timedelta(hours=2))
        services.fire_timer(outer.timers.get().pk)

    assert (called().status, called().outcome) == ("cancelled", "CALL_WITHDRAWN")
    assert open_names(outer) == ["chase"]
    assert open_names(called()) == []


def test_a_case_that_is_stopped_takes_the_cases_it_called_with_it(inner, begin, cast, after_commit):
    inner()
    outer = begin(OUTER)
    perform()

    with after_commit(execute=True):
        services.cancel_process(outer, actor=cast.carla, reason="ERROR")

    assert called().status == "cancelled"


def test_a_lost_message_of_leaving_is_made_up_for(inner, begin, cast):
    inner()
    outer = begin(OUTER)
    perform()
    use_cancel_called(None)
    try:
        services.cancel_process(outer, actor=cast.carla, reason="ERROR")
    finally:
        use_cancel_called(cancel_called)
    assert called().status == "running"

    assert settle_calls() == 1

    assert called().status == "cancelled"


def error_boundary(code="E1"):
    return (
        f'<bpmn:boundaryEvent id="failed" attachedToRef="call"><bpmn:errorEventDefinition errorRef="{code}"/>'
        f"</bpmn:boundaryEvent>{user('mend')}{chain('failed', 'mend', 'end')}"
    )


def fail_step(code):
    step = ServiceTaskRun.objects.get(operator="test.step")
    services.fail_service_task(step.pk, code=code, permanent=True)


WORK = machine("do") + END + chain("start", "do", "end")


def test_an_error_nothing_in_the_called_process_catches_reaches_the_boundary_of_the_call(inner, begin):
    inner(WORK)
    outer = begin(OUTER + error_boundary())
    perform()

    fail_step("REFUSED")
    perform()

    assert (called().status, called().outcome) == ("failed", "REFUSED")
    assert open_names(outer) == ["mend"]
    assert not Incident.objects.exists()


def test_an_error_end_event_of_the_called_process_reaches_the_boundary_of_the_call(inner, begin, cast):
    refused = '<bpmn:endEvent id="end"><bpmn:errorEventDefinition errorRef="E1"/></bpmn:endEvent>'
    inner(user("ask") + refused + chain("start", "ask", "end"))
    outer = begin(OUTER + error_boundary())
    perform()

    finish(called(), "ask", cast.rosa)
    perform()

    assert (called().status, called().outcome) == ("failed", "REFUSED")
    assert open_names(outer) == ["mend"]


FAILING = '<bpmn:scriptTask id="sum" scriptFormat="FEEL"><bpmn:script>number</bpmn:script></bpmn:scriptTask>'
SCRIPT_BOUNDARY = (
    '<bpmn:boundaryEvent id="failed" attachedToRef="call"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>'
    + user("mend")
    + chain("failed", "mend", "end")
)


@pytest.mark.parametrize("at_once", [True, False], ids=["when it begins", "later"])
def test_a_script_that_fails_in_the_called_process_reaches_the_boundary_of_the_call(
    inner, begin, cast, at_once
):
    steps = ("sum",) if at_once else ("ask", "sum")
    inner(FAILING + ("" if at_once else user("ask")) + END + chain("start", *steps, "end"))
    outer = begin(OUTER + SCRIPT_BOUNDARY)
    perform()

    if not at_once:
        finish(called(), "ask", cast.rosa)
        perform()

    assert (called().status, called().outcome) == ("failed", "SCRIPT_FAILED")
    assert open_names(outer) == ["mend"]
    assert not Incident.objects.exists()


def test_an_error_nobody_would_catch_stays_an_incident_where_it_happened(inner, begin):
    inner(WORK)
    outer = begin(OUTER + error_boundary())
    perform()

    fail_step("OTHER")
    perform()

    assert called().status == "running"
    assert [(each.instance.pk, each.code) for each in Incident.objects.all()] == [(called().pk, "OTHER")]
    assert open_names(outer) == []


def test_a_called_case_that_is_stopped_is_an_error_at_the_call(inner, begin, cast):
    inner()
    outer = begin(OUTER)
    perform()

    services.cancel_process(called(), actor=cast.carla, reason="ERROR")
    perform()

    (incident,) = Incident.objects.all()
    assert (incident.instance, incident.element_id, incident.code) == (outer, "call", "CALL_CANCELLED")


def test_trying_a_failed_call_again_begins_another_case(inner, begin, cast):
    inner()
    outer = begin(OUTER)
    perform()
    services.cancel_process(called(), actor=cast.carla, reason="ERROR")
    perform()

    services.retry_service_task(ServiceTaskRun.objects.get(operator=CALL_OPERATOR).pk, actor=cast.ines)
    perform()

    cases = ProcessInstance.objects.filter(definition__key="Inner").order_by("pk")
    assert [each.status for each in cases] == ["cancelled", "running"]
    finish(cases[1], "ask", cast.rosa)
    perform()
    assert open_names(outer) == ["after"]


def test_every_instance_of_a_call_is_a_case(inner, begin, cast):
    inner()
    marker = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality>"
        '<bpmn:loopDataOutputRef>out</bpmn:loopDataOutputRef><bpmn:outputDataItem name="answer"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    node = call().replace("</bpmn:callActivity>", f"{marker}</bpmn:callActivity>")
    outer = begin(node + user("after") + END + chain("start", "call", "after", "end"))
    perform()

    cases = list(ProcessInstance.objects.filter(definition__key="Inner"))
    assert len(cases) == 3
    for case in cases:
        finish(case, "ask", cast.rosa, answer=str(case.pk))
    perform()

    assert open_names(outer) == ["after"]


def test_a_process_that_calls_itself_without_end_is_stopped(begin, operators):
    outer = begin(call(called="Sample") + END + chain("start", "call", "end"))

    perform()

    assert ProcessInstance.objects.count() == 21
    assert [each.code for each in Incident.objects.all()] == ["CALL_TOO_DEEP"]
    assert outer.call_id is None


def test_a_process_may_call_itself_until_a_condition_ends_it(begin, operators):
    less = (
        '<consilium:argument name="number" value="number - 1"/><consilium:argument name="site" value="site"/>'
    )
    body = (
        '<bpmn:exclusiveGateway id="g" default="g-end"/>' + call(called="Sample", arguments=less) + END
        + chain("start", "g") + flow("g", "call", "number > 5") + flow("g", "end", "", "g-end") + chain("call", "end")
    )  # fmt: skip
    begin(body)

    perform()

    assert list(ProcessInstance.objects.values_list("status", flat=True)) == ["completed"] * 3


def test_a_process_that_is_not_there_cannot_be_called(begin, operators):
    with pytest.raises(InvalidInput) as refusal:
        begin(OUTER)

    assert refusal.value.fields == {"call": "There is no process Inner to be called; deploy it first"}


def test_a_process_that_waits_for_a_message_at_its_start_cannot_be_called(inner, begin):
    inner(
        ASK,
        start='<bpmn:startEvent id="start"><bpmn:messageEventDefinition messageRef="M1"/></bpmn:startEvent>',
    )

    with pytest.raises(InvalidInput) as refusal:
        begin(OUTER)

    assert refusal.value.fields == {"call": "Inner waits for an event at its start and cannot be called"}


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (call(called=""), "names no process"),
        (call(result="a b"), "no variable: a b"),
        (call(arguments='<consilium:argument name="x" value="open()"/>'), "argument x: Only these functions"),
        (machine("call", CALL_OPERATOR), "called by a call activity"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused(operators, node, words):
    problems = check_bundle(bundle(node + END + chain("start", "call", "end")))

    assert any(each.element_id == "call" and words in each.message for each in problems), problems


def test_steps_that_wait_for_a_called_case_are_not_nudged(inner, begin, clock):
    inner()
    begin(OUTER)
    perform()
    clock.advance(timedelta(hours=2))

    assert nudge_due_runs() == 0


def test_processes_are_imported_after_those_they_call(operators, tmp_path):
    bodies = {
        "a_outer": ("Outer", OUTER.replace("Inner", "Middle")),
        "b_middle": ("Middle", OUTER),
        "c_inner": ("Inner", ASK),
    }
    for folder, (key, body) in bodies.items():
        for name, text in bundle(body, key=key).items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    call_command("import_processes", *map(str, sorted(tmp_path.iterdir())), stdout=StringIO())

    assert ProcessDefinition.objects.get(key="Outer").calls == {"Middle": 1}
    assert ProcessDefinition.objects.get(key="Middle").calls == {"Inner": 1}
