"""The audit trail: who did what to which object, when and with what outcome, chained by digest.

Rows are written in the transaction of the act. A duty seals them afterwards in one order, so recording
never makes two acts wait for each other.

Reference  PS3.15 §A.5, IHE ITI-20
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

import structlog
from django.db import connection, transaction

from accounts.actors import Actor, SystemActor, actor_name
from accounts.models import AuditEvent
from common import clock
from common.rows import Changes, Line, write_with
from events.tracing import current_trace

log = structlog.get_logger(__name__)

GENESIS = "0" * 64
SEALING_LOCK = 0x5EA1_0001  # a number of our own among the database's advisory locks


def record_audit(
    actor: Actor,
    action: str,
    *,
    object_kind: str = "",
    object_uid: str = "",
    study_instance_uid: str = "",
    site_code: str = "",
    outcome: AuditEvent.Outcome = AuditEvent.Outcome.SUCCESS,
    at: dt.datetime | None = None,
    into: Changes | None = None,
    **detail: Any,
) -> None:
    """Add one line to the trail, in the transaction in hand. `detail` holds codes and UIDs only.

    `at` is the moment of an act of more than one row, else it is now. With `into`, whoever holds these changes writes
    the line along with them.
    """
    line = Line(
        AuditEvent,
        recorded_at=at or clock.now(),
        actor=actor_name(actor),
        person_id=None if isinstance(actor, SystemActor) else actor.pk,
        site_code=site_code or (actor.site_code if isinstance(actor, SystemActor) else ""),
        action=action,
        outcome=outcome,
        object_kind=object_kind,
        object_uid=object_uid,
        study_instance_uid=study_instance_uid,
        trace_id=current_trace(),
        detail=detail,
    )
    write_with(into, [line], keys=False)


def seal_trail(*, limit: int = 1000) -> int:
    """Chain the rows recorded since the last sealing; how many were sealed.

    One sealer works at a time; another finds the lock taken and leaves the rows to it. Rows whose act
    commits late are sealed later: positions follow one order, not the order of `id`.
    """
    with transaction.atomic():
        if not _is_only_sealer():
            return 0
        position, digest = _head_of_chain()
        rows = list(AuditEvent.objects.filter(position=None).order_by("id")[:limit])
        for row in rows:
            position += 1
            digest = _digest(row, digest)
            row.position, row.digest = position, digest
        AuditEvent.objects.bulk_update(rows, ["position", "digest"], batch_size=250)
    if rows:
        # A copy of the head outside the database: a trail cut off at its end no longer reaches it.
        log.info("audit.sealed", position=position, digest=digest)
    return len(rows)


def first_broken_position() -> int | None:
    """The first position whose digest does not follow from the rows before it; None for a whole trail."""
    digest = GENESIS
    expected = 1
    for row in AuditEvent.objects.filter(position__isnull=False).order_by("position").iterator():
        digest = _digest(row, digest)
        if row.position != expected or row.digest != digest:
            return expected
        expected += 1
    return None


def _is_only_sealer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALING_LOCK])
        return bool(cursor.fetchone()[0])


def _head_of_chain() -> tuple[int, str]:
    last = AuditEvent.objects.filter(position__isnull=False).order_by("-position").first()
    return (last.position or 0, last.digest) if last else (0, GENESIS)


def _digest(row: AuditEvent, previous: str) -> str:
    body = [
        previous, row.recorded_at.isoformat(), row.actor, row.person_id, row.site_code, row.action,
        row.outcome, row.object_kind, row.object_uid, row.study_instance_uid, str(row.trace_id), row.detail,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
