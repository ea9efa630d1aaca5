"""Notices on their way: at least once to each node, in order within a lane, one node never behind another.

The row is the truth. Whoever delivers takes a notice by a lease, calls the node outside any transaction, and
writes down what came of it; a sender that dies leaves a lease that runs out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.actors import Actor
from accounts.audit import record_audit
from common import attempts, clock
from common.errors import Conflict, ServiceError
from common.nudges import Nudge
from events.tracing import current_trace, trace
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.errors import NodeUnavailable
from integrations.dicom.notices.models import Notice

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(minutes=5)
LONGEST_WAIT_S = 600
GIVEN_UP_AFTER = dt.timedelta(hours=72)

Sender = Callable[[Notice], None]
_senders: dict[str, Sender] = {}
_nudge = Nudge[int]()
"""Told of a node that something waits for, by its key."""
use_nudge = _nudge.use


def sends(kind: Notice.Kind) -> Callable[[Sender], Sender]:
    """Register what delivers notices of a kind; it returns once the node has taken the notice, else raises."""

    def register(sender: Sender) -> Sender:
        _senders[kind] = sender
        return sender

    return register


def queue_notice(
    node: ApplicationEntity,
    kind: Notice.Kind,
    body: Mapping[str, Any],
    *,
    lane: str,
    study_instance_uid: str = "",
    not_before: dt.datetime | None = None,
) -> Notice:
    """Put a notice on its way in the transaction in hand."""
    now = clock.now()
    notice = Notice.objects.create(
        node=node,
        kind=kind,
        lane=lane[:80],
        body=dict(body),
        study_instance_uid=study_instance_uid,
        queued_at=now,
        next_attempt_at=not_before or now,
        trace_id=current_trace(),
    )
    if not_before is None:
        _nudge.after_commit(node.pk)
    return notice


def deliver_to(node_pk: int, *, limit: int = 50) -> int:
    """Deliver what is due for a node; how many notices got through."""
    done = 0
    for _ in range(limit):
        notice = take(_due().filter(node_id=node_pk))
        if notice is None:
            break
        done += _attempt(notice)
    return done


def deliver_due() -> int:
    """See to every node something is due for: nudge a worker, or deliver here without one."""
    nodes = list(_due().order_by("node_id").values_list("node_id", flat=True).distinct()[:200])
    for node_pk in nodes:
        if not _nudge(node_pk):
            deliver_to(node_pk)
    return len(nodes)


def take(notices: QuerySet[Notice]) -> Notice | None:
    """The oldest of these that nobody has in hand, under our lease."""
    return attempts.take(notices.select_related("node__site"), lease=LEASE)


def mark_delivered(notice: Notice) -> None:
    """The node has it."""
    notice.delivered_at, notice.lease_until, notice.error_code = clock.now(), None, ""
    notice.save(update_fields=["delivered_at", "lease_until", "error_code"])
    log.info("notice.delivered", kind=notice.kind, ae_title=notice.node.ae_title, attempts=notice.attempts)


def put_back(notice: Notice, error: ServiceError) -> None:
    """Try again later, or give up what is refused for good or has been tried for three days."""
    now = clock.now()
    notice.lease_until, notice.error_code = None, error.code[:80]
    if error.permanent or now - notice.queued_at > GIVEN_UP_AFTER:
        notice.failed_at = now
    else:
        wait = now + attempts.back_off(notice.attempts, longest_s=LONGEST_WAIT_S)
        retry_at = error.retry_at if isinstance(error, NodeUnavailable) else None
        notice.next_attempt_at = max(wait, retry_at or wait)
    notice.save(update_fields=["lease_until", "error_code", "failed_at", "next_attempt_at"])
    log.warning(
        "notice.not_delivered", kind=notice.kind, ae_title=notice.node.ae_title, code=error.code,
        attempts=notice.attempts, is_dead=notice.failed_at is not None,
    )  # fmt: skip


def resend_notice(notice: Notice, *, actor: Actor) -> None:
    """Send a notice that was given up once more, for a person who has put right what was wrong.

    Raises  Conflict for one that is not a dead letter.
    """
    with transaction.atomic():
        now = clock.now()
        revived = Notice.objects.filter(pk=notice.pk, failed_at__isnull=False).update(
            failed_at=None, queued_at=now, next_attempt_at=now, attempts=0
        )
        if not revived:
            raise Conflict("This notice is not given up", code="NOTICE_ALIVE")
        record_audit(
            actor, "notice.resent", object_kind="notice", object_uid=str(notice.pk),
            study_instance_uid=notice.study_instance_uid, site_code=notice.node.site.code, kind=notice.kind,
        )  # fmt: skip
        _nudge.after_commit(notice.node_id)


def resend_notices(notices: QuerySet[Notice], *, actor: Actor) -> int:
    """Send those of these that were given up once more, a few hundred at a time; how many."""
    found = notices.filter(failed_at__isnull=False).select_related("node__site").order_by("pk")
    with transaction.atomic():
        dead = list(found.select_for_update(skip_locked=True, of=("self",))[:500])
        for notice in dead:
            resend_notice(notice, actor=actor)
    return len(dead)


def _due() -> QuerySet[Notice]:
    """Open notices whose time has come, nobody has in hand, and that stand first in their lane."""
    is_open = Notice.objects.filter(delivered_at=None, failed_at=None)
    before = is_open.filter(node=OuterRef("node"), lane=OuterRef("lane"), pk__lt=OuterRef("pk"))
    return is_open.filter(attempts.in_nobodys_hands(), ~Exists(before), next_attempt_at__lte=clock.now())


def _attempt(notice: Notice) -> bool:
    with trace(notice.trace_id):
        try:
            _senders[notice.kind](notice)
        except ServiceError as error:
            put_back(notice, error)
            return False
        except Exception:
            log.exception("notice.defect", kind=notice.kind)
            put_back(notice, ServiceError("The notice cannot be made", code="NOTICE_DEFECT"))
            return False
    mark_delivered(notice)
    return True
