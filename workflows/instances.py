"""Instances begin and are stopped here; everything between is a step of one of the other services."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import Exists, QuerySet
from django.utils.translation import gettext as _

from accounts.actors import Actor, SystemActor
from accounts.models import Membership, Role, Site
from common import clock
from common.errors import InvalidInput, NotFound, NotPermitted, ServiceError
from common.prepared import LeanQuery, Slot
from common.rows import Overtaken
from workflows.engine import EngineFault
from workflows.models import ProcessDefinition, ProcessInstance
from workflows.selectors import visible_cases
from workflows.stepping import Beginning, open_step, take_first_step
from workflows.suspension.holding import forget_held


def start_process(
    key: str,
    *,
    data: Mapping[str, Any],
    site: Site,
    subjects: Mapping[str, str],
    start_key: str,
    actor: Actor,
    priority: str = "ROUTINE",
    start: str = "",
) -> ProcessInstance:
    """The instance started under `start_key`: a new one of the active definition, or the one it has already.

    `data` holds identifiers and codes only. The instance keeps the trace of the work that started it.
    `start` is the start event it begins at; without it the one that waits for nothing, or the only one.

    Raises  NotFound if no definition of this key is active; InvalidInput if the diagram cannot start.
    """
    beginning = Beginning({"priority": priority, **data}, site, subjects, start_key, actor, priority, start)
    try:
        return _begun_as_known(key, beginning) or _begun_as_read(key, beginning)
    except EngineFault as fault:
        raise _cannot_start(key, fault) from fault


def start_called_process(
    definition: int,
    *,
    data: Mapping[str, Any],
    caller: ProcessInstance,
    subjects: Mapping[str, str],
    call: uuid.UUID,
    start_key: str,
) -> ProcessInstance:
    """The case a call of another case has started under `start_key`, of this very version: new, or as it is now.

    It is about what its caller is about, at the same site and as urgent.

    Raises  InvalidInput if the diagram cannot start.
    """
    known = _started(start_key)
    if known is not None:
        return known
    actor = SystemActor("workflow", caller.site.code)
    beginning = Beginning(
        {"priority": caller.priority, **data},
        caller.site,
        subjects,
        start_key,
        actor,
        caller.priority,
        call=call,
    )
    try:
        return take_first_step(definition, beginning)
    except EngineFault as fault:
        raise _cannot_start(str(definition), fault) from fault


def cancel_process(instance: ProcessInstance, *, actor: Actor, reason: str) -> ProcessInstance:
    """Stop a case, a suspended one too: open tasks are withdrawn, timers and steps cancelled. `reason` is a code.

    Raises  NotFound for who may not know of the case; NotPermitted for who may see but not stop it;
            Conflict if it has ended.
    """
    _check_may_cancel(instance, actor)
    with open_step(instance.pk, actor=actor, even_suspended=True) as step:
        assert step is not None  # noqa: S101 - only a step asked for with skip_locked may be None
        step.run.cancel()
        if step.instance.suspended_at is not None:
            forget_held(step.instance.pk)
        step.instance.status = ProcessInstance.Status.CANCELLED
        step.instance.outcome = reason[:80]
        step.instance.ended_at = clock.now()
        step.note("case.cancelled", reason=reason[:80])
        step.audit("case.cancelled", reason=reason[:80])
    return step.instance


def _cannot_start(key: str, fault: EngineFault) -> InvalidInput:
    return InvalidInput(
        _("%(process)s cannot start: %(reason)s") % {"process": key, "reason": fault.message},
        code="PROCESS_FAULT",
        fields={fault.element_id: fault.message},
    )


def _started(start_key: str) -> ProcessInstance | None:
    return _STARTED.first(start_key=start_key)


def _begun_as_known(key: str, beginning: Beginning) -> ProcessInstance | None:
    """The instance begun on the version this process last saw active, without a look at the database first.

    None where that is to be looked up: within a transaction of somebody else's, which a refusal would undo, and
    whenever something is refused, as what is known may be old.
    """
    version = _known_versions.get(key)
    if version is None or connection.in_atomic_block:
        return None
    try:
        return take_first_step(version, beginning, if_active=True)
    except (Overtaken, IntegrityError, ServiceError, EngineFault):
        _known_versions.pop(key, None)
        return None


def _begun_as_read(key: str, beginning: Beginning) -> ProcessInstance:
    definition: Any = _ACTIVE.first(key=key, start_key=beginning.start_key)
    known = _started(beginning.start_key) if definition is None or definition.is_started else None
    if known is not None:
        return known
    if definition is None:
        raise NotFound(_("There is no such process."), code="PROCESS_UNKNOWN")
    try:
        begun = take_first_step(definition.pk, beginning)
    except IntegrityError:
        # Another worker started it under the same key in this very moment.
        known = _started(beginning.start_key)
        if known is None:
            raise
        return known
    _known_versions[key] = definition.pk
    return begun


def _active() -> QuerySet[ProcessDefinition]:
    """The active version of a process, and whether anything is started under a key already."""
    started = Exists(ProcessInstance.objects.filter(start_key=Slot("start_key")))
    return (
        ProcessDefinition.objects.filter(key=Slot("key"), is_active=True)
        .only("pk")
        .annotate(is_started=started)
    )


_known_versions: dict[str, int] = {}
"""The version of each process that this one last saw active."""
_ACTIVE = LeanQuery(_active)
_STARTED = LeanQuery(lambda: ProcessInstance.objects.filter(start_key=Slot("start_key")).defer("state"))


def _check_may_cancel(instance: ProcessInstance, actor: Actor) -> None:
    if isinstance(actor, SystemActor):
        return
    if not visible_cases(actor).filter(pk=instance.pk).exists():
        raise NotFound(_("There is no such case."))
    sites = [instance.site_id, instance.site.expert_site_id]
    roles = [Role.REFERRER, Role.COORDINATOR]
    if not Membership.objects.filter(person=actor, site__in=sites, role__in=roles).exists():
        raise NotPermitted(_("Only referring doctors and coordinators of this case may stop it."))
