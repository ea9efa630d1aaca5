"""What people do with tasks that are theirs: take, put back, finish."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.models import Membership, Person
from accounts.signing import Signature, check_signature
from common.errors import Conflict, ServiceError
from common.prepared import PreparedDelete, PreparedUpdate, Slot
from workflows import forms
from workflows.models import FormDraft, ProcessInstance, TaskCandidate, UserTask
from workflows.people.offering import forget_candidates, grant_to_offered
from workflows.people.task_steps import audit, check_may_take, open_task, take_step, task_for
from workflows.stepping import LockNeeded, Step


def claim_user_task(task: UserTask, *, actor: Person) -> UserTask:
    """Take a task into one's own hands; taking one's own again has no effect.

    Who delegated a task takes it back so, from the colleague who has it.

    Raises  NotFound for who has no business with it; Conflict if it is closed or another has it.
    """
    with open_task(task, actor, check=check_may_take) as (step, row):
        if row.assignee_id == actor.pk and row.status == UserTask.Status.CLAIMED:
            return row
        put_into(step, row, actor)
        step.note("task.claimed", element_id=row.element_id, name=row.name)
        audit(step, row, "task.claimed")
    return row


def release_user_task(task: UserTask, *, actor: Person) -> UserTask:
    """Put a task one took back to those it is offered to.

    Raises  NotFound for who has no business with it; Conflict if it is closed, not in one's hands, or was
            given to one by name: such a task is declined, not put back.
    """
    with open_task(task, actor) as (step, row):
        if row.assignee_id != actor.pk:
            raise Conflict(_("You have not taken this task."), code="TASK_NOT_TAKEN")
        if row.is_personal:
            raise Conflict(
                _("This task was given to you by name. Decline it to pass it on."), code="TASK_PERSONAL"
            )
        if row.delegation == UserTask.Delegation.PENDING:
            raise Conflict(
                _("A colleague asked you for this. Hand it back, or decline it."), code="TASK_DELEGATED"
            )
        set_free(step, row)
        step.note("task.released", element_id=row.element_id, name=row.name)
        audit(step, row, "task.released")
    return row


def complete_user_task(
    task: UserTask,
    *,
    actor: Person,
    outcome: str,
    data: dict[str, Any],
    signature: Signature | None = None,
) -> ProcessInstance:
    """Finish a task with one outcome of its form, and let the process go on.

    A free task is taken by finishing it. The process then knows `<element id>` (outcome, and what the
    outcome's handler returned, or the form's data without its notes) and `outcome`. Fields the form lists
    as notes are kept in the case's history only; fields its rules hide are not kept at all.

    Raises  InvalidInput with a sentence a field, or SIGNATURE_REFUSED where the outcome is to be signed;
            Conflict if the task is closed, another has it, or a colleague answers for it; NotFound for who
            has no business with it. Then nothing has changed.
    """

    def finish(step: Step, row: UserTask) -> None:
        if row.delegation == UserTask.Delegation.PENDING:
            raise Conflict(
                _("A colleague asked you for this and finishes it. Hand it back when you are done."),
                code="TASK_DELEGATED",
            )
        form = forms.load_form(row.instance.definition, row.form)
        spec = forms.find_outcome(form, outcome)
        kept = forms.check_data(row, spec, data, person=actor)
        if not step.is_locked and ("submission" in spec or "signature" in spec):
            raise LockNeeded
        signed = _signed(row, spec, signature, actor)
        result = _submit(row, actor, spec, kept)
        _close(step, row, actor, outcome)
        notes = {name: kept[name] for name in spec.get("notes", []) if kept.get(name)}
        step.closed[row.pk] = row
        step.note(
            f"task.{_past(outcome)}", element_id=row.element_id, name=row.name, outcome=outcome, notes=notes,
            **signed,
        )  # fmt: skip
        step.run.complete_user_task(
            row.pk, {row.element_id: {"outcome": outcome, **result}, "outcome": outcome}
        )
        audit(step, row, f"task.{_past(outcome)}", form_outcome=outcome)
        if signed:
            meaning = signed["signature"]["meaning"]["en"]
            audit(step, row, "task.signed", form_outcome=outcome, meaning=meaning)

    return take_step(task, actor, finish)


def asks_for_signature(task: UserTask, *, actor: Person, outcome: str, data: dict[str, Any]) -> bool:
    """Whether this answer is to be signed; one that could not be kept anyway is refused as completing would.

    Edges ask before they look at a password: whoever has to put a field right has not signed in vain.

    Raises  as `complete_user_task`.
    """
    spec = forms.find_outcome(forms.load_form(task.instance.definition, task.form), outcome)
    if "signature" not in spec:
        return False
    task_for(task, actor)
    forms.check_data(task, spec, data, person=actor)
    return True


def put_into(step: Step, row: UserTask, person: Person) -> None:
    """The task is in this person's hands, and nobody else answers for it."""
    row.assignee = person
    row.owner = None
    row.delegation = ""
    row.status = UserTask.Status.CLAIMED
    row.claimed_at = step.at
    step.changes.update(row, "assignee", "owner", "delegation", "status", "claimed_at")
    _mark_candidates(row, is_free=False)


