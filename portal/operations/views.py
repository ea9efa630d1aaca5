"""Pages for those who look after cases without being of them: what runs, what is suspended, and both by a button."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from accounts.privileges import Privilege
from portal.cases.suspending import resume_one, suspend_one
from portal.gate import opened_by
from portal.listing import page_of
from portal.operations import gathering
from portal.operations.gathering import SHOW_WORDS, Show
from portal.shell.person import person_of
from workflows.models import ProcessInstance
from workflows.selectors import operated_cases, visible_cases


@opened_by(Privilege.OPERATE_CASES)
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """The running cases of one's sites, newest first."""
    wanted = request.GET.get("show", "")
    show = Show(wanted) if wanted in set(Show) else Show.RUNNING
    page = page_of(request, gathering.with_rows(gathering.shown_cases(person_of(request), show)))
    context = {
        "page": page,
        "rows": [gathering.row_of(case) for case in page.rows],
        "chips": [(each.value, word, icon, each == show) for each, (word, icon) in SHOW_WORDS.items()],
    }
    return render(request, "portal/operations/cases.html", context)


@opened_by(Privilege.OPERATE_CASES)
@require_safe
def case(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """One case: what it waits for, what stands still, and the buttons."""
    found = _found(request, uid)
    context = {
        "row": gathering.row_of(found),
        "case": found,
        "waits": gathering.waits_of(found) if found.status == ProcessInstance.Status.RUNNING else [],
        "kept": gathering.kept_of(found),
        "incidents": gathering.incidents_of(found),
        "operations": gathering.operations_on(found),
        "may_open_case": visible_cases(person_of(request)).filter(pk=found.pk).exists(),
    }
    return render(request, "portal/operations/case.html", context)


@opened_by(Privilege.OPERATE_CASES)
@require_POST
def suspend(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Let nothing be done in the case; the reason stands in its history."""
    return suspend_one(request, _found(request, uid), "operated-case")


@opened_by(Privilege.OPERATE_CASES)
@require_POST
def resume(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Let the case go on."""
    return resume_one(request, _found(request, uid), "operated-case")


def _found(request: HttpRequest, uid: uuid.UUID) -> ProcessInstance:
    return get_object_or_404(gathering.with_rows(operated_cases(person_of(request))), uid=uid)
