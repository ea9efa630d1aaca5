"""The remote consultation as people and machines meet it. Signing itself, sending and post-processing are
their own packages' business: here their answers are given by the test."""

from __future__ import annotations

import json
import uuid
import zlib
from datetime import timedelta

import pytest
from django.utils import translation

from accounts.models import AccessGrant, AuditEvent
from common.errors import Conflict, InvalidInput, NotFound
from events.delivery import deliver_due
from events.services import publish
from tests.bulletins import deliveries
from tests.processes.conftest import BPMN, ORDER, SUBJECTS, THIN_SERIES
from workflows import services
from workflows.models import (
    FormDraft,
    Incident,
    ProcessEvent,
    ProcessInstance,
    ReceivedMessage,
    ServiceTaskRun,
    Timer,
)
from workflows.selectors import diagram_state, inbox, visible_cases

pytestmark = pytest.mark.django_db
SCENARIOS = sorted((BPMN / "remote_consultation" / "scenarios").glob("*.json"))
BOTH = pytest.mark.parametrize("restored", [False, True], ids=["straight", "restored after each step"])
SERIES_SUBJECTS = {"series": "2.25.11", **SUBJECTS}
REPORT = {"findings": "No focal lesion.", "impression": "Normal chest CT."}


@pytest.fixture
def at_assignment(run_process):
    def run(**options):
        process = run_process("RemoteConsultation", **options)
        process.receive("SeriesComplete", THIN_SERIES, SERIES_SUBJECTS)
        process.answer("Make overview", {"job_uid": "job-1"})
        return process

    return run


@pytest.fixture
def at_reading(at_assignment):
    def run(**options):
        process = at_assignment(**options)
        process.complete("Assign expert", "carla", "assign", {"expert": "rosa"})
        return process

    return run


@BOTH
@pytest.mark.parametrize("path", SCENARIOS, ids=[path.stem for path in SCENARIOS])
def test_every_recorded_scenario_ends_as_recorded(run_process, path, restored):
    scenario = json.loads(path.read_text())
    process = run_process("RemoteConsultation", restored=restored, begin=False)

    process.play(scenario)

    assert process.instance.status == scenario["end"]["status"]
    assert process.instance.outcome == scenario["end"]["outcome"]
    assert process.open_tasks() == set()
    assert not Timer.objects.filter(status="waiting").exists()
    assert not Incident.objects.exists()


def test_the_scenarios_leave_the_same_history_whether_restored_or_not(run_process):
    histories = []
    for restored in (False, True):
        scenario = json.loads(SCENARIOS[0].read_text())
        scenario["start"]["subjects"]["order"] = f"order-{restored}"
        process = run_process("RemoteConsultation", restored=restored, begin=False)
        process.play(scenario)
        lines = ProcessEvent.objects.filter(instance=process.instance).order_by("id")
        histories.append([(line.kind, line.element_id, line.actor) for line in lines])

    assert histories[0] == histories[1]


def test_an_order_for_plain_imaging_starts_no_consultation(run_process):
    process = run_process("RemoteConsultation", begin=False)

    process.receive("OrderReceived", {**ORDER, "service": "imaging"}, SUBJECTS)

    assert not ProcessInstance.objects.exists()


def test_the_outbox_brings_an_order_to_its_consultation(run_process, clock):
    run_process("RemoteConsultation", begin=False)
    publish("OrderReceived", ORDER, subjects=SUBJECTS)

    clock.advance(timedelta(minutes=1))
    deliver_due()

    instance = ProcessInstance.objects.get()
    assert (instance.site.code, instance.start_key) == ("county", "RemoteConsultation:order-1")
    assert instance.trace_id == deliveries(name="OrderReceived").get(subscriber="workflows").trace_id


def test_an_order_told_twice_starts_one_consultation(run_process):
    process = run_process("RemoteConsultation")

    process.receive("OrderReceived", ORDER, SUBJECTS)

    assert ProcessInstance.objects.count() == 1


def test_a_consultation_runs_under_the_trace_of_its_order(run_process):
    process = run_process("RemoteConsultation")
    process.receive("SeriesComplete", THIN_SERIES, SERIES_SUBJECTS)

    trace_id = process.instance.trace_id
    assert AuditEvent.objects.get(action="case.started").trace_id == trace_id
    assert {row.trace_id for row in deliveries(name="CaseChanged")} <= {trace_id}


