"""Drafts save as one types; a second window's change is shown, not overwritten."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Person
from common.errors import Conflict, ServiceError
from portal.cases.page import draft_of
from workflows.models import FormDraft, UserTask
from workflows.selectors import workable_tasks
from workflows.services import save_draft


@require_POST
def save(request: HttpRequest, uid: uuid.UUID) -> JsonResponse:
    """Keep `{"revision", "data"}` and answer the new revision.

    Returns  409 with the other window's draft if the revision is not the one this page had; 401 after the
             sign-in ran out: the page keeps the text.
    """
    person = request.user
    if not isinstance(person, Person):
        return _refused("NOT_AUTHENTICATED", _("Please sign in."), 401)
    task = workable_tasks(person).filter(pk=uid).first()
    if task is None:
        return _refused("NOT_FOUND", _("This task is no longer open to you."), 404)
    posted = _posted(request)
    if posted is None:
        return _refused("INVALID_INPUT", _("This is not a draft."), 400)
    revision, data = posted
    try:
        draft = save_draft(task, person=person, data=data, revision=revision)
    except Conflict as conflict:
        return _conflict(task, person, conflict)
    except ServiceError as refusal:
        return _refused(refusal.code, refusal.message, 400)
    return JsonResponse({"revision": draft.revision, "saved_at": draft.saved_at.isoformat()})


def _posted(request: HttpRequest) -> tuple[int, dict[str, Any]] | None:
    try:
        body = json.loads(request.body)
        revision, data = body["revision"], body["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    are_right = isinstance(revision, int) and isinstance(data, dict)
    return (revision, data) if are_right else None


def _conflict(task: UserTask, person: Person, conflict: Conflict) -> JsonResponse:
    draft: FormDraft | None = draft_of(task, person)
    body: dict[str, Any] = {"code": conflict.code, "message": conflict.message}
    if draft is not None and conflict.code == "DRAFT_CHANGED":
        body |= {"revision": draft.revision, "data": draft.data, "saved_at": draft.saved_at.isoformat()}
    return JsonResponse(body, status=409)


def _refused(code: str, message: str, status: int) -> JsonResponse:
    return JsonResponse({"code": code, "message": message}, status=status)
