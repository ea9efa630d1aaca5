"""An operator puts a case to rest, and lets it go on, from its page."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.errors import ServiceError
from portal.cases.page import cases_for_page
from portal.shell.person import person_of
from portal.shell.posted import typed
from workflows.models import ProcessInstance
from workflows.services import resume_process, suspend_process


@login_required
@require_POST
def suspend(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Let nothing be done in the case; the reason stands in its history."""

    def act(case: ProcessInstance) -> object:
        return suspend_process(case, actor=person_of(request), reason=typed(request, "reason"))

    return _done(request, uid, act, _("The case is suspended: nothing is done in it until it goes on."))


@login_required
@require_POST
def resume(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Let the case go on."""

    def act(case: ProcessInstance) -> object:
        return resume_process(case, actor=person_of(request))

    return _done(request, uid, act, _("The case goes on."))


def _done(
    request: HttpRequest, uid: uuid.UUID, act: Callable[[ProcessInstance], object], sentence: str
) -> HttpResponse:
    case = get_object_or_404(cases_for_page(person_of(request)), uid=uid)
    try:
        act(case)
    except ServiceError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, sentence)
    return redirect("case", uid=uid)
