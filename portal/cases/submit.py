"""Finishing my task: the posted form becomes one service call, and its refusal comes back beside the fields."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.models import Person
from accounts.signing import Signature, sign
from common.errors import Conflict, InvalidInput, ServiceError
from portal.cases.page import cases_for_page
from portal.cases.posted import PASSWORD, posted_data
from portal.cases.task_form import Refusal
from portal.cases.views import case_page
from portal.shell.person import person_of
from workflows.forms.views import form_view
from workflows.models import UserTask
from workflows.selectors import workable_tasks
from workflows.services import asks_for_signature, complete_user_task


@sensitive_post_parameters()
@login_required
@require_POST
def complete(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Complete a task with one of its outcomes.

    Returns  a redirect to the case; the page with sentences beside the fields and 422 if the form was
             refused, 409 if the task has been closed or taken meanwhile: what was typed stays in both.
    """
    person = person_of(request)
    task = get_object_or_404(workable_tasks(person).select_related("instance__definition"), pk=uid)
    case = get_object_or_404(cases_for_page(person), pk=task.instance_id)
    key = request.POST.get("outcome", "")
    spec = next((one for one in form_view(task, person=person).outcomes if one.key == key), None)
    data = posted_data(spec, request.POST) if spec else {}
    try:
        signature = _signature(request, person, task, outcome=key, data=data)
        complete_user_task(task, actor=person, outcome=key, data=data, signature=signature)
    except InvalidInput as refusal:
        said = Refusal(key, refusal.message, refusal.fields, data)
        return case_page(request, person, case, refusal=said, status=422)
    except ServiceError as refusal:
        status = 409 if isinstance(refusal, Conflict) else 403
        titles = {one.name: one.title for one in spec.fields} if spec else {}
        said = Refusal(key, refusal.message, {}, data, titles)
        return case_page(request, person, case, refusal=said, status=status)
    label = spec.label if spec else ""
    messages.success(request, _("Done: %(outcome)s.") % {"outcome": label})
    return redirect("case", uid=case.uid)


def _signature(
    request: HttpRequest, person: Person, task: UserTask, *, outcome: str, data: dict[str, Any]
) -> Signature | None:
    """The person's signature under this answer, by the password they typed again; None where none is asked for."""
    if not asks_for_signature(task, actor=person, outcome=outcome, data=data):
        return None
    return sign(person, request.POST.get(PASSWORD, ""), request=request, object_uid=str(task.uid))
