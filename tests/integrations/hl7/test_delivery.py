"""Reports on their way to the EMR: in order, again and again until acknowledged, filed once."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from accounts.models import AuditEvent
from common.errors import Conflict, NotFound
from events import services as events
from events.delivery import deliver
from events.tracing import trace
from integrations.hl7 import delivery
from integrations.hl7.models import MessageLog, OutboundMessage
from integrations.hl7.service_tasks import send_report
from tests.bulletins import deliveries
from tests.integrations.hl7.messages import context, emr_link
from workflows import services as workflows
from workflows.service_tasks import Pending


@pytest.fixture
def told(monkeypatch) -> list[tuple[str, uuid.UUID, dict[str, Any]]]:
    """What the waiting step was told."""
    heard: list[tuple[str, uuid.UUID, dict[str, Any]]] = []
    for service in ("complete_service_task", "fail_service_task"):
        monkeypatch.setattr(
            workflows,
            service,
            lambda run_uid, _service=service, **words: heard.append((_service, run_uid, words)),
        )
    return heard


def filed(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((tmp_path / "emr").glob("*.json"))]


def test_a_report_is_queued_filed_by_the_emr_and_its_step_told(cast, make_report, emr, told, tmp_path):
    link = emr_link(cast, emr().port)
    report = make_report()
    run_uid = uuid.uuid4()

    pending = send_report(context(report, run_uid), report_uid=str(report.uid))
    message = OutboundMessage.objects.get()
    assert pending == Pending(str(message.uid))
    assert message.log.status == "queued"

    assert delivery.deliver_link(link.pk) == 1

    (record,) = filed(tmp_path)
    assert record["patient_id"] == "1001"
    assert record["patient_name"] == "张伟"
    assert record["accession"] == report.study.order.accession_number
    assert record["findings"] == "结节 8 mm\nrest & bone normal"
    assert record["impression"] == "Follow up | 3 months"
    assert record["status"] == "F"
    assert record["study_instance_uid"] == report.study.study_instance_uid
    message.refresh_from_db()
    assert message.acknowledged_at is not None
    assert (message.log.status, message.log.ack_code) == ("acknowledged", "AA")
    assert told == [
        (
            "complete_service_task",
            run_uid,
            {"result": {"acknowledged": True, "control_id": message.log.control_id}},
        )
    ]


def test_order_report_and_oru_carry_one_trace_and_the_delivery_is_audited_and_published(
    cast, make_report, emr, told, monkeypatch
):
    news: list[events.Event] = []
    monkeypatch.setattr(events, "_every_event", {})
    monkeypatch.setattr(events, "_subscribers", {})
    events.subscribe("ReportDelivered", subscriber="tests", handler=news.append)
    link = emr_link(cast, emr().port)
    report = make_report()
    with trace():  # a worker of another time
        send_report(context(report), report_uid=str(report.uid))
    with trace():
        delivery.deliver_link(link.pk)
    for waiting in deliveries():
        deliver(waiting.pk)

    row = MessageLog.objects.get()
    line = AuditEvent.objects.get(action="report.delivered")
    assert row.trace_id == line.trace_id == report.study.order.trace_id
    assert line.study_instance_uid == report.study.study_instance_uid
    (delivered,) = news
    assert delivered.trace_id == row.trace_id
    assert delivered.payload["link"] == "county-emr"
    assert delivered.subjects["report"] == str(report.uid)


def test_a_step_that_runs_twice_sends_one_message(cast, make_report, emr, told):
    emr_link(cast, emr().port)
    report, run_uid = make_report(), uuid.uuid4()
    first = send_report(context(report, run_uid), report_uid=str(report.uid))
    assert send_report(context(report, run_uid), report_uid=str(report.uid)) == first
    assert OutboundMessage.objects.count() == 1


def test_a_dead_emr_is_tried_with_growing_pauses_and_reached_when_it_is_back(
    cast, clock, make_report, emr, told, tmp_path
):
    gone = emr()
    gone.server_close()
    link = emr_link(cast, gone.port)
    report = make_report()
    send_report(context(report), report_uid=str(report.uid))
    pauses = []
    for _ in range(4):
        assert delivery.deliver_link(link.pk) == 0
        message = OutboundMessage.objects.select_related("log").get()
        assert (message.log.status, message.log.error_code) == ("queued", "CONNECTIONREFUSEDERROR")
        pauses.append((message.next_attempt_at - clock.now).total_seconds())
        assert delivery.deliver_link(link.pk) == 0  # not yet due: no attempt is made
        clock.advance(dt.timedelta(seconds=pauses[-1]))
    assert pauses == [2, 4, 8, 16]
    assert OutboundMessage.objects.get().attempts == 4

    emr(port=gone.port)
    assert delivery.deliver_due() == 1
    assert len(filed(tmp_path)) == 1
    assert [name for name, _, _ in told] == ["complete_service_task"]


def test_an_emr_that_drops_and_refuses_for_now_gets_the_same_bytes_until_it_agrees(
    cast, clock, make_report, emr, told, tmp_path
):
    link = emr_link(cast, emr(refuse_first=3).port)
    report = make_report()
    send_report(context(report), report_uid=str(report.uid))
    codes = []
    for _ in range(4):
        delivery.deliver_link(link.pk)
        codes.append(MessageLog.objects.get().error_code)
        clock.advance(dt.timedelta(minutes=1))
    assert codes == ["CONNECTIONERROR", "REFUSED_FOR_NOW", "CONNECTIONERROR", ""]
    (stored,) = (tmp_path / "emr").glob("*.hl7")
    assert stored.read_bytes() == bytes(MessageLog.objects.get().raw)
    assert OutboundMessage.objects.get().attempts == 4


def test_a_refusal_for_good_is_kept_told_and_does_not_block_the_next(cast, make_report, emr, told, tmp_path):
    link = emr_link(cast, emr().port)
    first, second = make_report("1"), make_report("2")
    for report in (first, second):
        send_report(context(report), report_uid=str(report.uid))
    bad = OutboundMessage.objects.earliest("pk")
    bad.log.raw = bytes(bad.log.raw).replace(b"PID|1||1001^^^COUNTY&2.25.1002&ISO^MR", b"PID|1||")
    bad.log.save()

    assert delivery.deliver_link(link.pk) == 2

    bad.refresh_from_db()
    assert bad.failed_at is not None
    assert (bad.log.status, bad.log.ack_code, bad.log.error_condition) == ("failed", "AE", "101")
    assert [name for name, _, _ in told] == ["fail_service_task", "complete_service_task"]
    assert told[0][2]["permanent"] is True

    bad.log.raw = bytes(bad.log.raw).replace(b"PID|1||", b"PID|1||1001^^^COUNTY")
    bad.log.save()
    send_report(context(first, bad.run_uid), report_uid=str(first.uid))  # an operator tries the step again
    assert delivery.deliver_link(link.pk) == 1
    assert told[-1][:2] == ("complete_service_task", bad.run_uid)


def test_reports_reach_one_receiver_in_the_order_they_were_queued(cast, make_report, emr, told, tmp_path):
    link = emr_link(cast, emr().port)
    for number in "123":
        report = make_report(number)
        send_report(context(report), report_uid=str(report.uid))
    assert delivery.deliver_link(link.pk) == 3
    delivered = OutboundMessage.objects.order_by("acknowledged_at").values_list("pk", flat=True)
    assert list(delivered) == sorted(delivered)
    assert len(filed(tmp_path)) == 3


def test_a_stuck_receiver_holds_up_nobody_elses_reports(cast, clock, make_report, emr, told, tmp_path):
    dead = emr()
    dead.server_close()
    emr_link(cast, dead.port, name="dead-emr")
    emr_link(cast, emr().port)
    for number, name in (("1", "dead-emr"), ("2", "county-emr")):
        report = make_report(number)
        send_report(context(report), report_uid=str(report.uid), link=name)
    assert delivery.deliver_due() == 2
    assert len(filed(tmp_path)) == 1


def test_a_sender_that_died_after_sending_leaves_a_lease_that_runs_out_and_one_filed_report(
    cast, clock, make_report, emr, told, tmp_path
):
    """What `kill -9` leaves: the message is with the EMR, and nobody wrote down its answer."""
    link = emr_link(cast, emr().port)
    report = make_report()
    send_report(context(report), report_uid=str(report.uid))
    taken = delivery._take(link.pk)
    assert taken is not None
    delivery._exchange(link, bytes(taken.log.raw))

    assert delivery.deliver_link(link.pk) == 0  # the lease of the dead still runs
    assert delivery.deliver_due() == 0
    clock.advance(delivery.LEASE)
    assert delivery.deliver_due() == 1

    assert len(filed(tmp_path)) == 1
    message = OutboundMessage.objects.get()
    assert (message.attempts, message.log.status) == (2, "acknowledged")
    assert [name for name, _, _ in told] == ["complete_service_task"]


def test_an_answer_to_another_message_is_no_acknowledgement(cast, clock, make_report, emr, told, monkeypatch):
    link = emr_link(cast, emr().port)
    report = make_report()
    send_report(context(report), report_uid=str(report.uid))
    monkeypatch.setattr(delivery, "_exchange", lambda *_: b"MSH|^~\\&|E|C\rMSA|AA|OTHER\r")
    delivery.deliver_link(link.pk)
    assert MessageLog.objects.get().error_code == "ANSWER_TO_ANOTHER"
    assert told == []


def test_a_step_that_no_longer_waits_does_not_undo_the_delivery(cast, make_report, emr, monkeypatch):
    def over(run_uid, **words):
        raise Conflict("The step is over.", code="STEP_CLOSED")

    monkeypatch.setattr(workflows, "complete_service_task", over)
    link = emr_link(cast, emr().port)
    report = make_report()
    send_report(context(report), report_uid=str(report.uid))
    assert delivery.deliver_link(link.pk) == 1
    assert MessageLog.objects.get().status == "acknowledged"


def test_a_step_that_could_not_be_told_is_told_by_the_sweep(cast, make_report, emr, monkeypatch, told):
    """A process that died between the receiver's AA and the step's end, or a database that was away."""

    def away(run_uid, **words):
        raise OperationalError

    hears = workflows.complete_service_task
    monkeypatch.setattr(workflows, "complete_service_task", away)
    link = emr_link(cast, emr().port)
    report = make_report()
    send_report(context(report), report_uid=str(report.uid))
    assert delivery.deliver_link(link.pk) == 1
    assert told == []

    monkeypatch.setattr(workflows, "complete_service_task", hears)
    delivery.deliver_due()
    delivery.deliver_due()
    assert [name for name, _, _ in told] == ["complete_service_task"]


def test_a_site_without_an_outbound_link_is_a_clear_refusal(cast, make_report):
    report = make_report()
    with pytest.raises(NotFound) as refusal:
        send_report(context(report), report_uid=str(report.uid))
    assert refusal.value.code == "NO_OUTBOUND_LINK"


def test_an_unknown_report_is_refused(cast, make_report):
    with pytest.raises(NotFound) as refusal:
        send_report(context(make_report()), report_uid=str(uuid.uuid4()))
    assert refusal.value.code == "REPORT_UNKNOWN"


def test_a_committed_message_nudges_the_worker_of_its_link(
    cast, make_report, emr, django_capture_on_commit_callbacks
):
    nudged: list[int] = []
    link = emr_link(cast, emr().port)
    report = make_report()
    delivery.use_nudge(nudged.append)
    with django_capture_on_commit_callbacks(execute=True):
        send_report(context(report), report_uid=str(report.uid))
    assert nudged == [link.pk]