@BOTH
def test_derived_images_and_localizers_do_not_open_the_gate(run_process, restored):
    process = run_process("RemoteConsultation", restored=restored)

    process.receive("SeriesComplete", {**THIN_SERIES, "is_derived": True}, SERIES_SUBJECTS)
    process.receive(
        "SeriesComplete", {**THIN_SERIES, "is_localizer": True, "is_thin_slice": False}, SERIES_SUBJECTS
    )
    assert ServiceTaskRun.objects.count() == 0

    process.receive("SeriesComplete", THIN_SERIES, SERIES_SUBJECTS)
    run = ServiceTaskRun.objects.get()
    assert (run.operator, run.arguments) == (
        "compute.run_template",
        {"template": "ct_overview", "study_instance_uid": "2.25.1", "series_instance_uid": "2.25.11"},
    )


def test_thick_slices_go_to_assignment_without_an_overview(run_process):
    process = run_process("RemoteConsultation")

    process.receive("SeriesComplete", {**THIN_SERIES, "is_thin_slice": False}, SERIES_SUBJECTS)

    assert process.open_tasks() == {("Assign expert", "coordinator")}


def test_a_study_of_a_single_image_is_read_too(run_process):
    process = run_process("RemoteConsultation")

    alone = {**THIN_SERIES, "instance_count": 1, "is_thin_slice": None, "spacing_mm": None}
    process.receive("SeriesComplete", alone, SERIES_SUBJECTS)

    assert process.open_tasks() == {("Assign expert", "coordinator")}


def test_news_told_twice_moves_the_case_once(run_process):
    process = run_process("RemoteConsultation")
    uid = uuid.uuid4()

    process.receive("SeriesComplete", THIN_SERIES, SERIES_SUBJECTS, uid=uid)
    revision = process.instance.revision
    process.receive("SeriesComplete", THIN_SERIES, SERIES_SUBJECTS, uid=uid)

    assert ServiceTaskRun.objects.count() == 1
    assert ReceivedMessage.objects.count() == 1
    assert process.instance.revision <= revision + 1


def test_news_of_another_study_of_the_same_patient_is_not_this_case_s(run_process):
    process = run_process("RemoteConsultation")

    process.receive("SeriesComplete", THIN_SERIES, {"patient": "patient-1", "study": "2.25.999"})

    assert not ReceivedMessage.objects.exists()
    assert not ServiceTaskRun.objects.exists()


def test_a_failed_overview_is_flagged_and_does_not_stop_the_case(run_process):
    process = run_process("RemoteConsultation")
    process.receive("SeriesComplete", THIN_SERIES, SERIES_SUBJECTS)

    process.fail("Make overview", "TEMPLATE_DOES_NOT_FIT")

    assert process.open_tasks() == {("Assign expert", "coordinator")}
    assert "OverviewFailed" in diagram_state(process.instance)["completed"]
    assert not Incident.objects.exists()


def test_the_expert_chosen_gets_the_task_by_name_and_may_see_the_study(at_reading):
    process = at_reading()

    task = process.task("Read and report")
    assert (task.assignee, task.is_personal) == (process.cast.rosa, True)
    grant = AccessGrant.objects.get(person=process.cast.rosa, revoked_at=None)
    assert (grant.study_instance_uid, grant.cause) == ("2.25.1", f"case:{process.instance.uid}")
    assert list(inbox(process.cast.rosa)) == [task]
    assert not inbox(process.cast.otto).exists()


