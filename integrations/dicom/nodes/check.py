"""The graded check of a node: asked for by a person, performed by a worker, kept with every step it took.

Rows are the truth: a nudge tells a worker at once, and a duty sees to what a lost nudge or a killed worker left.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict

import structlog
from django.db import transaction

from accounts.actors import Actor, SystemActor
from accounts.audit import record_audit
from common import clock
from common.errors import ServiceError
from common.nudges import Nudge
from integrations.dicom.models import ApplicationEntity, NodeCheck
from integrations.dicom.nodes import breaker
from integrations.dicom.nodes.service_steps import check_commitment, check_contexts, check_find, check_store
from integrations.dicom.nodes.steps import (
    Grade,
    Step,
    Subject,
    check_association,
    check_echo,
    check_tcp,
    check_tls,
    subject_of,
    timed,
)

log = structlog.get_logger(__name__)

STEPS: dict[str, Callable[[Subject], Step]] = {
    "tcp": check_tcp,
    "tls": check_tls,
    "association": check_association,
    "echo": check_echo,
    "contexts": check_contexts,
    "find": check_find,
    "store": check_store,
    "commitment": check_commitment,
}
_GATES = ("tcp", "tls", "association")  # what fails here leaves nothing to look at behind it
_NOT_OFFERED = {
    "find": "FIND_NOT_OFFERED",
    "store": "STORE_NOT_OFFERED",
    "commitment": "COMMITMENT_NOT_OFFERED",
}
_WORST_LAST = (Grade.OK, Grade.WARNING, Grade.FAILED)
_NUDGED_AFTER = dt.timedelta(seconds=5)
_LOST_AFTER = dt.timedelta(minutes=10)

_nudge = Nudge[int]()
"""Told of a check that waits to be performed, by its key."""
use_nudge = _nudge.use


def ask_check(node: ApplicationEntity, *, actor: Actor, stores: bool = False) -> NodeCheck:
    """A check that a worker will perform soon; the one under way, if there is one.

    `stores`: have a tiny test image stored at the node. Nothing is stored unasked.
    """
    with transaction.atomic():
        breaker.locked_health(node)  # two people who ask at once get one check
        running = node.checks.filter(state__in=(NodeCheck.State.QUEUED, NodeCheck.State.RUNNING)).first()
        if running is not None:
            return running
        check = NodeCheck.objects.create(
            node=node,
            asked_by=None if isinstance(actor, SystemActor) else actor,
            stores=stores,
            asked_at=clock.now(),
        )
        record_audit(
            actor, "node.checked", object_kind="application_entity", object_uid=node.ae_title,
            site_code=node.site.code, check=str(check.uid), stores=stores,
        )  # fmt: skip
        _nudge.after_commit(check.pk)
    return check


def perform_check(key: int) -> bool:
    """Perform a check that nobody has begun; False if somebody has."""
    begun = NodeCheck.objects.filter(pk=key, state=NodeCheck.State.QUEUED).update(
        state=NodeCheck.State.RUNNING, started_at=clock.now()
    )
    if not begun:
        return False
    check = NodeCheck.objects.select_related("node__site").get(pk=key)
    steps = _steps_of(check)
    _tell_breaker(check.node, steps)
    NodeCheck.objects.filter(pk=key).update(
        state=NodeCheck.State.DONE, finished_at=clock.now(), grade=_worst(steps)
    )
    log.info("node.checked", ae_title=check.node.ae_title, grade=str(_worst(steps)))
    return True


def _tell_breaker(node: ApplicationEntity, steps: list[Step]) -> None:
    """A node that took an association is well. One that did not is noted, but not held against it: nobody waits."""
    gate = next((step for step in steps if step.name in _GATES and step.grade == Grade.FAILED), None)
    if gate is None:
        breaker.note_success(node)
    elif node.host and node.is_enabled:
        breaker.note_failure(node, code="NODE_UNREACHABLE", reason=gate.code, purpose="check", opens=False)


def _steps_of(check: NodeCheck) -> list[Step]:
    """All steps one by one, each written down when it ends."""
    try:
        subject = subject_of(check.node, stores=check.stores)
    except ServiceError as error:
        code = "ADDRESS_MISSING" if error.code == "NODE_ADDRESS_MISSING" else error.code
        steps = [Step("tcp", Grade.FAILED, code)]
        steps += [Step(name, Grade.SKIPPED, "NOT_REACHED") for name in list(STEPS)[1:]]
        _write(check, steps)
        return steps
    steps = []
    is_closed = False
    for name, look in STEPS.items():
        step = Step(name, Grade.SKIPPED, "NOT_REACHED") if is_closed else _look(name, look, subject)
        is_closed = is_closed or (name in _GATES and step.grade == Grade.FAILED)
        steps.append(step)
        _write(check, steps)
    return steps


def _look(name: str, look: Callable[[Subject], Step], subject: Subject) -> Step:
    step = timed(name, look, subject)
    if (
        step.code == "STEP_BROKE"
        and step.values.get("reason") == "NO_CONTEXT_ACCEPTED"
        and name in _NOT_OFFERED
    ):
        return Step(name, Grade.FAILED, _NOT_OFFERED[name], duration_ms=step.duration_ms)
    return step


def _write(check: NodeCheck, steps: list[Step]) -> None:
    NodeCheck.objects.filter(pk=check.pk).update(steps=[asdict(step) for step in steps])


def _worst(steps: list[Step]) -> Grade:
    return max((step.grade for step in steps if step.grade in _WORST_LAST), key=_WORST_LAST.index)


def see_to_checks(*, limit: int = 20) -> int:
    """Nudge checks whose nudge was lost, or perform them here without a worker; mark those a dead worker left."""
    now = clock.now()
    lost = NodeCheck.objects.filter(state=NodeCheck.State.RUNNING, started_at__lt=now - _LOST_AFTER).update(
        state=NodeCheck.State.LOST, finished_at=now
    )
    with transaction.atomic():
        waiting = list(
            NodeCheck.objects.select_for_update(skip_locked=True)
            .filter(state=NodeCheck.State.QUEUED, asked_at__lt=now - _NUDGED_AFTER)
            .values_list("pk", flat=True)[:limit]
        )
    for key in waiting:
        if not _nudge(key):
            perform_check(key)
    return lost + len(waiting)
