"""A row more or less of a group of fields, for browsers without scripts.

A button of the form posts what is typed so far; it is kept as the draft, with the row, and the page is shown again.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from common.errors import Conflict, ServiceError
from portal.cases.page import cases_for_page, draft_of
from portal.cases.posted import ADD_ROW, REMOVE_ROW, SEEN_REVISION, posted_data
from portal.cases.task_form import Refusal
from portal.cases.views import case_page
from portal.shell.person import person_of
from workflows.forms.views import FormField, FormOutcome, form_view
from workflows.selectors import workable_tasks
from workflows.services import save_draft


@sensitive_post_parameters()
@login_required
@require_POST
def change_rows(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Add the row that `add_row` asks for, such as `nodules`, or take away the one `remove_row` names: `nodules.1`.

    Returns  a redirect to the form, at the place of the change; the page with what was typed and 409 if another
             window has saved a draft since this one was shown.
    """
    person = person_of(request)
    task = get_object_or_404(workable_tasks(person).select_related("instance__definition"), pk=uid)
    case = get_object_or_404(cases_for_page(person), pk=task.instance_id)
    spec = _outcome(request.POST.get("outcome", ""), form_view(task, person=person).outcomes)
    data = posted_data(spec, request.POST)
    place = _changed(spec, data, add=request.POST.get(ADD_ROW, ""), remove=request.POST.get(REMOVE_ROW, ""))
    draft = draft_of(task, person)
    typed = {**(draft.data if draft else {}), spec.key: data}
    try:
        save_draft(task, person=person, data=typed, revision=_seen(request))
    except ServiceError as refusal:
        said = Refusal(spec.key, refusal.message, {}, data)
        status = 409 if isinstance(refusal, Conflict) else 422
        return case_page(request, person, case, refusal=said, status=status)
    return redirect(f"{reverse('case', args=[case.uid])}?tab=task#{place}")


def _outcome(key: str, outcomes: tuple[FormOutcome, ...]) -> FormOutcome:
    found = next((one for one in outcomes if one.key == key), None)
    if found is None:
        raise Http404
    return found


def _changed(spec: FormOutcome, data: dict[str, Any], *, add: str, remove: str) -> str:
    """Put the change into the data; the id of what the page is to be opened at."""
    name, _dot, index = (add or remove).partition(".")
    group = next((one for one in spec.fields if one.fields and one.name == name), None)
    if group is None:
        raise Http404
    rows = _rows_of(group, data)
    place = f"{spec.key}-{name}"
    if add and (group.max_rows is None or len(rows) < group.max_rows):
        rows.append({})
        place = f"{place}-{len(rows) - 1}-{group.fields[0].name}"
    elif index.isdecimal() and int(index[:4]) < len(rows) > group.min_rows:
        del rows[int(index[:4])]
    data[name] = rows
    return place


def _rows_of(group: FormField, data: dict[str, Any]) -> list[Any]:
    rows = data.get(group.name)
    return rows if isinstance(rows, list) else []


def _seen(request: HttpRequest) -> int:
    text = request.POST.get(SEEN_REVISION, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0
