"""What people do with tasks: take, put back, type, finish."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.audit import record_audit
from accounts.models import Membership, Person
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, ServiceError
from common.prepared import PreparedQuery, Slot
from workflows import bundles, forms
from workflows.models import FormDraft, ProcessInstance, UserTask
from workflows.selectors import OPEN_TASK
from workflows.stepping import Step, open_step

MAX_DRAFT_BYTES = 200_000


def claim_user_task(task: UserTask, *, actor: Person) -> UserTask:
    """Take a task into one's own hands; taking one's own again has no effect.

    Raises  NotFound for who has no business with it; Conflict if it is closed or another has it.
    """
    with _open_task(task, actor) as (step, row):
        if row.assignee_id == actor.pk and row.status == UserTask.Status.CLAIMED:
            return row
        row.assignee = actor
        row.status = UserTask.Status.CLAIMED
        row.claimed_at = clock.now()
        step.changes.update(row, "assignee", "status", "claimed_at")
        step.note("task.claimed", element_id=row.element_id, name=row.name)
        _audit(step, row, "task.claimed")
    return row


def release_user_task(task: UserTask, *, actor: Person) -> UserTask:
    """Put a task one took back to its role.

    Raises  NotFound for who has no business with it; Conflict if it is closed, not in one's hands, or was
            given to one by name: such a task is declined, not put back.
    """
    with _open_task(task, actor) as (step, row):
        if row.assignee_id != actor.pk:
            raise Conflict(_("You have not taken this task."), code="TASK_NOT_TAKEN")
        if row.is_personal:
            raise Conflict(
                _("This task was given to you by name. Decline it to pass it on."), code="TASK_PERSONAL"
            )
        row.assignee = None
        row.status = UserTask.Status.READY
        row.claimed_at = None
        step.changes.update(row, "assignee", "status", "claimed_at")
        step.note("task.released", element_id=row.element_id, name=row.name)
        _audit(step, row, "task.released")
    return row


def complete_user_task(
    task: UserTask, *, actor: Person, outcome: str, data: dict[str, Any]
) -> ProcessInstance:
    """Finish a task with one outcome of its form, and let the process go on.

    A free task is taken by finishing it. The process then knows `<element id>` (outcome, and what the
    outcome's handler returned, or the form's data without its notes) and `outcome`. Fields the form lists
    as notes are kept in the case's history only.

    Raises  InvalidInput with a sentence a field; Conflict if the task is closed or another has it;
            NotFound for who has no business with it. Then nothing has changed.
    """
    with _open_task(task, actor) as (step, row):
        spec = forms.find_outcome(forms.load_form(row.instance.definition, row.form), outcome)
        forms.check_data(row, spec, data)
        result = _submit(row, actor, spec, data)
        _close(step, row, actor, outcome)
        notes = {name: data[name] for name in spec.get("notes", []) if data.get(name)}
        step.closed[row.pk] = row
        step.note(
            f"task.{_past(outcome)}", element_id=row.element_id, name=row.name, outcome=outcome, notes=notes
        )
        step.run.complete_user_task(
            row.pk, {row.element_id: {"outcome": outcome, **result}, "outcome": outcome}
        )
        _audit(step, row, f"task.{_past(outcome)}", form_outcome=outcome)
    return step.instance


def save_draft(task: UserTask, *, person: Person, data: dict[str, Any], revision: int) -> FormDraft:
    """Keep what a person has typed so far. `revision` is the one last seen: 0 before the first.

    Raises  Conflict DRAFT_CHANGED if another window saved meanwhile; Conflict if the task is closed;
            NotFound for who has no business with it.
    """
    if len(json.dumps(data)) > MAX_DRAFT_BYTES:
        raise InvalidInput(_("This text is too long to be kept."), code="DRAFT_TOO_LONG")
    with transaction.atomic():
        _check_may_work(_TASK.first(task=task.pk, person=person.pk), person)
        draft = FormDraft.objects.select_for_update().filter(task=task, person=person).first()
        if (draft.revision if draft else 0) != revision:
            raise _draft_changed()
        if draft is None:
            return _first_draft(task, person, data)
        draft.data, draft.revision, draft.saved_at = data, revision + 1, clock.now()
        draft.save(update_fields=["data", "revision", "saved_at"])
        return draft


def discard_draft(task: UserTask, *, person: Person) -> None:
    """Forget what a person has typed into a task's form."""
    FormDraft.objects.filter(task=task, person=person).delete()


