"""The conversation of a case and its files, as parts of its page: shown, added to, and refused beside the field."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.models import Person
from common.errors import ServiceError
from portal.attachments.answering import download, take_in
from portal.cases.page import cases_for_page
from portal.shell.person import person_of
from portal.shell.posted import typed
from workflows.models import ProcessInstance
from workflows.people.attachments import attachments_of, visible_attachments
from workflows.people.comments import comments_of, mentionable
from workflows.services import add_comment, remove_attachment


@dataclass(frozen=True, slots=True)
class Refused:
    """What was said to a comment or a file, and what had been typed."""

    message: str
    text: str = ""


def conversation_context(
    case: ProcessInstance, person: Person, refused: Refused | None = None
) -> dict[str, Any]:
    comments = list(comments_of(case))
    return {
        "comments": comments,
        "comments_seen": str(len(comments)),
        "colleagues": [each for each in mentionable(case) if each.pk != person.pk],
        "refused_comment": refused,
    }


def files_context(case: ProcessInstance, person: Person, refused: Refused | None = None) -> dict[str, Any]:
    return {
        "files": list(attachments_of(case)),
        "takes_files": case.status == ProcessInstance.Status.RUNNING,
        "refused_file": refused,
    }


@login_required
def conversation(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """The conversation alone; 204 while the page shows it already, so that what is being typed stays."""
    person, case = _case(request, uid)
    context = conversation_context(case, person)
    if request.GET.get("seen") == context["comments_seen"]:
        return HttpResponse(status=204)
    return render(request, "portal/cases/_said.html", {"case": case, **context})


@login_required
@require_POST
def say(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Write into the case."""
    person, case = _case(request, uid)
    text = typed(request, "text")
    refused = None
    try:
        add_comment(case, author=person, text=text)
    except ServiceError as refusal:
        refused = Refused(refusal.message, text)
    if not request.headers.get("HX-Request") and refused is None:
        return redirect(f"{reverse('case', args=[case.uid])}?tab=conversation")
    context = {"case": case, **conversation_context(case, person, refused)}
    return render(request, "portal/cases/_conversation.html", context, status=_status(request, refused))


@login_required
def files(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """The files alone, fetched again when something changed."""
    person, case = _case(request, uid)
    return render(request, "portal/cases/_files.html", {"case": case, **files_context(case, person)})


@login_required
@require_POST
def put_file(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Put a file into the case."""
    person, case = _case(request, uid)
    refused = None
    try:
        take_in(case, person=person, uploaded=request.FILES.get("file"))
    except ServiceError as refusal:
        refused = Refused(refusal.message)
    return _files_answer(request, case, person, refused)


@login_required
def file(request: HttpRequest, uid: uuid.UUID) -> FileResponse:
    """A file as a download."""
    person = person_of(request)
    return download(get_object_or_404(visible_attachments(person).filter(removed_at=None), uid=uid), person)


@login_required
@require_POST
def remove_file(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Take a file of one's own out of the case again."""
    person = person_of(request)
    attachment = get_object_or_404(visible_attachments(person).filter(removed_at=None), uid=uid)
    refused = None
    try:
        remove_attachment(attachment, person=person)
    except ServiceError as refusal:
        refused = Refused(refusal.message)
    return _files_answer(request, attachment.instance, person, refused)


def _files_answer(
    request: HttpRequest, case: ProcessInstance, person: Person, refused: Refused | None
) -> HttpResponse:
    if not request.headers.get("HX-Request") and refused is None:
        return redirect(f"{reverse('case', args=[case.uid])}?tab=documents")
    context = {"case": case, **files_context(case, person, refused)}
    return render(request, "portal/cases/_files.html", context, status=_status(request, refused))


def _status(request: HttpRequest, refused: Refused | None) -> int:
    """A refusal is 422; htmx puts only what came with 200 in its place."""
    return 422 if refused and not request.headers.get("HX-Request") else 200


def _case(request: HttpRequest, uid: uuid.UUID) -> tuple[Person, ProcessInstance]:
    person = person_of(request)
    return person, get_object_or_404(cases_for_page(person), uid=uid)
