"""Instances begin and are stopped here; everything between is a step of one of the other services."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, QuerySet
from django.utils.translation import gettext as _

from accounts.actors import Actor, SystemActor
from accounts.models import Membership, Role, Site
from common import clock
from common.errors import InvalidInput, NotFound, NotPermitted
from common.making import made
from common.prepared import LeanQuery, Slot
from common.rows import next_key
from events.tracing import current_trace, trace
from workflows.calling.callers import is_caught_above
from workflows.deployment import bundles
from workflows.engine import EngineFault, ProcessRun
from workflows.locks import Known
from workflows.models import ProcessDefinition, ProcessInstance
from workflows.scripting import scripts_run_for
from workflows.selectors import visible_cases
from workflows.stepping import Step, open_step, write
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
    definition: Any = _ACTIVE.first(key=key, start_key=start_key)
    known = _started(start_key) if definition is None or definition.is_started else None
    if known is not None:
        return known
    if definition is None:
        raise NotFound(_("There is no such process."), code="PROCESS_UNKNOWN")
    try:
        with transaction.atomic():
            return _start(
                definition,
                {"priority": priority, **data},
                site=site,
                subjects=dict(subjects),
                start_key=start_key,
                actor=actor,
                priority=priority,
                start=start,
            )
    except IntegrityError:
        # Another worker started it under the same key in this very moment.
        known = _started(start_key)
        if known is None:
            raise
        return known
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
    chosen = _CHOSEN.first(pk=definition)
    try:
        with transaction.atomic():
            return _start(
                chosen,
                {"priority": caller.priority, **data},
                site=caller.site,
                subjects=dict(subjects),
                start_key=start_key,
                actor=SystemActor("workflow", caller.site.code),
                priority=caller.priority,
                call=call,
            )
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


def _active() -> QuerySet[ProcessDefinition]:
    """The active version of a process, whether anything is started under a key already, and the next row's key."""
    started = Exists(ProcessInstance.objects.filter(start_key=Slot("start_key")))
    return (
        ProcessDefinition.objects.filter(key=Slot("key"), is_active=True)
        .only("pk")
        .annotate(is_started=started, next_instance=next_key(ProcessInstance))
    )


_ACTIVE = LeanQuery(_active)
_CHOSEN = LeanQuery(
    lambda: (
        ProcessDefinition.objects.filter(pk=Slot("pk"))
        .only("pk")
        .annotate(next_instance=next_key(ProcessInstance))
    )
)
_STARTED = LeanQuery(lambda: ProcessInstance.objects.filter(start_key=Slot("start_key")).defer("state"))


def _start(
    definition: Any,
    data: Mapping[str, Any],
    *,
    site: Site,
    subjects: dict[str, str],
    start_key: str,
    actor: Actor,
    priority: str,
    start: str = "",
    call: uuid.UUID | None = None,
) -> ProcessInstance:
    now = clock.now()
    instance = made(
        ProcessInstance,
        id=definition.next_instance,
        uid=uuid.uuid4(),
        definition_id=definition.pk,
        site=site,
        start_key=start_key,
        priority=priority,
        started_at=now,
        changed_at=now,
        trace_id=current_trace(),
        call_id=call,
    )
    with trace(instance.trace_id), scripts_run_for(actor, case=str(instance.uid)):
        outside = partial(is_caught_above, instance) if call is not None else None
        run = ProcessRun.start(bundles.model_of(definition.pk), data, at=start, catches_outside=outside)
        step = Step(instance, run, Known(subjects, sites={site.code: site}), actor)
        step.note("case.started", start_key=start_key)
        step.audit("case.started", process=run.model.diagram.key)
        write(step, is_new=True)
    return instance


def _check_may_cancel(instance: ProcessInstance, actor: Actor) -> None:
    if isinstance(actor, SystemActor):
        return
    if not visible_cases(actor).filter(pk=instance.pk).exists():
        raise NotFound(_("There is no such case."))
    sites = [instance.site_id, instance.site.expert_site_id]
    roles = [Role.REFERRER, Role.COORDINATOR]
    if not Membership.objects.filter(person=actor, site__in=sites, role__in=roles).exists():
        raise NotPermitted(_("Only referring doctors and coordinators of this case may stop it."))
