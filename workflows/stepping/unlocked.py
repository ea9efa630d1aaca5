"""A step on what this process knows of an instance: nothing is read, and what is written holds only if it still is so.

Reading under a lock before writing costs a trip to the database more than a step needs whose process took the step
before it as well. Such a step writes what the instance must still be like along with what it changes. Where another
process was there in the meantime nothing of it holds, and the step is taken again under the lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from accounts.actors import Actor
from common.making import copied
from common.rows import Overtaken
from events.tracing import trace
from workflows.locks import WarmRun, lock_instance, warm_runs
from workflows.models import ProcessInstance
from workflows.scripting import scripts_run_for
from workflows.stepping.step import Step
from workflows.stepping.writing import write


class LockNeeded(Exception):
    """What the step is to do is done under the instance's lock only; it has done nothing yet."""


def take_known(instance_pk: int) -> WarmRun | None:
    """The run this process has of an instance, if a step may be tried on it; it is no longer kept.

    Within a transaction of somebody else's none may: what is found out of date would undo theirs.
    """
    if connection.in_atomic_block or not warm_runs.trust:
        return None
    warm = warm_runs.take_unseen(instance_pk)
    if warm is not None and warm.instance.suspended_at is not None:
        warm_runs.keep(instance_pk, warm)
        return None
    return warm


@contextmanager
def unlocked_step(warm: WarmRun, *, actor: Actor) -> Iterator[Step]:
    """The step of an instance as this process knows it; leaving the block advances, writes and publishes.

    Raises  Overtaken if another process has been there; LockNeeded, as the block may; else as `open_step` does.
            After each of them the step may be taken again under the lock.
    """
    step = Step(copied(warm.instance), warm.run, warm.known, actor, before=warm.run.waits, is_locked=False)
    try:
        with trace(step.instance.trace_id), scripts_run_for(actor, case=step.case):
            yield step
            if reaches_further(step):
                with transaction.atomic():
                    _lock(step)
                    write(step)
            else:
                write(step)  # one statement, which needs no transaction around it
    except LockNeeded:
        warm_runs.keep(step.instance.pk, warm)
        raise
    except Overtaken:
        warm_runs.trust.disappoint()
        raise
    warm_runs.trust.confirm()


def reaches_further(step: Step) -> bool:
    """Whether more is read or written than the one statement says: that is done under a lock only."""
    before, after = step.before, step.run.waits
    gone = before.user_tasks.keys() - after.user_tasks.keys() - step.closed.keys()
    return bool(
        gone
        or step.run.has_thrown
        or step.instance.call_id is not None
        or not (before.are_for_people and after.are_for_people)
    )


def _lock(step: Step) -> None:
    """Lock the instance where the step found it, or Overtaken."""
    now = lock_instance(step.instance.pk)
    is_there = (
        now is not None
        and now.revision == step.instance.revision
        and now.status == ProcessInstance.Status.RUNNING
        and now.suspended_at is None
    )
    if not is_there:
        raise Overtaken
    step.is_locked = True
