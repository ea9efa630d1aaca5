"""Outbound messages: in order for each link, retried until acknowledged, the same bytes each time.

The row is the truth. A sender takes the oldest open message of a link by a lease, sends it outside any
transaction, and writes down what came of it. A sender that dies leaves a lease that runs out; the message
then goes out again with the same control ID, by which the receiver knows it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

import structlog
from django.db import transaction

from accounts.audit import record_audit
from common import clock
from common.attempts import back_off
from common.errors import ServiceError
from common.nudges import Nudge
from events.services import publish
from events.tracing import current_trace, trace
from integrations.hl7.fields import parse, read_header
from integrations.hl7.mllp import Client
from integrations.hl7.models import Link, MessageLog, OutboundMessage
from workflows import services as workflows

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 20.0
LEASE = dt.timedelta(seconds=60)
LONGEST_WAIT_S = 300
TRANSIENT_CONDITIONS = frozenset({"206", "207"})  # Table 0357: locked, internal error

_nudge = Nudge[int]()
"""Told of a link that has something to deliver, by its key."""
use_nudge = _nudge.use


def queue_message(
    link: Link,
    data: bytes,
    *,
    control_id: str,
    subjects: Mapping[str, str],
    run_uid: uuid.UUID | None = None,
    mapped_by: str = "",
) -> OutboundMessage:
    """Put a message on its way; it is delivered after the transaction in hand commits."""
    header = read_header(data)
    with transaction.atomic():
        row = MessageLog.objects.create(
            direction=MessageLog.Direction.OUTBOUND,
            link=link,
            site=link.site,
            sending_application=header[3].value,
            sending_facility=header[4].value,
            control_id=control_id,
            message_type=f"{header[9].component(1)}^{header[9].component(2)}",
            version=header[12].value,
            digest="",
            raw=data,
            received_at=clock.now(),
            status=MessageLog.Status.QUEUED,
            trace_id=current_trace(),
            mapped_by=mapped_by,
        )
        message = OutboundMessage.objects.create(
            log=row,
            link=link,
            run_uid=run_uid,
            subjects=dict(subjects),
            queued_at=clock.now(),
            next_attempt_at=clock.now(),
        )
        _nudge.after_commit(link.pk)
    return message


def deliver_link(link_id: int, *, limit: int = 50) -> int:
    """Send what waits for a link, oldest first, up to the first that does not get through; how many did."""
    done = 0
    while done < limit:
        message = _take(link_id)
        if message is None or not _attempt(message):
            break
        done += 1
    return done


def deliver_due() -> int:
    """See to every link whose oldest open message is due: nudge a worker, or deliver here without one.

    Steps that were not told how their message ended, because a process died in between, are told now.
    """
    for message in _untold():
        with trace(message.log.trace_id):
            _tell_step(message)
    links = [
        message.link_id
        for message in _heads()
        if _is_due(message)
    ]  # fmt: skip
    for link_id in links:
        if not _nudge(link_id):
            deliver_link(link_id)
    return len(links)


def retry_message(message: OutboundMessage) -> None:
    """Send a failed message once more, for a person who has put right what was wrong."""
    with transaction.atomic():
        message.failed_at = message.step_told_at = None
        message.next_attempt_at = clock.now()
        message.save(update_fields=["failed_at", "step_told_at", "next_attempt_at"])
        MessageLog.objects.filter(pk=message.log_id).update(status=MessageLog.Status.QUEUED)
        _nudge.after_commit(message.link_id)


def _heads() -> list[OutboundMessage]:
    open_messages = OutboundMessage.objects.filter(acknowledged_at=None, failed_at=None)
    return list(open_messages.order_by("link_id", "id").distinct("link_id"))


def _untold() -> list[OutboundMessage]:
    ended = OutboundMessage.objects.filter(run_uid__isnull=False, step_told_at=None)
    return list(ended.exclude(acknowledged_at=None, failed_at=None).select_related("log")[:50])


def _is_due(message: OutboundMessage) -> bool:
    now = clock.now()
    return message.next_attempt_at <= now and (message.lease_until is None or message.lease_until <= now)


def _take(link_id: int) -> OutboundMessage | None:
    """The oldest open message of a link under our lease; None when there is none, or none for us now."""
    with transaction.atomic():
        # The link's row lock keeps two senders from taking neighbouring messages at once.
        link = Link.objects.select_for_update(skip_locked=True).filter(pk=link_id, is_active=True).first()
        if link is None:
            return None
        message = (
            OutboundMessage.objects.select_related("log", "link__site")
            .filter(link=link, acknowledged_at=None, failed_at=None)
            .order_by("id")
            .first()
        )
        if message is None or not _is_due(message):
            return None
        message.attempts += 1
        message.lease_until = clock.now() + LEASE
        message.save(update_fields=["attempts", "lease_until"])
        return message


def _attempt(message: OutboundMessage) -> bool:
    """Send once and write down what came of it; whether the next message may follow."""
    with trace(message.log.trace_id):
        try:
            answer = _exchange(message.link, bytes(message.log.raw))
        except OSError as error:
            _put_off(message, type(error).__name__.upper())
            return False
        return _judge(message, answer)


def _exchange(link: Link, data: bytes) -> bytes:
    with Client(
        link.host,
        link.port or 0,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        answer_timeout_s=ANSWER_TIMEOUT_S,
    ) as client:
        return client.exchange(data)


def _judge(message: OutboundMessage, answer: bytes) -> bool:
    """Reference  HL7 v2.5.1 §2.9.2.3: AA ends it; AE and AR are for good unless the receiver calls it its own error."""
    try:
        reply = parse(answer)
    except ServiceError:
        _put_off(message, "ANSWER_UNREADABLE", answer=answer)
        return False
    code, control_id = reply["MSA"][1].value, reply["MSA"][2].value
    if control_id != message.log.control_id or code not in {"AA", "AE", "AR", "CA", "CE", "CR"}:
        _put_off(message, "ANSWER_TO_ANOTHER", answer=answer)
        return False
    if code in {"AA", "CA"}:
        _acknowledge(message, answer, code)
        return True
    condition = reply["ERR"][3].value or reply["ERR"][1].component(4)
    if condition in TRANSIENT_CONDITIONS:
        _put_off(message, "REFUSED_FOR_NOW", answer=answer, ack_code=code, condition=condition)
        return False
    _fail(message, answer, code, condition)
    return True


def _acknowledge(message: OutboundMessage, answer: bytes, code: str) -> None:
    with transaction.atomic():
        message.acknowledged_at = clock.now()
        message.lease_until = None
        message.save(update_fields=["acknowledged_at", "lease_until"])
        _note(message, MessageLog.Status.ACKNOWLEDGED, answer=answer, ack_code=code)
        record_audit(
            message.link.actor,
            "report.delivered",
            object_kind="report",
            object_uid=message.subjects.get("report", ""),
            study_instance_uid=message.subjects.get("study", ""),
            site_code=message.link.site.code,
            link=message.link.name,
            control_id=message.log.control_id,
        )
        publish("ReportDelivered", {"link": message.link.name}, subjects=message.subjects)
    _tell_step(message)


def _fail(message: OutboundMessage, answer: bytes, code: str, condition: str) -> None:
    with transaction.atomic():
        message.failed_at = clock.now()
        message.lease_until = None
        message.save(update_fields=["failed_at", "lease_until"])
        _note(
            message,
            MessageLog.Status.FAILED,
            answer=answer,
            ack_code=code,
            error_code="REFUSED_BY_RECEIVER",
            condition=condition,
        )
    _tell_step(message)


def _put_off(
    message: OutboundMessage, error_code: str, *, answer: bytes = b"", ack_code: str = "", condition: str = ""
) -> None:
    with transaction.atomic():
        message.lease_until = None
        message.next_attempt_at = clock.now() + back_off(message.attempts, longest_s=LONGEST_WAIT_S)
        message.save(update_fields=["lease_until", "next_attempt_at"])
        _note(
            message,
            MessageLog.Status.QUEUED,
            answer=answer,
            ack_code=ack_code,
            error_code=error_code,
            condition=condition,
        )


def _note(
    message: OutboundMessage,
    status: MessageLog.Status,
    *,
    answer: bytes,
    ack_code: str,
    error_code: str = "",
    condition: str = "",
) -> None:
    row = message.log
    row.status = status
    row.answer = answer
    row.answered_at = clock.now() if answer else row.answered_at
    row.ack_code = ack_code
    row.error_code = error_code[:80]
    row.error_condition = condition[:8]
    row.save(update_fields=["status", "answer", "answered_at", "ack_code", "error_code", "error_condition"])
    log.info(
        "hl7.delivery",
        link=message.link.name,
        control_id=row.control_id,
        status=str(status),
        error=error_code,
        attempts=message.attempts,
        trace_id=str(row.trace_id),
    )


def _tell_step(message: OutboundMessage) -> None:
    """Wake the step that waits, in a transaction of its own: the delivery stands whatever comes of it.

    A step that is over, or withdrawn, no longer cares. One that cannot be told now is told by the sweep.
    """
    run_uid = message.run_uid
    if run_uid is None or message.step_told_at is not None:
        return
    row = message.log
    try:
        if message.acknowledged_at is not None:
            workflows.complete_service_task(
                run_uid, result={"acknowledged": True, "control_id": row.control_id}
            )
        else:
            answer = f"The receiver refused the message with {row.ack_code} {row.error_condition}".rstrip()
            workflows.fail_service_task(
                run_uid, code="REFUSED_BY_RECEIVER", message=f"{answer}.", permanent=True
            )
    except ServiceError as error:
        log.warning("hl7.step_not_told", run_uid=str(run_uid), code=error.code)
        if not error.permanent:
            return
    except Exception:
        log.exception("hl7.step_not_told", run_uid=str(run_uid))
        return
    message.step_told_at = clock.now()
    message.save(update_fields=["step_told_at"])
