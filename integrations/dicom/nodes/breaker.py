"""The circuit breaker of each node, shared by all processes: a bad peer is left alone, a good one never waits.

Three failures in a row open it, for half a minute at first and for longer each time, up to a quarter of an
hour. Then one caller may try; what becomes of that closes the breaker or opens it again.
"""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction

from common import clock
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.errors import BREAKER_OPEN, NodeUnavailable
from integrations.dicom.nodes.models import NodeFailure, NodeHealth

log = structlog.get_logger(__name__)

THRESHOLD = 3
FIRST_REST = dt.timedelta(seconds=30)
LONGEST_REST = dt.timedelta(minutes=15)
PROBE_LEASE = dt.timedelta(minutes=2)
_NOTED_EVERY = dt.timedelta(seconds=30)


def locked_health(node: ApplicationEntity) -> NodeHealth:
    """The node's row, ours until the transaction in hand ends."""
    health, _made = NodeHealth.objects.select_for_update().get_or_create(node=node)
    return health


def refuse_while_open(health: NodeHealth) -> None:
    """Return if the node may be called now. Raises NodeUnavailable, NODE_BREAKER_OPEN."""
    if health.open_until is None:
        return
    waits_until = max(health.open_until, health.probe_until or health.open_until)
    if waits_until > clock.now():
        raise NodeUnavailable(
            f"The node failed {health.failures} times and is left alone for a while",
            code=BREAKER_OPEN,
            reason=health.last_error_code,
            retry_at=waits_until,
        )


def take_probe(health: NodeHealth) -> None:
    """Let whoever tries an open breaker be the only one."""
    if health.open_until is not None:
        health.probe_until = clock.now() + PROBE_LEASE
        health.save(update_fields=["probe_until"])


def note_success(node: ApplicationEntity) -> None:
    """The node took a call to its end: the breaker closes. Writes only what tells something new."""
    now = clock.now()
    known = NodeHealth.objects.filter(node=node).first()
    if known is not None and known.is_well and known.last_ok_at and known.last_ok_at > now - _NOTED_EVERY:
        return
    NodeHealth.objects.update_or_create(
        node=node,
        defaults={
            "failures": 0,
            "opened_at": None,
            "open_until": None,
            "probe_until": None,
            "last_ok_at": now,
        },
    )
    if known is not None and known.open_until is not None:
        log.info("node.breaker_closed", ae_title=node.ae_title)


def note_failure(
    node: ApplicationEntity, *, code: str, reason: str, purpose: str, opens: bool = True
) -> None:
    """A call did not get through. With `opens` unset the node is there and merely busy: no reason to rest."""
    now = clock.now()
    with transaction.atomic():
        health = locked_health(node)
        health.last_failed_at, health.last_error_code = now, reason or code
        health.probe_until = None
        if opens:
            health.failures += 1
            if health.failures >= THRESHOLD:
                health.opened_at = health.opened_at or now
                health.open_until = now + rest_after(health.failures)
        health.save()
        NodeFailure.objects.create(node=node, failed_at=now, code=code, reason=reason, purpose=purpose)
    log.warning("node.failed", ae_title=node.ae_title, code=code, reason=reason, failures=health.failures)


def rest_after(failures: int) -> dt.timedelta:
    """How long a node is left alone after so many failures in a row."""
    doublings = min(max(failures - THRESHOLD, 0), 16)
    return min(FIRST_REST * (1 << doublings), LONGEST_REST)


def try_now(node: ApplicationEntity) -> None:
    """End the rest: the next caller tries."""
    NodeHealth.objects.filter(node=node).exclude(open_until=None).update(
        open_until=clock.now(), probe_until=None
    )


def drop_old_failures(*, kept: dt.timedelta = dt.timedelta(days=30)) -> int:
    """Forget failures older than a month; how many."""
    return NodeFailure.objects.filter(failed_at__lt=clock.now() - kept).delete()[0]