def set_free(step: Step, row: UserTask) -> None:
    """The task is nobody's, and offered to everyone it was offered to."""
    row.assignee = None
    row.owner = None
    row.delegation = ""
    row.is_personal = False
    row.status = UserTask.Status.READY
    row.claimed_at = None
    step.changes.update(
        row, "assignee", "owner", "delegation", "is_personal", "has_candidates", "status", "claimed_at"
    )
    _mark_candidates(row, is_free=True)
    grant_to_offered(step, row)


def give_to(step: Step, row: UserTask, person: Person, *, owner: Person | None = None) -> None:
    """The task waits for this person; an owner goes on to answer for it."""
    row.assignee = person
    row.owner = owner
    row.delegation = UserTask.Delegation.PENDING if owner else ""
    row.status = UserTask.Status.READY
    row.claimed_at = None
    step.changes.update(row, "assignee", "owner", "delegation", "status", "claimed_at")
    _mark_candidates(row, is_free=False)


def _mark_candidates(row: UserTask, *, is_free: bool) -> None:
    if row.has_candidates:
        TaskCandidate.objects.filter(task=row.pk).update(is_free=is_free)


def _signed(
    row: UserTask, spec: dict[str, Any], signature: Signature | None, actor: Person
) -> dict[str, Any]:
    """What is kept of the signature under an answer: when it was given, under what, and what it means in the words
    that were signed; nothing where none is asked for."""
    asked: dict[str, Any] | None = spec.get("signature")
    if asked is None:
        return {}
    given = check_signature(signature, actor)
    kept = {"task": str(row.uid), "at": given.signed_at.isoformat(), "meaning": asked["meaning"]}
    return {"signature": kept}


def _submit(row: UserTask, actor: Person, spec: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    name = spec.get("submission")
    if not name:
        return {key: value for key, value in data.items() if key not in spec.get("notes", [])}
    handler = forms.find_submission(name)
    if handler is None:
        raise ServiceError("No package carries out this outcome", code="SUBMISSION_UNKNOWN")
    return handler(row, actor, data)


def _close(step: Step, row: UserTask, actor: Person, outcome: str) -> None:
    is_theirs = row.assignee_id == actor.pk
    row.assignee = actor
    row.completed_by = actor
    row.status = UserTask.Status.COMPLETED
    row.outcome = outcome[:40]
    row.closed_at = step.at
    forget_candidates([row])
    step.changes.also(_DRAFTS, task=row.pk)
    if step.is_locked or is_theirs:
        step.changes.update(row, *_CLOSED)
    else:
        step.changes.must(
            _STILL_OFFERED, task=row.pk, person=actor.pk, outcome=row.outcome, closed_at=row.closed_at
        )


_DRAFTS = PreparedDelete(lambda: FormDraft.objects.filter(task=Slot("task")))
_CLOSED = ("assignee", "completed_by", "status", "outcome", "closed_at")
_STILL_OFFERED = PreparedUpdate(
    lambda: UserTask.objects.filter(
        Exists(
            Membership.objects.filter(
                person=Slot("person"), site_id=OuterRef("site_id"), role=OuterRef("role")
            )
        ),
        pk=Slot("task"),
    ),
    assignee=Slot("person"),
    completed_by=Slot("person"),
    status=UserTask.Status.COMPLETED,
    outcome=Slot("outcome"),
    closed_at=Slot("closed_at"),
)
"""A free task finished by somebody who still has the role it is offered to."""


def _past(outcome: str) -> str:
    return "declined" if outcome == "decline" else "completed"
