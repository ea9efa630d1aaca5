"""The first step of an instance: it is written along with the instance itself."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection, transaction

from accounts.actors import Actor
from accounts.models import Site
from common import clock
from common.keys import Keys
from common.making import made
from common.prepared import PreparedCheck, Slot
from events.tracing import current_trace, trace
from workflows.calling.callers import is_caught_above
from workflows.deployment import bundles
from workflows.engine import ProcessRun
from workflows.locks import Known
from workflows.models import ProcessDefinition, ProcessInstance
from workflows.scripting import scripts_run_for
from workflows.stepping.step import Step
from workflows.stepping.unlocked import reaches_further
from workflows.stepping.writing import write


@dataclass(frozen=True, slots=True)
class Beginning:
    """What an instance begins with. `start` is the start event, where it is not the only one; `call` the call of
    another instance that begins it."""

    data: Mapping[str, Any]
    site: Site
    subjects: Mapping[str, str]
    start_key: str
    actor: Actor
    priority: str
    start: str = ""
    call: uuid.UUID | None = None


def take_first_step(definition: int, beginning: Beginning, *, if_active: bool = False) -> ProcessInstance:
    """A new instance of a version, after everything that happens until it first waits.

    `if_active`  only if the version is still the one that new cases run.

    Raises  EngineFault if the diagram cannot start; IntegrityError if its start key is taken; Overtaken if the version
            is not, or no longer, active.
    """
    instance = _instance(definition, beginning)
    with trace(instance.trace_id), scripts_run_for(beginning.actor, case=str(instance.uid)):
        outside = partial(is_caught_above, instance) if beginning.call is not None else None
        run = ProcessRun.start(
            bundles.model_of(definition), beginning.data, at=beginning.start, catches_outside=outside
        )
        known = Known(dict(beginning.subjects), sites={beginning.site.code: beginning.site})
        step = Step(instance, run, known, beginning.actor)
        if if_active:
            step.changes.given(_IS_ACTIVE, definition=definition)
        step.note("case.started", start_key=beginning.start_key)
        step.audit("case.started", process=run.model.diagram.key)
        is_one_statement = not connection.in_atomic_block and not reaches_further(step)
        with nullcontext() if is_one_statement else transaction.atomic():
            write(step, is_new=True)
    return instance


def _instance(definition: int, beginning: Beginning) -> ProcessInstance:
    now = clock.now()
    return made(
        ProcessInstance,
        id=KEYS.take(),
        uid=uuid.uuid4(),
        definition_id=definition,
        site=beginning.site,
        start_key=beginning.start_key,
        priority=beginning.priority,
        started_at=now,
        changed_at=now,
        trace_id=current_trace(),
        call_id=beginning.call,
    )


KEYS = Keys(lambda: ProcessInstance)
"""The keys this process has in hand for the instances it will begin."""
_IS_ACTIVE = PreparedCheck(lambda: ProcessDefinition.objects.filter(pk=Slot("definition"), is_active=True))
