"""Pages for those who look after cases without being of them: what runs, what is suspended, and both by a button."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.privileges import Privilege
from common.errors import ServiceError
from portal.gate import opened_by
from portal.listing import page_of
from portal.operations import gathering
from portal.operations.gathering import SHOW_WORDS, Show
from portal.shell.person import person_of
from portal.shell.posted import typed
from workflows.models import ProcessInstance
from workflows.selectors import operated_cases, visible_cases
from workflows.services import resume_process, suspend_process


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

    def act(found: ProcessInstance) -> object:
        return suspend_process(found, actor=person_of(request), reason=typed(request, "reason"))

    return _done(request, uid, act, _("The case is suspended: nothing is done in it until it goes on."))


@opened_by(Privilege.OPERATE_CASES)
@require_POST
def resume(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Let the case go on."""

    def act(found: ProcessInstance) -> object:
        return resume_process(found, actor=person_of(request))

    return _done(request, uid, act, _("The case goes on."))


def _done(
    request: HttpRequest, uid: uuid.UUID, act: Callable[[ProcessInstance], object], sentence: str
) -> HttpResponse:
    found = _found(request, uid)
    try:
        act(found)
    except ServiceError as refusal:
        told.error(request, refusal.message)
    else:
        told.success(request, sentence)
    return redirect("operated-case", uid=uid)


def _found(request: HttpRequest, uid: uuid.UUID) -> ProcessInstance:
    return get_object_or_404(gathering.with_rows(operated_cases(person_of(request))), uid=uid)
