"""The instance locked, its run restored or found warm, and what came of the step written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from common.errors import Conflict, NotFound, ServiceError
from common.prepared import LeanQuery, Slot
from events.tracing import trace
from workflows.calling.callers import is_caught_above
from workflows.deployment import bundles
from workflows.engine import EngineFault, ProcessRun
from workflows.locks import Known, WarmRun, lock_instance, read_state, warm_runs
from workflows.models import ProcessInstance, ProcessSubject
from workflows.scripting import scripts_run_for
from workflows.stepping.incidents import open_incident
from workflows.stepping.step import Step
from workflows.stepping.writing import write
from workflows.suspension.holding import CaseSuspended


@contextmanager
def open_step(
    pk: int,
    *,
    actor: Actor,
    skip_locked: bool = False,
    lock: Callable[[], ProcessInstance | None] | None = None,
    even_suspended: bool = False,
) -> Iterator[Step | None]:
    """Lock an instance and hand out its step; leaving the block advances, writes and publishes.

    Where nothing came of it nothing is written, and nobody is told.
    `lock` gives the instance locked, where more than the instance is to be read under its lock. A suspended
    instance takes no step, unless `even_suspended` is asked for.

    Yields   None if the instance is in other hands and `skip_locked` was asked for.
    Raises   NotFound; Conflict if the instance has ended, CaseSuspended while it is suspended; ServiceError
             PROCESS_FAULT, with an incident for an operator, if the diagram cannot go on: then nothing of the step
             is kept.
    """
    try:
        with transaction.atomic():
            instance = lock() if lock is not None else lock_instance(pk, skip_locked=skip_locked)
            if instance is None:
                if not skip_locked:
                    raise NotFound(_("There is no such case."))
                yield None
                return
            if instance.status != ProcessInstance.Status.RUNNING:
                raise Conflict(_("This case has ended."), code="CASE_ENDED")
            if instance.suspended_at is not None and not even_suspended:
                raise CaseSuspended
            with trace(instance.trace_id), scripts_run_for(actor, case=str(instance.uid)):
                step = _load(instance, actor)
                yield step
                if step.is_idle:
                    warm_runs.keep(instance.pk, WarmRun(instance, instance.revision, step.run, step.known))
                else:
                    write(step)
    except EngineFault as fault:
        open_incident(pk, element_id=fault.element_id, code="PROCESS_FAULT", message=fault.message)
        raise ServiceError(
            _("The process cannot go on from here. An operator has been told."), code="PROCESS_FAULT"
        ) from fault


def _load(instance: ProcessInstance, actor: Actor) -> Step:
    warm = warm_runs.take(instance)
    if warm is None:
        model = bundles.model_of(instance.definition_id)
        run = ProcessRun.restore(model, read_state(instance.pk))
        subjects = {subject.kind: subject.uid for subject in _SUBJECTS.all(instance=instance.pk)}
        warm = WarmRun(instance, instance.revision, run, Known(subjects))
    if instance.call_id is not None:
        warm.run.catches_outside = partial(is_caught_above, instance)
    return Step(instance, warm.run, warm.known, actor, before=warm.run.waits)


_SUBJECTS = LeanQuery(
    lambda: ProcessSubject.objects.filter(instance=Slot("instance")).order_by("-id").only("kind", "uid")
)