def test_the_expert_must_be_a_radiologist_of_the_expert_hospital(at_assignment):
    process = at_assignment()

    with pytest.raises(InvalidInput) as refusal:
        process.complete("Assign expert", "carla", "assign", {"expert": "rafael"})

    assert refusal.value.fields == {"expert": "Expert: choose one of the offered values."}


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"findings": "x"}, {"impression": "Impression is required."}),
        ({"findings": " \n", "impression": "x"}, {"findings": "Findings is required."}),
        ({}, {"findings": "Findings is required.", "impression": "Impression is required."}),
        ({**REPORT, "typo": 1}, {"typo": "This form has no such field."}),
        ({**REPORT, "is_critical": "yes"}, {"is_critical": "Critical finding is not in the expected form."}),
        ({**REPORT, "impression": "x" * 8001}, {"impression": "Impression has at most 8000 characters."}),
    ],
)
def test_an_incomplete_report_is_refused_field_by_field_and_nothing_changes(
    at_reading, signed_reports, data, fields
):
    process = at_reading()

    with pytest.raises(InvalidInput) as refusal:
        process.complete("Read and report", "rosa", "sign", data)

    assert refusal.value.fields == fields
    assert signed_reports == []
    assert process.open_tasks() == {("Read and report", "radiologist")}


def test_refusals_speak_chinese_to_who_reads_chinese(at_reading):
    process = at_reading()

    with translation.override("zh-hans"), pytest.raises(InvalidInput) as refusal:
        process.complete("Read and report", "rosa", "sign", {"findings": "x"})

    assert "诊断意见" in refusal.value.fields["impression"]


def test_declining_needs_a_reason_which_stays_in_the_history_and_out_of_the_data(at_reading):
    process = at_reading()
    with pytest.raises(InvalidInput) as refusal:
        process.complete("Read and report", "rosa", "decline", {})
    assert refusal.value.fields == {"reason": "Reason is required."}

    process.complete("Read and report", "rosa", "decline", {"reason": "On leave."})

    line = ProcessEvent.objects.get(kind="task.declined")
    assert line.detail["notes"] == {"reason": "On leave."}
    assert b"On leave." not in bytes(process.instance.state)
    assert process.open_tasks() == {("Assign expert", "coordinator")}
    assert AuditEvent.objects.filter(action="task.declined", person=process.cast.rosa).exists()


def test_a_task_done_twice_is_done_once_and_the_second_is_told(at_reading, signed_reports):
    process = at_reading()
    task = process.task("Read and report")
    process.complete("Read and report", "rosa", "sign", REPORT)

    with pytest.raises(Conflict) as refusal:
        services.complete_user_task(task, actor=process.cast.rosa, outcome="sign", data=REPORT)

    assert refusal.value.code == "TASK_CLOSED"
    assert len(signed_reports) == 1


@BOTH
def test_a_slow_reading_is_reminded_three_times_then_goes_back_to_the_coordinator(at_reading, restored):
    process = at_reading(restored=restored)

    for reminders in (1, 2, 3):
        process.advance("PT30M")
        assert ServiceTaskRun.objects.filter(name="Remind expert").count() == reminders
    assert process.open_tasks() == {("Read and report", "radiologist")}

    process.advance("PT30M")
    assert process.open_tasks() == set()
    process.answer("Tell coordinator", {"notified": 1})
    assert process.open_tasks() == {("Assign expert", "coordinator")}


@pytest.mark.parametrize(
    ("priority", "reminder", "escalation"),
    [
        ("ROUTINE", timedelta(minutes=30), timedelta(hours=2)),
        ("STAT", timedelta(minutes=5), timedelta(minutes=15)),
    ],
)
def test_timers_are_shorter_for_stat(at_reading, clock, priority, reminder, escalation):
    at_reading(priority=priority)

    due = {timer.element_id: timer.due_at - clock.now for timer in Timer.objects.filter(status="waiting")}

    assert due == {"ReminderDue": reminder, "ReadingOverdue": escalation}


def test_a_timer_does_not_fire_before_it_is_due_by_our_clock(at_reading, clock):
    process = at_reading()

    clock.advance(timedelta(minutes=29, seconds=59))
    assert process.fire_due_timers() == 0
    clock.advance(timedelta(seconds=1))
    assert process.fire_due_timers() == 1
    assert process.fire_due_timers() == 0


def test_signing_ends_the_timers_of_the_reading(at_reading):
    process = at_reading()

    process.complete("Read and report", "rosa", "sign", REPORT)

    assert not Timer.objects.filter(status="waiting").exists()


