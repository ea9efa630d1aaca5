"""Giving tasks to others: delegate and hand back, decline, and reassign as who says who does what.

To delegate keeps the responsibility: the colleague does the work, hands it back, and the owner finishes it. Who
passes a task on for good gives the responsibility away with it. This is what Camunda and Flowable do with
`delegateTask` and `resolveTask`, and with `setAssignee`; see docs/decisions/0017-who-answers-for-a-task.md.

Reference  WS-HumanTask 1.1 §4.7, §7.1 (delegate, forward)
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import Person
from common.errors import Conflict, InvalidInput
from workflows import forms
from workflows.keeping import written
from workflows.models import TaskCandidate, UserTask
from workflows.people import drafts
from workflows.people.offering import grant_to, take_back_from
from workflows.people.task_steps import audit, check_may_assign, may_do, open_task
from workflows.people.user_tasks import complete_user_task, give_to, put_into, set_free
from workflows.stepping import Step

MAX_REASON = 1000


def delegate_user_task(
    task: UserTask, *, actor: Person, to: Person, note: str = "", comes_back: bool = True
) -> UserTask:
    """Have a colleague do a task, with what was typed so far.

    With `comes_back` the actor goes on to answer for it: the colleague hands it back, and only the actor
    finishes it. Without, it is the colleague's from now on.

    Raises  InvalidInput for somebody to whom the task could not be given; Conflict if it is closed, another
            has it, or it came from a colleague; NotFound for who has no business with it.
    """
    note = _checked_note(note)
    with open_task(task, actor) as (step, row):
        if row.delegation == UserTask.Delegation.PENDING:
            raise Conflict(
                _("A colleague asked you for this. Hand it back, or decline it."), code="TASK_DELEGATED"
            )
        _check_taker(row, to, giver=actor)
        give_to(step, row, to, owner=actor if comes_back else None)
        drafts.pass_on(row, giver=actor, taker=to)
        grant_to(step, to)
        if not comes_back:
            take_back_from(step, row, actor)
        kind = "task.delegated" if comes_back else "task.passed_on"
        _tell(step, row, kind, note=note, to=to.username)
    return row


def hand_back_user_task(task: UserTask, *, actor: Person, note: str = "") -> UserTask:
    """Give a delegated task back to who answers for it, with what was typed.

    Raises  Conflict if the task was not delegated to the actor; NotFound for who has no business with it.
    """
    note = _checked_note(note)
    with open_task(task, actor) as (step, row):
        _return_to_owner(step, row, actor)
        _tell(step, row, "task.handed_back", note=note)
    return row


def decline_user_task(task: UserTask, *, actor: Person, reason: str) -> UserTask:
    """Refuse a task one was given or took, and say why.

    A form that draws declining is finished so, and the diagram says what follows. A delegated task goes back
    to its owner; any other is offered to its role or its other candidates again.

    Raises  InvalidInput without a reason; Conflict if the task is only offered to one's role: then others
            do it, and nothing is to be declined.
    """
    reason = _checked_reason(reason)
    form = forms.load_form(task.instance.definition, task.form)
    if "decline" in form["outcomes"] and task.delegation != UserTask.Delegation.PENDING:
        complete_user_task(task, actor=actor, outcome="decline", data={"reason": reason})
        return UserTask.objects.select_related("site", "assignee").get(pk=task.pk)
    with open_task(task, actor) as (step, row):
        if row.delegation == UserTask.Delegation.PENDING:
            _return_to_owner(step, row, actor)
        elif row.assignee_id == actor.pk:
            _strike_out(row, actor)
            set_free(step, row)
            take_back_from(step, row, actor)
        elif not _strike_out(row, actor):
            raise Conflict(
                _("This task is offered to your role. Leave it to your colleagues."), code="TASK_NOT_TAKEN"
            )
        else:
            step.changes.update(row, "has_candidates")
        _tell(step, row, "task.declined", note=reason)
    return row


def reassign_user_task(task: UserTask, *, actor: Person, to: Person | None, reason: str) -> UserTask:
    """Give a task to somebody, whoever has it; to nobody, and it is offered to its role again.

    What who had it has typed stays theirs, and is there again should the task come back to them.

    Raises  NotFound for who may not assign tasks at its site; InvalidInput without a reason, or for somebody
            to whom it could not be given; Conflict if it is closed.
    """
    reason = _checked_reason(reason)
    with open_task(task, actor, check=check_may_assign) as (step, row):
        former = row.assignee
        if to is None:
            set_free(step, row)
        else:
            _check_taker(row, to, giver=former)
            give_to(step, row, to)
            grant_to(step, to)
        if former is not None:
            take_back_from(step, row, former)
        _tell(step, row, "task.reassigned", note=reason, to=to.username if to else "")
    return row


def _return_to_owner(step: Step, row: UserTask, actor: Person) -> None:
    owner = row.owner
    if owner is None or row.delegation != UserTask.Delegation.PENDING or row.assignee_id != actor.pk:
        raise Conflict(_("Nobody asked you for this task."), code="TASK_NOT_DELEGATED")
    drafts.pass_on(row, giver=actor, taker=owner)
    drafts.discard_draft(row, person=actor)
    put_into(step, row, owner)
    row.delegation = UserTask.Delegation.RESOLVED
    take_back_from(step, row, actor)


def _strike_out(row: UserTask, person: Person) -> bool:
    """Offer the task to this candidate no more; whether they were one. The last one's goes to the role."""
    named = TaskCandidate.objects.filter(task=row.pk)
    was_one = bool(named.filter(person=person).delete()[0])
    if was_one:
        row.has_candidates = named.exists()
    return was_one


def _check_taker(row: UserTask, to: Person, *, giver: Person | None) -> None:
    if giver is not None and to.pk == giver.pk:
        raise _cannot_take(_("This person has the task already."))
    if not may_do(to, row):
        raise _cannot_take(_("This person has not the role that the task needs at its site."))


def _cannot_take(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, code="CANNOT_TAKE", fields={"to": sentence})


def _tell(step: Step, row: UserTask, kind: str, *, note: str, to: str = "") -> None:
    """History, trail, and the news that the task waits for somebody again."""
    notes = {"note": note} if note else {}
    step.handed.append(row)
    step.note(kind, element_id=row.element_id, name=row.name, notes=notes, to=to)
    audit(step, row, kind, **({"to": to} if to else {}))


def _checked_reason(reason: str) -> str:
    if not reason.strip():
        sentence = _("Say why.")
        raise InvalidInput(sentence, code="REASON_REQUIRED", fields={"reason": sentence})
    return _checked_note(reason)


def _checked_note(note: str) -> str:
    return written(note, "reason", "note", most=MAX_REASON, code="TEXT_TOO_LONG")
