"""Giving my task to others, from the page of its case: one service a posted form, its refusal beside the field."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Person
from common.errors import Conflict, InvalidInput, ServiceError
from portal.cases.page import cases_for_page
from portal.cases.task_form import RefusedAct
from portal.cases.views import case_page
from portal.shell.names import name_of
from portal.shell.person import person_of
from portal.shell.posted import typed
from portal.tasks.people import person_named
from workflows.models import UserTask
from workflows.selectors import workable_tasks
from workflows.services import decline_user_task, delegate_user_task, hand_back_user_task


@login_required
@require_POST
def delegate(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Have a colleague do the task; with "for good" it is theirs from now on."""

    def act(task: UserTask, person: Person) -> str:
        to = person_named(typed(request, "to"))
        is_for_good = request.POST.get("how") == "for_good"
        note = typed(request, "note")
        delegate_user_task(task, actor=person, to=to, note=note, comes_back=not is_for_good)
        if is_for_good:
            return _("%(person)s has the task now.") % {"person": name_of(to)}
        return _("%(person)s has been asked, and hands it back to you.") % {"person": name_of(to)}

    return _done(request, uid, "delegate", act)


@login_required
@require_POST
def hand_back(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Give the task back to who answers for it."""

    def act(task: UserTask, person: Person) -> str:
        hand_back_user_task(task, actor=person, note=typed(request, "note"))
        return _("Handed back.")

    return _done(request, uid, "hand_back", act)


@login_required
@require_POST
def decline(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Refuse the task, and say why."""

    def act(task: UserTask, person: Person) -> str:
        decline_user_task(task, actor=person, reason=typed(request, "reason"))
        return _("Declined.")

    return _done(request, uid, "decline", act)


def _done(
    request: HttpRequest, uid: uuid.UUID, name: str, act: Callable[[UserTask, Person], str]
) -> HttpResponse:
    """Carry out the act on a task the person has business with.

    Returns  a redirect to the case, or to the inbox where the case is the person's no more; the page with the
             refusal and what was typed, 422 or 409.
    """
    person = person_of(request)
    tasks = workable_tasks(person).select_related("instance__definition")
    task = get_object_or_404(tasks, pk=uid)
    case = get_object_or_404(cases_for_page(person), pk=task.instance_id)
    try:
        said = act(task, person)
    except InvalidInput as refusal:
        refused = RefusedAct(name, refusal.message, refusal.fields, request.POST)
        return case_page(request, person, case, refused_act=refused, status=422)
    except ServiceError as refusal:
        refused = RefusedAct(name, refusal.message, {}, request.POST)
        status = 409 if isinstance(refusal, Conflict) else 403
        return case_page(request, person, case, refused_act=refused, status=status)
    messages.success(request, said)
    still_mine = cases_for_page(person).filter(pk=case.pk).exists()
    return redirect("case", uid=case.uid) if still_mine else redirect("inbox")