def test_a_report_no_one_accepts_becomes_an_incident_and_the_case_stays(at_reading):
    process = at_reading()
    process.complete("Read and report", "rosa", "sign", REPORT)
    process.complete("Acknowledge report", "rafael", "acknowledge", {})

    process.fail("Send report", "LINK_UNKNOWN")

    incident = Incident.objects.get()
    assert (incident.element_id, incident.code, incident.resolved_at) == ("SendReport", "LINK_UNKNOWN", None)
    assert process.instance.status == "running"
    assert diagram_state(process.instance)["elements"]["SendReport"]["status"] == "failed"

    run = ServiceTaskRun.objects.get(name="Send report")
    services.retry_service_task(run.uid, actor=process.cast.ines)
    process.answer("Send report", {"acknowledged": True})
    incident.refresh_from_db()
    assert incident.resolved_at is not None
    assert process.instance.status == "completed"


def test_grants_end_with_the_case(at_reading):
    process = at_reading()
    process.complete("Read and report", "rosa", "sign", REPORT)
    process.complete("Acknowledge report", "rafael", "acknowledge", {})
    assert AccessGrant.objects.filter(revoked_at=None).exists()

    process.answer("Send report", {"acknowledged": True})

    assert not AccessGrant.objects.filter(revoked_at=None).exists()


def test_a_cancelled_case_withdraws_everything_it_waited_for(at_reading):
    process = at_reading()
    task = process.task("Read and report")

    services.cancel_process(process.instance, actor=process.cast.carla, reason="ORDER_WITHDRAWN")

    task.refresh_from_db()
    assert (task.status, process.instance.status, process.instance.outcome) == (
        "cancelled", "cancelled", "ORDER_WITHDRAWN",
    )  # fmt: skip
    assert not Timer.objects.filter(status="waiting").exists()
    with pytest.raises(Conflict):
        services.complete_user_task(task, actor=process.cast.rosa, outcome="sign", data=REPORT)


def test_otto_may_not_know_of_the_case(at_reading):
    process = at_reading()
    otto, task = process.cast.otto, process.task("Read and report")

    assert not visible_cases(otto).exists()
    with pytest.raises(NotFound):
        services.claim_user_task(task, actor=otto)
    with pytest.raises(NotFound):
        services.complete_user_task(task, actor=otto, outcome="sign", data=REPORT)
    with pytest.raises(NotFound):
        services.save_draft(task, person=otto, data={}, revision=0)
    with pytest.raises(NotFound):
        services.cancel_process(process.instance, actor=otto, reason="X")


def test_those_with_a_part_in_a_case_see_it(at_reading):
    process = at_reading()

    for person in (process.cast.rosa, process.cast.carla, process.cast.rafael):
        assert process.instance in visible_cases(person)
    assert not visible_cases(process.cast.ivo).exists()


def test_the_diagram_shows_what_is_done_and_where_the_case_stands(at_reading):
    process = at_reading()

    state = diagram_state(process.instance)

    assert state["active"] == ["ReadAndReport"]
    assert {"ConsultationOrdered", "SeriesCompleted", "MakeOverview", "AssignExpert"} <= set(
        state["completed"]
    )
    assert state["elements"]["AssignExpert"]["actor"] == "carla"
    assert state["elements"]["ReadingOverdue"]["status"] == "waiting"
    assert "bpmndi:BPMNShape" in state["xml"]


def test_typed_text_is_kept_and_a_second_window_is_told_of_its_loss(at_reading):
    process = at_reading()
    task, rosa = process.task("Read and report"), process.cast.rosa

    first = services.save_draft(task, person=rosa, data={"findings": "a"}, revision=0)
    services.save_draft(task, person=rosa, data={"findings": "ab"}, revision=first.revision)

    with pytest.raises(Conflict) as refusal:
        services.save_draft(task, person=rosa, data={"findings": "c"}, revision=first.revision)
    assert refusal.value.code == "DRAFT_CHANGED"
    assert FormDraft.objects.get().data == {"findings": "ab"}

    process.complete("Read and report", "rosa", "sign", REPORT)
    assert not FormDraft.objects.exists()


def test_the_state_holds_no_text_a_person_typed(at_reading):
    process = at_reading()
    process.complete("Read and report", "rosa", "sign", REPORT)

    state = zlib.decompress(bytes(process.instance.state)).decode()

    assert "report-1" in state
    assert "Normal chest CT" not in state
