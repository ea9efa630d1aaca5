"""One step of one instance: lock, act, and write everything that follows from it in one transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor, SystemActor, actor_name
from accounts.services import revoke_grants_with
from common import clock
from common.errors import Conflict, NotFound, ServiceError
from common.prepared import LeanQuery, Slot
from common.rows import Changes, Line
from events import services as events
from events.tracing import trace
from workflows.calling.callers import is_caught_above
from workflows.deployment import bundles
from workflows.engine import CALL_OPERATOR, EngineFault, MessageWait, ProcessRun, Waits
from workflows.locks import Known, WarmRun, lock_instance, read_state, warm_runs
from workflows.models import (
    Incident,
    MessageSubscription,
    ProcessEvent,
    ProcessInstance,
    ProcessSubject,
    ReceivedMessage,
    ServiceTaskRun,
    Timer,
    UserTask,
)
from workflows.news import throwing
from workflows.people.offering import forget_candidates, grant_cause, offer

WORKFLOW = SystemActor("workflow")
NUDGE_GRACE = dt.timedelta(seconds=3)

Nudge = Callable[[uuid.UUID, str], None]
_nudge: Nudge | None = None
_cancel_called: Callable[[list[uuid.UUID]], object] | None = None


def use_nudge(nudge: Nudge | None) -> None:
    """Have `nudge` called with every queued service task of a committed step, and the operator's name."""
    global _nudge  # noqa: PLW0603 - one broker a process
    _nudge = nudge


def use_cancel_called(cancel: Callable[[list[uuid.UUID]], object] | None) -> None:
    """Have `cancel` called with the calls a committed step has left, to stop the cases they began."""
    global _cancel_called  # noqa: PLW0603 - as above
    _cancel_called = cancel


def requeue_call(run_uid: uuid.UUID) -> None:
    """Have a call asked again how its case ended: what that case's last step does for its caller."""
    ServiceTaskRun.objects.filter(pk=run_uid, status=ServiceTaskRun.Status.PENDING).update(
        status=ServiceTaskRun.Status.QUEUED, next_attempt_at=clock.now() + NUDGE_GRACE
    )
    nudge_after_commit(run_uid, CALL_OPERATOR)


EarlyMessages = Callable[["Step", list[MessageWait]], None]
_take_correlated: EarlyMessages | None = None


def use_early_messages(take: EarlyMessages) -> None:
    """Have `take` called with what a step newly waits for: messages with a key may have been thrown before."""
    global _take_correlated  # noqa: PLW0603 - one way to correlate
    _take_correlated = take


def nudge_after_commit(run_uid: uuid.UUID, operator: str) -> None:
    """Tell a worker of a queued step once the transaction in hand is committed."""
    transaction.on_commit(lambda: _nudge(run_uid, operator) if _nudge else None, robust=True)


@dataclass
class Step:
    """What is in hand while an instance is locked.

    `closed` holds the user tasks that this step finishes, `handed` those it gives to somebody anew.
    """

    instance: ProcessInstance
    run: ProcessRun
    known: Known
    actor: Actor
    before: Waits = field(default_factory=Waits)
    closed: dict[uuid.UUID, UserTask] = field(default_factory=dict)
    handed: list[UserTask] = field(default_factory=list)
    settled: set[uuid.UUID] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    has_written: bool = False
    """Whether rows were written beside `changes`, so that the step is to be told although nothing moved."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing came of the step: news the instance has had, an answer that came too late."""
        has_moved = self.run.waits is not self.before
        return not (has_moved or self.lines or self.closed or self.changes or self.has_written)

    @property
    def subjects(self) -> dict[str, str]:
        return self.known.subjects

    def note(
        self, kind: str, *, element_id: str = "", name: str = "", actor: Actor | None = None, **detail: Any
    ) -> None:
        """Add a line to the instance's history."""
        who = actor or self.actor
        self.lines.append(
            Line(
                ProcessEvent,
                instance_id=self.instance.pk,
                at=clock.now(),
                kind=kind,
                element_id=element_id,
                name=name[:120],
                actor=actor_name(who),
                person_id=None if isinstance(who, SystemActor) else who.pk,
                detail=detail,
            )
        )

    def fail(self, code: str) -> None:
        """End the case with an error that nothing in it catches."""
        self.run.cancel()
        self.instance.status = ProcessInstance.Status.FAILED
        self.instance.outcome = code[:80]
        self.instance.ended_at = clock.now()
        self.note("case.failed", code=code[:80])

    def add_subjects(self, subjects: Mapping[str, str]) -> None:
        """Remember what else the process is about; the first of each kind stays."""
        new = {kind: uid for kind, uid in subjects.items() if kind not in self.subjects and kind != "case"}
        if new:
            self.known.subjects |= new
            self.changes.insert(
                [ProcessSubject(instance=self.instance, kind=kind, uid=uid) for kind, uid in new.items()],
                ignore_conflicts=True,
            )


