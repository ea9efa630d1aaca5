"""From the bytes of a message to the bytes of its answer: log, find the link, hand to the handler, answer.

The row in the message log, what the handler did and the answer are committed together before the answer
leaves; a message whose answer was lost gets the same answer when it is sent again.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.db import connection, transaction

from accounts.audit import record_audit
from accounts.models import AuditEvent, Site
from common import clock
from common.errors import Conflict, InvalidInput, NotPermitted, ServiceError
from events.tracing import current_trace, trace
from integrations.hl7.acks import Acknowledgement, encode, refuse, refuse_defect
from integrations.hl7.fields import Message, Segment, parse, read_header
from integrations.hl7.mapping import Mapped, mapped
from integrations.hl7.models import Link, MessageLog
from integrations.hl7.refusals import missing
from workflows.scripting import scripts_run_for

log = structlog.get_logger(__name__)

Handler = Callable[[Message, Link], Acknowledgement]
_handlers: dict[str, Handler] = {}
KEPT_OF_BROKEN_BYTES = 64 * 1024
CONCLUSION = [
    "answer", "answered_at", "status", "receipts", "trace_id", "mapped_by",
    "ack_code", "error_condition", "error_code", "error_location", "error_text",
]  # fmt: skip


def handles(*triggers: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of these trigger events, written like `ADT^A40`."""

    def register(handler: Handler) -> Handler:
        for trigger in triggers:
            _handlers[trigger] = handler
        return handler

    return register


def handled_triggers() -> list[str]:
    """Every trigger event that has a handler."""
    return sorted(_handlers)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the header says of a message before anything else is read."""

    header: Segment | None
    data: bytes

    @property
    def trigger(self) -> str:
        return f"{self._component(9, 1)}^{self._component(9, 2)}".rstrip("^")

    @property
    def control_id(self) -> str:
        return self._component(10, 1)

    @property
    def version(self) -> str:
        return self._component(12, 1)

    @property
    def application(self) -> str:
        return self._component(3, 1) or self._component(3, 2)

    @property
    def facility(self) -> str:
        return self._component(4, 1) or self._component(4, 2)

    @property
    def digest(self) -> str:
        """Over type and body, not the header, whose time stamp may change when a message is sent again."""
        body = self.data.replace(b"\n", b"\r").partition(b"\r")[2] if self.header else self.data
        return hashlib.sha256(self.trigger.encode() + b"\r" + body).hexdigest()

    def _component(self, field: int, component: int) -> str:
        return self.header[field].component(component) if self.header else ""


def receive(data: bytes) -> bytes:
    """Deal with one message and return its acknowledgement; everything is committed by then.

    Never raises: what cannot be read, is refused or goes wrong is answered as such, and is a row in the
    message log wherever the database can be reached.
    """
    envelope, unreadable = _open(data)
    with trace():
        try:
            row = _receive(envelope, unreadable)
        except Exception as error:
            _log_defect(envelope, error)
            return encode(refuse_defect(), envelope.header)
        _log_answer(row)
        return bytes(row.answer)


def note_broken_frame(data: bytes, *, is_too_large: bool) -> bytes:
    """Keep the beginning of a frame that did not arrive whole; the answer for a sender still listening."""
    envelope, _ = _open(data[:KEPT_OF_BROKEN_BYTES])
    error = InvalidInput(
        "The message is too large." if is_too_large else "The message was cut off.",
        code="FRAME_TOO_LARGE" if is_too_large else "FRAME_CUT_OFF",
    )
    with trace():
        try:
            _log_answer(_keep_refused(envelope, None, error))
        except Exception as defect:
            _log_defect(envelope, defect)
    return encode(refuse(error), envelope.header)


def find_link(application: str, facility: str) -> Link | None:
    """The active inbound link of a sender; one for its facility goes before one for the whole region."""
    return (
        Link.objects.select_related("site")
        .filter(
            direction=Link.Direction.INBOUND,
            is_active=True,
            sending_application=application,
            sending_facility__in=[facility, ""],
        )
        .order_by("-sending_facility")
        .first()
    )


def _open(data: bytes) -> tuple[Envelope, InvalidInput | None]:
    try:
        return Envelope(read_header(data), data), None
    except InvalidInput as error:
        return Envelope(None, data), error


def _receive(envelope: Envelope, unreadable: InvalidInput | None) -> MessageLog:
    """The row of the message with its answer, both committed."""
    if unreadable is not None:
        return _keep_refused(envelope, None, unreadable)
    link = find_link(envelope.application, envelope.facility)
    if link is None:
        refusal = NotPermitted(
            "No link is set up for this sending application and facility.", code="UNKNOWN_SENDER"
        )
        return _keep_refused(envelope, None, refusal)
    if not envelope.control_id:
        return _keep_refused(envelope, link, missing("MSH-10"))
    with transaction.atomic():
        _one_at_a_time(link, envelope.control_id)
        earlier = list(
            MessageLog.objects.defer("raw").filter(
                direction=MessageLog.Direction.INBOUND, link=link, control_id=envelope.control_id
            )
        )
        row = next((one for one in earlier if one.digest == envelope.digest), None)
        if row is None:
            row = _new_row(envelope, link)
        else:
            row.receipts += 1
        if row.status == MessageLog.Status.ACCEPTED:
            row.save(update_fields=["receipts"])
            return row
        is_reused = any(one.status == MessageLog.Status.ACCEPTED for one in earlier)
        return _conclude(row, envelope, _handle(row, envelope, link, is_reused=is_reused))


def _one_at_a_time(link: Link, control_id: str) -> None:
    """Let a message wait for its double: a sender may have lost patience and sent it on another connection."""
    name = f"hl7:{link.pk}:{control_id}"
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _handle(row: MessageLog, envelope: Envelope, link: Link, *, is_reused: bool) -> Acknowledgement:
    try:
        with transaction.atomic():
            if is_reused:
                raise Conflict(
                    "This message control ID was used for another message.", code="CONTROL_ID_REUSED"
                )
            handler = _handler_for(envelope)
            message = parse(envelope.data, character_set=link.character_set)
            if link.mapping_script:
                done = _mapped(row, message, link)
                message, row.mapped_by = done.message, done.script
            return handler(message, link)
    except NotMapped as not_mapped:
        _audit_not_mapped(row, link, not_mapped.error)
        return refuse(not_mapped.error)
    except ServiceError as error:
        return refuse(error)
    except Exception as error:
        _log_defect(envelope, error)
        return refuse_defect()


class NotMapped(Exception):
    """The link's script refused the message, or came to no end over it."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(error.code)
        self.error = error


