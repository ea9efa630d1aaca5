"""An operator puts a case to rest, and lets it go on, from its page."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.acting import act
from portal.cases.page import cases_for_page
from portal.shell.person import person_of
from portal.shell.posted import typed
from workflows.models import ProcessInstance
from workflows.services import resume_process, suspend_process


@login_required
@require_POST
def suspend(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Let nothing be done in the case; the reason stands in its history."""
    return suspend_one(request, _found(request, uid), "case")


@login_required
@require_POST
def resume(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Let the case go on."""
    return resume_one(request, _found(request, uid), "case")


def suspend_one(request: HttpRequest, case: ProcessInstance, back: str) -> HttpResponse:
    """Suspend the case for the reason that was typed, say so or why not, and go back to that page of it."""
    person, reason = person_of(request), typed(request, "reason")
    return act(
        request,
        lambda: suspend_process(case, actor=person, reason=reason),
        _("The case is suspended: nothing is done in it until it goes on."),
        back,
        uid=case.uid,
    )


def resume_one(request: HttpRequest, case: ProcessInstance, back: str) -> HttpResponse:
    """Let the case go on, say so or why not, and go back to that page of it."""
    person = person_of(request)
    return act(
        request, lambda: resume_process(case, actor=person), _("The case goes on."), back, uid=case.uid
    )


def _found(request: HttpRequest, uid: uuid.UUID) -> ProcessInstance:
    return get_object_or_404(cases_for_page(person_of(request)), uid=uid)
