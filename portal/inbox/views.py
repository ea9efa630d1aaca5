"""The one inbox: whatever waits for me, from whatever process, most urgent first."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from common.errors import ServiceError
from portal.inbox.rows import PAGE_ROWS, Show, chips, narrow, rows_of, with_rows
from portal.shell.person import person_of
from workflows.selectors import inbox
from workflows.services import claim_user_task, release_user_task


@login_required
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/inbox/inbox.html", _listing(request))


@login_required
def listing(request: HttpRequest) -> HttpResponse:
    """The list alone, fetched again when something changed."""
    return render(request, "portal/inbox/_list.html", _listing(request))


@login_required
@require_POST
def claim(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    return _change(request, uid, claim_user_task)


@login_required
@require_POST
def release(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    return _change(request, uid, release_user_task)


def _change(request: HttpRequest, uid: uuid.UUID, service: Any) -> HttpResponse:
    person = person_of(request)
    task = get_object_or_404(inbox(person), pk=uid)
    try:
        service(task, actor=person)
    except ServiceError as refusal:
        messages.error(request, refusal.message)
    if request.headers.get("HX-Request"):
        return render(request, "portal/inbox/_list.html", _listing(request))
    if request.POST.get("then") == "case":
        return redirect("case", uid=task.instance.uid)
    return redirect("inbox")


def _listing(request: HttpRequest) -> dict[str, Any]:
    person = person_of(request)
    show = _show(request)
    shown_rows = _rows_wanted(request)
    tasks = inbox(person)
    found = list(with_rows(narrow(tasks, person, show))[: shown_rows + 1])
    return {
        "chips": chips(tasks, person, show),
        "rows": rows_of(found[:shown_rows], person),
        "show": show,
        "list_address": _address("inbox-list", show, shown_rows),
        "more_address": _address("inbox", show, shown_rows + PAGE_ROWS) if len(found) > shown_rows else "",
    }


def _address(name: str, show: Show, rows: int) -> str:
    query: dict[str, str | int] = {"show": show.value}
    if rows != PAGE_ROWS:
        query["rows"] = rows
    return f"{reverse(name)}?{urlencode(query)}"


def _show(request: HttpRequest) -> Show:
    wanted = request.GET.get("show", "")
    return Show(wanted) if wanted in {show.value for show in Show} else Show.ALL


def _rows_wanted(request: HttpRequest) -> int:
    wanted = request.GET.get("rows", "")
    return min(max(int(wanted), PAGE_ROWS), 10 * PAGE_ROWS) if wanted.isdecimal() else PAGE_ROWS