@contextmanager
def open_step(
    pk: int,
    *,
    actor: Actor,
    skip_locked: bool = False,
    lock: Callable[[], ProcessInstance | None] | None = None,
) -> Iterator[Step | None]:
    """Lock an instance and hand out its step; leaving the block advances, writes and publishes.

    Where nothing came of it nothing is written, and nobody is told.
    `lock` gives the instance locked, where more than the instance is to be read under its lock.

    Yields   None if the instance is in other hands and `skip_locked` was asked for.
    Raises   NotFound; Conflict if the instance has ended; ServiceError PROCESS_FAULT, with an incident for
             an operator, if the diagram cannot go on: then nothing of the step is kept.
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
            with trace(instance.trace_id):
                step = _load(instance, actor)
                yield step
                if step.is_idle:
                    warm_runs.keep(instance.pk, WarmRun(instance.revision, step.run, step.known))
                else:
                    write(step)
    except EngineFault as fault:
        open_incident(pk, element_id=fault.element_id, code="PROCESS_FAULT", message=fault.message)
        raise ServiceError(
            _("The process cannot go on from here. An operator has been told."), code="PROCESS_FAULT"
        ) from fault


def open_incident(
    pk: int, *, element_id: str, code: str, message: str, task_uid: uuid.UUID | None = None
) -> Incident:
    """Make visible that something stands still; the same trouble is told once until it is resolved."""
    incident, _is_new = Incident.objects.get_or_create(
        instance_id=pk,
        element_id=element_id,
        code=code,
        task_uid=task_uid,
        resolved_at=None,
        defaults={"message": message[:200], "opened_at": clock.now()},
    )
    return incident


def resolve_incidents(pk: int, *, task_uid: uuid.UUID) -> None:
    """The step moved on after all, or is tried again."""
    Incident.objects.filter(instance_id=pk, task_uid=task_uid, resolved_at=None).update(
        resolved_at=clock.now()
    )


def write(step: Step, *, is_new: bool = False) -> None:
    """Write what follows from a step: state, rows for what is waited for, history, events.

    The number of statements does not depend on the size or the age of the instance.
    """
    if not is_new:
        _take_early_messages(step)
    after = step.run.waits
    _note_happenings(step)
    _save_instance(step, is_new=is_new)
    offered = _write_user_tasks(step, after)
    _write_service_tasks(step, after)
    _write_timers(step, after)
    _write_subscriptions(step, after)
    _publish_thrown(step)
    step.changes.insert(step.lines, keys=False)
    if step.instance.status != ProcessInstance.Status.RUNNING:
        revoke_grants_with(step.changes, cause=grant_cause(step.instance))
        if step.instance.call_id is not None:
            requeue_call(step.instance.call_id)
    _publish(step, offered)
    step.changes.write(commit=True)
    warm = WarmRun(step.instance.revision, step.run, step.known)
    if step.instance.status == ProcessInstance.Status.RUNNING:
        transaction.on_commit(lambda: warm_runs.keep(step.instance.pk, warm), robust=True)


def _load(instance: ProcessInstance, actor: Actor) -> Step:
    warm = warm_runs.take(instance)
    if warm is None:
        model = bundles.model_of(instance.definition_id)
        run = ProcessRun.restore(model, read_state(instance.pk))
        subjects = {subject.kind: subject.uid for subject in _SUBJECTS.all(instance=instance.pk)}
        warm = WarmRun(instance.revision, run, Known(subjects))
    if instance.call_id is not None:
        warm.run.catches_outside = partial(is_caught_above, instance)
    return Step(instance, warm.run, warm.known, actor, before=warm.run.waits)


_SUBJECTS = LeanQuery(
    lambda: ProcessSubject.objects.filter(instance=Slot("instance")).order_by("-id").only("kind", "uid")
)


def _take_early_messages(step: Step) -> None:
    """Give messages that came before anyone waited for them to the catch that waits now."""
    known = set(step.before.messages)
    while new := {uid: wait for uid, wait in step.run.waits.messages.items() if uid not in known}:
        known |= set(new)
        if _take_correlated is not None:
            _take_correlated(step, list(new.values()))
        named = {wait.message for wait in new.values() if wait.kind == "message" and not wait.key}
        if not named:
            continue
        early = {
            row.message: row
            for row in ReceivedMessage.objects.filter(
                instance=step.instance,
                consumed_at=None,
                message__in=named,
            ).order_by("-id")
        }
        for uid, wait in new.items():
            row = None if wait.key else early.pop(wait.message, None)
            if row is not None and step.run.catch_message(uid, row.payload):
                row.consumed_at = clock.now()
                row.save(update_fields=["consumed_at"])


def _note_happenings(step: Step) -> None:
    happened = step.run.take_happenings()
    for each in happened:
        step.note("element.completed", element_id=each.element_id, name=each.name, element=each.kind)
    if step.instance.status != ProcessInstance.Status.RUNNING or not step.run.is_completed:
        return
    error = step.run.error
    step.instance.status = ProcessInstance.Status.FAILED if error else ProcessInstance.Status.COMPLETED
    step.instance.outcome = (error or step.run.end_name(happened))[:80]
    step.instance.ended_at = clock.now()
    step.note("case.failed" if error else "case.completed", outcome=step.instance.outcome)


def _save_instance(step: Step, *, is_new: bool) -> None:
    instance = step.instance
    instance.state = step.run.dump()
    instance.revision += 1
    instance.changed_at = clock.now()
    if is_new:
        step.changes.insert([instance])
        step.changes.insert(
            ProcessSubject(instance=instance, kind=kind, uid=uid) for kind, uid in step.subjects.items()
        )
    else:
        step.changes.update(instance, "state", "revision", "changed_at", "status", "outcome", "ended_at")


def _write_user_tasks(step: Step, after: Waits) -> list[UserTask]:
    gone = set(step.before.user_tasks) - set(after.user_tasks) - set(step.closed)
    if gone:
        withdrawn = list(UserTask.objects.filter(pk__in=gone).select_related("site", "assignee"))
        UserTask.objects.filter(pk__in=gone).update(status=UserTask.Status.CANCELLED, closed_at=clock.now())
        forget_candidates(withdrawn)
        for task in withdrawn:
            task.status = UserTask.Status.CANCELLED
            step.closed[task.pk] = task
            step.note("task.withdrawn", element_id=task.element_id, name=task.name)
    new = [wait for uid, wait in after.user_tasks.items() if uid not in step.before.user_tasks]
    if not new:
        return []
    return offer(step, new)


def _write_service_tasks(step: Step, after: Waits) -> None:
    gone = set(step.before.service_tasks) - set(after.service_tasks) - step.settled
    if gone:
        ServiceTaskRun.objects.filter(pk__in=gone).update(
            status=ServiceTaskRun.Status.CANCELLED, finished_at=clock.now()
        )
        calls = [uid for uid in gone if step.before.service_tasks[uid].operator == CALL_OPERATOR]
        if calls:
            transaction.on_commit(lambda: _cancel_called(calls) if _cancel_called else None, robust=True)
    new = [wait for uid, wait in after.service_tasks.items() if uid not in step.before.service_tasks]
    if not new:
        return
    step.changes.insert(
        ServiceTaskRun(
            uid=wait.uid,
            instance=step.instance,
            element_id=wait.element_id,
            name=wait.name,
            operator=wait.operator,
            arguments=dict(wait.arguments),
            topic=wait.topic,
            status=ServiceTaskRun.Status.PENDING if wait.topic else ServiceTaskRun.Status.QUEUED,
            queued_at=clock.now(),
            next_attempt_at=None if wait.topic else clock.now() + NUDGE_GRACE,
        )
        for wait in new
    )
    for wait in new:
        if not wait.topic:
            nudge_after_commit(wait.uid, wait.operator)


def _write_timers(step: Step, after: Waits) -> None:
    gone = set(step.before.timers) - set(after.timers) - step.settled
    if gone:
        Timer.objects.filter(pk__in=gone).update(status=Timer.Status.CANCELLED, closed_at=clock.now())
    new = [wait for uid, wait in after.timers.items() if uid not in step.before.timers]
    if new:
        step.changes.insert(
            Timer(
                uid=wait.uid,
                instance=step.instance,
                element_id=wait.element_id,
                name=wait.name,
                due_at=wait.due_at,
            )
            for wait in new
        )


def _write_subscriptions(step: Step, after: Waits) -> None:
    gone = set(step.before.messages) - set(after.messages)
    if gone:
        MessageSubscription.objects.filter(pk__in=gone).delete()
    new = [wait for uid, wait in after.messages.items() if uid not in step.before.messages]
    if new:
        step.changes.insert(
            MessageSubscription(
                uid=wait.uid,
                instance=step.instance,
                element_id=wait.element_id,
                kind=wait.kind,
                message=wait.message,
                key=wait.key,
                since=clock.now(),
            )
            for wait in new
        )


def _publish(step: Step, offered: list[UserTask]) -> None:
    subjects = {**step.subjects, "case": str(step.instance.uid)}
    news = [("UserTaskClosed", _task_news(task)) for task in step.closed.values()]
    news += [("UserTaskOffered", _task_news(task)) for task in (*offered, *step.handed)]
    changed = {"revision": step.instance.revision, "status": step.instance.status}
    events.publish_together([*news, ("CaseChanged", changed)], subjects=subjects, into=step.changes)


def _publish_thrown(step: Step) -> None:
    for each in step.run.take_thrown():
        step.note(f"{each.kind}.thrown", element_id=each.element_id, name=each.name)
        throwing.publish(
            each,
            site_code=_site_code(step),
            subjects=step.subjects,
            thrower=step.instance.pk,
            into=step.changes,
        )


def _site_code(step: Step) -> str:
    known = (site.code for site in step.known.sites.values() if site.pk == step.instance.site_id)
    return next(known, None) or step.instance.site.code


def _task_news(task: UserTask) -> dict[str, Any]:
    return {
        "task_uid": str(task.uid),
        "element_id": task.element_id,
        "name": task.name,
        "role": task.role,
        "site_code": task.site.code,
        "assignee": task.assignee.username if task.assignee else "",
        "has_candidates": task.has_candidates,
        "status": task.status,
    }
