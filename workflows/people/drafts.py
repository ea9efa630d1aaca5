"""What a person has typed into a task's form and not yet sent: kept as one types, and never lost."""

from __future__ import annotations

import json
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Person
from common import clock
from common.errors import Conflict, InvalidInput
from workflows.keeping import check_kept
from workflows.models import FormDraft, UserTask
from workflows.people.task_steps import task_for

MAX_DRAFT_BYTES = 200_000


def save_draft(task: UserTask, *, person: Person, data: dict[str, Any], revision: int) -> FormDraft:
    """Keep what a person has typed so far. `revision` is the one last seen: 0 before the first.

    Raises  InvalidInput for what is too long or cannot be kept; Conflict DRAFT_CHANGED if another window saved
            meanwhile; Conflict if the task is closed; NotFound for who has no business with it.
    """
    check_kept(data, "data")
    if len(json.dumps(data)) > MAX_DRAFT_BYTES:
        raise InvalidInput(_("This text is too long to be kept."), code="DRAFT_TOO_LONG")
    with transaction.atomic():
        task_for(task, person)
        draft = FormDraft.objects.select_for_update().filter(task=task, person=person).first()
        if (draft.revision if draft else 0) != revision:
            raise _changed()
        if draft is None:
            return _first(task, person, data)
        draft.data, draft.revision, draft.saved_at = data, revision + 1, clock.now()
        draft.save(update_fields=["data", "revision", "saved_at"])
        return draft


def discard_draft(task: UserTask, *, person: Person) -> None:
    """Forget what a person has typed into a task's form."""
    FormDraft.objects.filter(task=task, person=person).delete()


def pass_on(task: UserTask, *, giver: Person, taker: Person) -> None:
    """Give what one has typed to who goes on with it, in the place of an older text of theirs.

    Called in the step that gives the task away: the giver has no window left that could save to it.
    """
    given = FormDraft.objects.filter(task=task, person=giver).first()
    if given is None:
        return
    older = FormDraft.objects.select_for_update().filter(task=task, person=taker).first()
    if older is None:
        FormDraft.objects.create(task=task, person=taker, data=given.data, revision=1, saved_at=clock.now())
    else:
        older.data, older.revision, older.saved_at = given.data, older.revision + 1, clock.now()
        older.save(update_fields=["data", "revision", "saved_at"])


def _first(task: UserTask, person: Person, data: dict[str, Any]) -> FormDraft:
    try:
        with transaction.atomic():
            return FormDraft.objects.create(
                task=task, person=person, data=data, revision=1, saved_at=clock.now()
            )
    except IntegrityError as error:
        raise _changed() from error


def _changed() -> Conflict:
    return Conflict(_("This form was changed in another window."), code="DRAFT_CHANGED")
