"""Everything that follows from a step, in one statement: state, rows for what is waited for, history, news."""

from __future__ import annotations

from functools import partial

from accounts.services import revoke_grants_with
from common.lean import bytea
from common.prepared import PreparedUpdate, Slot
from common.rows import Line
from workflows.locks import WarmRun, warm_runs
from workflows.models import ProcessInstance, ProcessSubject
from workflows.people.offering import grant_cause
from workflows.stepping.early_messages import take_early_messages
from workflows.stepping.publishing import publish, publish_thrown
from workflows.stepping.service_tasks import requeue_call, write_service_tasks
from workflows.stepping.step import Step
from workflows.stepping.subscriptions import write_subscriptions
from workflows.stepping.timers import write_timers
from workflows.stepping.user_tasks import write_user_tasks


def write(step: Step, *, is_new: bool = False) -> None:
    """Write what follows from a step: state, rows for what is waited for, history, events.

    The number of statements does not depend on the size or the age of the instance.
    """
    if not is_new:
        take_early_messages(step)
    after = step.run.waits
    _note_happenings(step)
    _save_instance(step, is_new=is_new)
    offered = write_user_tasks(step, after)
    if not (step.before.are_for_people and after.are_for_people):
        write_service_tasks(step, after)
        write_timers(step, after)
        write_subscriptions(step, after)
    publish_thrown(step)
    step.changes.insert(step.lines, keys=False)
    if step.instance.status != ProcessInstance.Status.RUNNING:
        revoke_grants_with(step.changes, cause=grant_cause(step.instance), at=step.at)
        if step.instance.call_id is not None:
            requeue_call(step.instance.call_id)
    publish(step, offered)
    step.known.tasks |= {task.pk: task for task in offered}
    for uid in step.known.tasks.keys() - after.user_tasks.keys():
        del step.known.tasks[uid]
    if step.instance.status == ProcessInstance.Status.RUNNING:
        warm = WarmRun(step.instance, step.instance.revision, step.run, step.known)
        step.changes.then(partial(warm_runs.keep, step.instance.pk, warm))
    step.changes.write(commit=True)


def _note_happenings(step: Step) -> None:
    happened = step.run.take_happenings()
    for each in happened:
        step.note("element.completed", element_id=each.element_id, name=each.name, element=each.kind)
    if step.instance.status != ProcessInstance.Status.RUNNING or not step.run.is_completed:
        return
    error = step.run.error
    step.instance.status = ProcessInstance.Status.FAILED if error else ProcessInstance.Status.COMPLETED
    step.instance.outcome = (error or step.run.end_name(happened))[:80]
    step.instance.ended_at = step.at
    step.note("case.failed" if error else "case.completed", outcome=step.instance.outcome)


def _save_instance(step: Step, *, is_new: bool) -> None:
    instance = step.instance
    instance.state = step.run.dump()
    instance.revision += 1
    instance.changed_at = step.at
    if is_new:
        step.changes.insert([instance])
        subjects = step.subjects.items()
        step.changes.insert(
            [Line(ProcessSubject, instance_id=instance.pk, kind=kind, uid=uid) for kind, uid in subjects],
            keys=False,
        )
    elif step.is_locked:
        step.changes.update(instance, *_MOVES)
    else:
        moved = {name: getattr(instance, name) for name in _MOVES}
        moved["state"] = bytea(instance.state)
        step.changes.must(_UNMOVED, first=True, pk=instance.pk, before=instance.revision - 1, **moved)


_MOVES = ("state", "revision", "changed_at", "status", "outcome", "ended_at")
"""What a step changes of its instance."""

_UNMOVED = PreparedUpdate(
    lambda: ProcessInstance.objects.filter(
        pk=Slot("pk"), revision=Slot("before"), status=ProcessInstance.Status.RUNNING, suspended_at=None
    ),
    **{name: Slot(name) for name in _MOVES},
)
"""A step on an instance that nobody has locked: it is still where it was when the step began, or nothing holds."""
