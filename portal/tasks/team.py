"""The team's open tasks: who has what, how long it still may take, and giving it to somebody else.

For who assigns tasks at a site. Nothing here says whom a case is about: administrators need not know.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.models import Person, Role, Site
from accounts.privileges import Privilege, sites_where
from common.diagram_names import name_in_words
from common.errors import Conflict, InvalidInput
from portal.cases.task_form import RefusedAct
from portal.cases.words import TASK, URGENCY, Word, word
from portal.clocks import Countdown, countdown_of
from portal.inbox.cursors import cursor_of, place_in
from portal.shell.names import name_of
from portal.shell.person import person_of
from portal.shell.posted import in_address, typed
from portal.tasks.people import colleagues_for, person_named
from workflows.models import UserTask
from workflows.people.inboxes import Place, Wish, overdue, place_of, team_page
from workflows.selectors import assignable_tasks, visible_cases
from workflows.services import reassign_user_task

PAGE_ROWS = 50
SHOWN = {
    "all": ("list", gettext_lazy("All")),
    "free": ("hand", gettext_lazy("Not taken")),
    "taken": ("user-check", gettext_lazy("Taken")),
    "overdue": ("clock-alert", gettext_lazy("Overdue")),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One open task: no word of whom its case is about."""

    task: UserTask
    urgency: Word
    state: Word
    step: str
    case_name: str
    countdown: Countdown | None


@login_required
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/tasks/team.html", _listing(request))


@login_required
def listing(request: HttpRequest) -> HttpResponse:
    """The list alone, fetched again when something changed."""
    return render(request, "portal/tasks/_team_list.html", _listing(request))


@login_required
def task_page(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """One task, and whom it could be given to."""
    return _task_page(request, _task(request, uid))


@login_required
@require_POST
def reassign(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Give the task to the chosen colleague, or back to its role."""
    person, task = person_of(request), _task(request, uid)
    try:
        chosen = typed(request, "to")
        to = None if chosen == "role" else person_named(chosen)
        reassign_user_task(task, actor=person, to=to, reason=typed(request, "reason"))
    except (InvalidInput, Conflict) as refusal:
        fields = refusal.fields if isinstance(refusal, InvalidInput) else {}
        refused = RefusedAct("reassign", refusal.message, fields, request.POST)
        return _task_page(request, task, refused=refused, status=422 if fields else 409)
    said = (
        _("%(person)s has the task now.") % {"person": name_of(to)} if to else _("Offered to its role again.")
    )
    messages.success(request, said)
    return redirect("team-tasks")


def _task_page(
    request: HttpRequest, task: UserTask, *, refused: RefusedAct | None = None, status: int = 200
) -> HttpResponse:
    person = person_of(request)
    context = {
        "row": _row(task),
        "colleagues": colleagues_for(task, without=task.assignee),
        "may_open_case": visible_cases(person).filter(pk=task.instance_id).exists(),
        "refused": refused,
    }
    return render(request, "portal/tasks/assign.html", context, status=status)


def _listing(request: HttpRequest) -> dict[str, Any]:
    sites = _sites(person_of(request))
    show = in_address(request, "show")
    show = show if show in SHOWN else "all"
    narrowed = {name: in_address(request, name) for name in ("site", "role")}
    after = in_address(request, "after")
    found = team_page(sites, _wish(show, narrowed), after=_place(after), size=PAGE_ROWS + 1)
    shown = found[:PAGE_ROWS]
    more = cursor_of(place_of(shown[-1])) if len(found) > PAGE_ROWS else ""
    query = {name: text for name, text in narrowed.items() if text}
    return {
        "rows": [_row(task) for task in shown],
        "chips": [
            (name, icon, label, _address({**query, "show": name}), name == show)
            for name, (icon, label) in SHOWN.items()
        ],
        "show": show,
        "narrowed": narrowed,
        "sites": list(sites.order_by("code")),
        "roles": Role.values,
        "list_address": f"{reverse('team-list')}?{urlencode({**query, 'show': show, 'after': after})}",
        "more_address": _address({**query, "show": show, "after": more}) if more else "",
    }


def _wish(show: str, narrowed: dict[str, str]) -> Wish:
    wish = Wish(site=narrowed["site"], role=narrowed["role"])
    match show:
        case "free":
            return replace(wish, mine=False)
        case "taken":
            return replace(wish, free=False)
        case "overdue":
            return overdue(wish)
    return wish


def _row(task: UserTask) -> Row:
    return Row(
        task=task,
        urgency=word(URGENCY, task.priority),
        state=word(TASK, task.status),
        step=name_in_words(task.name),
        case_name=name_in_words(task.instance.definition.name),
        countdown=countdown_of(task, is_suspended=task.instance.suspended_at is not None),
    )


def _sites(person: Person) -> QuerySet[Site]:
    sites = sites_where(person, Privilege.ASSIGN_TASKS)
    if not sites.exists():
        raise PermissionDenied
    return sites


def _task(request: HttpRequest, uid: uuid.UUID) -> UserTask:
    tasks = assignable_tasks(person_of(request)).select_related(
        "instance__definition", "instance__site", "site", "assignee", "owner"
    )
    return get_object_or_404(tasks.defer("instance__state"), pk=uid)


def _place(cursor: str) -> Place | None:
    try:
        return place_in(cursor)
    except InvalidInput:
        return None


def _address(query: dict[str, str]) -> str:
    return f"{reverse('team-tasks')}?{urlencode(query)}"