def _mapped(row: MessageLog, message: Message, link: Link) -> Mapped:
    try:
        with scripts_run_for(message=str(row.uid)):
            return mapped(message, link)
    except ServiceError as error:
        raise NotMapped(error) from error


def _audit_not_mapped(row: MessageLog, link: Link, error: ServiceError) -> None:
    """In the transaction that keeps the message and its answer; what the handler did is undone by then."""
    record_audit(
        link.actor,
        "message.not_mapped",
        object_kind="message",
        object_uid=str(row.uid),
        site_code=link.site.code,
        outcome=AuditEvent.Outcome.REFUSED,
        script=link.mapping_script,
        code=error.code,
    )


def _log_answer(row: MessageLog) -> None:
    """Once it is committed: what is rolled back was answered otherwise."""
    log.info(
        "hl7.answered",
        control_id=row.control_id,
        trigger=row.message_type,
        code=row.ack_code,
        error=row.error_code,
        trace_id=str(row.trace_id),
    )


def _log_defect(envelope: Envelope, error: Exception) -> None:
    """Where it went wrong, but not what the exception says: a database names the values it chokes on."""
    log.error(
        "hl7.defect",
        control_id=envelope.control_id,
        trigger=envelope.trigger,
        error=type(error).__name__,
        at=[f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]],
    )


def _handler_for(envelope: Envelope) -> Handler:
    """Reference  HL7 v2.5.1 §2.9.2.2: type, event and version that are not supported are answered AR."""
    if not envelope.version.startswith("2"):
        raise InvalidInput(
            "Only HL7 version 2 is understood here.", code="UNSUPPORTED_VERSION", fields={"MSH-12": "2.x"}
        )
    handler = _handlers.get(envelope.trigger)
    if handler is not None:
        return handler
    if any(known.partition("^")[0] == envelope.trigger.partition("^")[0] for known in _handlers):
        raise InvalidInput(
            "This trigger event is not supported.", code="UNSUPPORTED_EVENT", fields={"MSH-9": "Event."}
        )
    raise InvalidInput(
        "This type of message is not supported.", code="UNSUPPORTED_MESSAGE", fields={"MSH-9": "Type."}
    )


def _keep_refused(envelope: Envelope, link: Link | None, error: ServiceError) -> MessageLog:
    with transaction.atomic():
        return _conclude(_new_row(envelope, link), envelope, refuse(error))


def _new_row(envelope: Envelope, link: Link | None) -> MessageLog:
    return MessageLog(
        direction=MessageLog.Direction.INBOUND,
        link=link,
        site=_site_of(envelope, link),
        sending_application=envelope.application[:60],
        sending_facility=envelope.facility[:60],
        control_id=envelope.control_id[:199],
        message_type=envelope.trigger[:20],
        version=envelope.version[:12],
        digest=envelope.digest,
        raw=envelope.data,
        received_at=clock.now(),
        status=MessageLog.Status.FAILED,
    )


def _site_of(envelope: Envelope, link: Link | None) -> Site | None:
    if link is not None and link.sending_facility:
        return link.site
    named = Site.objects.filter(authority_namespace=envelope.facility).first() if envelope.facility else None
    return named or (link.site if link else None)


def _conclude(row: MessageLog, envelope: Envelope, acknowledgement: Acknowledgement) -> MessageLog:
    row.answer = encode(acknowledgement, envelope.header)
    row.answered_at = clock.now()
    row.ack_code = acknowledgement.code
    row.trace_id = current_trace()
    worst = next((finding for finding in acknowledgement.findings if finding.severity == "E"), None)
    row.status = MessageLog.Status.ACCEPTED
    if worst is not None:
        row.status = MessageLog.Status.FAILED if worst.code == "DEFECT" else MessageLog.Status.REJECTED
    row.error_condition = worst.condition if worst else ""
    row.error_code = worst.code[:80] if worst else ""
    row.error_location = worst.location[:40] if worst else ""
    row.error_text = worst.text[:200] if worst else ""
    row.save(update_fields=None if row.pk is None else CONCLUSION)
    return row