def _first_draft(task: UserTask, person: Person, data: dict[str, Any]) -> FormDraft:
    try:
        with transaction.atomic():
            return FormDraft.objects.create(
                task=task, person=person, data=data, revision=1, saved_at=clock.now()
            )
    except IntegrityError as error:
        raise _draft_changed() from error


def _draft_changed() -> Conflict:
    return Conflict(_("This form was changed in another window."), code="DRAFT_CHANGED")


@contextmanager
def _open_task(task: UserTask, person: Person) -> Iterator[tuple[Step, UserTask]]:
    """The step of a task's case, and the task as it stands under the lock, if it is the person's to work on."""
    locked: list[UserTask] = []

    def lock() -> ProcessInstance:
        locked.extend(_LOCKED_TASK.all(task=task.pk, person=person.pk))
        if not locked:
            raise NotFound(_("There is no such task."))
        return locked[0].instance

    with open_step(task.instance_id, actor=person, lock=lock) as step:
        if step is None:
            raise NotFound(_("There is no such case."))
        row = _check_may_work(locked[0], person)
        step.instance.definition = bundles.definition_with(step.instance.definition_id)
        yield step, row


def _task_before(person: Slot, task: Slot) -> QuerySet[UserTask]:
    """A task with all that deciding about it needs, in one statement."""
    roles = Membership.objects.filter(person=person, site_id=OuterRef("site_id"), role=OuterRef("role"))
    return (
        UserTask.objects.select_related("site")
        .annotate(is_for_role=Exists(roles), has_draft=Exists(FormDraft.objects.filter(task=OuterRef("pk"))))
        .filter(pk=task)
    )


def _locked_task() -> QuerySet[UserTask]:
    """A task with its instance, both locked; the instance first, as every other step does."""
    return (
        _task_before(Slot("person"), Slot("task"))
        .select_related("instance")
        .defer("instance__state")
        .select_for_update(of=("instance", "self"), no_key=True)
    )


_TASK = PreparedQuery(lambda: _task_before(Slot("person"), Slot("task")))
_LOCKED_TASK = PreparedQuery(_locked_task)


def _check_may_work(row: Any, person: Person) -> UserTask:
    if row is None or not (row.is_for_role or person.pk in (row.assignee_id, row.completed_by_id)):
        raise NotFound(_("There is no such task."))
    if row.status not in OPEN_TASK:
        raise Conflict(_("This task has been closed already."), code="TASK_CLOSED")
    if row.assignee_id is not None and row.assignee_id != person.pk:
        raise Conflict(_("Somebody else has taken this task."), code="TASK_TAKEN")
    found: UserTask = row
    return found


def _submit(row: UserTask, actor: Person, spec: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    name = spec.get("submission")
    if not name:
        return {key: value for key, value in data.items() if key not in spec.get("notes", [])}
    handler = forms.find_submission(name)
    if handler is None:
        raise ServiceError("No package carries out this outcome", code="SUBMISSION_UNKNOWN")
    return handler(row, actor, data)


def _close(step: Step, row: UserTask, actor: Person, outcome: str) -> None:
    row.assignee = actor
    row.completed_by = actor
    row.status = UserTask.Status.COMPLETED
    row.outcome = outcome[:40]
    row.closed_at = clock.now()
    step.changes.update(row, "assignee", "completed_by", "status", "outcome", "closed_at")
    if getattr(row, "has_draft", True):
        FormDraft.objects.filter(task=row).delete()


def _past(outcome: str) -> str:
    return "declined" if outcome == "decline" else "completed"


def _audit(step: Step, row: UserTask, action: str, **detail: Any) -> None:
    record_audit(
        step.actor,
        action,
        object_kind="task",
        object_uid=str(row.uid),
        study_instance_uid=step.subjects.get("study", ""),
        site_code=row.site.code,
        into=step.changes,
        case=str(step.instance.uid),
        element=row.element_id,
        **detail,
    )
