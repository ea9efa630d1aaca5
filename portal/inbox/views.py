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

from common.errors import InvalidInput, ServiceError
from portal.inbox.cursors import cursor_of, place_in
from portal.inbox.narrowing import Narrowing, narrowing_of, places_for
from portal.inbox.rows import PAGE_ROWS, Show, chips, rows_of, wish_for
from portal.shell.person import person_of, standing_of
from workflows.models import UserTask
from workflows.people.inboxes import MOST_ROWS, Place, inbox_page, place_of
from workflows.selectors import workable_tasks
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
    task = get_object_or_404(workable_tasks(person).select_related("instance"), pk=uid)
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
    show, narrowing, size = _show(request), narrowing_of(request), _rows_wanted(request)
    after = _after(request)
    found = inbox_page(person, wish_for(show, narrowing.wish), after=after, size=size + 1)
    shown, more = found[:size], found[size:]
    return {
        "chips": chips(person, narrowing.wish, show),
        "rows": rows_of(shown, person),
        "show": show,
        "places": places_for(standing_of(request), narrowing),
        "narrowed": narrowing,
        "is_first": after is None,
        "list_address": _address(
            "inbox-list", show, narrowing, rows=size, after=request.GET.get("after", "")
        ),
        "more_address": _more(show, narrowing, shown[-1], size, after=request.GET.get("after", ""))
        if more
        else "",
    }


def _more(show: Show, narrowing: Narrowing, last: UserTask, size: int, *, after: str) -> str:
    """The same list with more rows; from the most a page shows on, the next page."""
    if size + PAGE_ROWS < MOST_ROWS:
        return _address("inbox", show, narrowing, rows=size + PAGE_ROWS, after=after)
    return _address("inbox", show, narrowing, rows=PAGE_ROWS, after=cursor_of(place_of(last)))


def _address(name: str, show: Show, narrowing: Narrowing, *, rows: int, after: str) -> str:
    query: dict[str, str | int] = {"show": show.value, **narrowing.parts}
    if after:
        query["after"] = after
    if rows != PAGE_ROWS:
        query["rows"] = rows
    return f"{reverse(name)}?{urlencode(query)}"


def _after(request: HttpRequest) -> Place | None:
    """Where the page begins; at the top for an address that no page of ours has made."""
    try:
        return place_in(request.GET.get("after", ""))
    except InvalidInput:
        return None


def _show(request: HttpRequest) -> Show:
    wanted = request.GET.get("show", "")
    return Show(wanted) if wanted in {show.value for show in Show} else Show.ALL


def _rows_wanted(request: HttpRequest) -> int:
    wanted = request.GET.get("rows", "")
    return min(max(int(wanted), PAGE_ROWS), MOST_ROWS - 1) if wanted.isdecimal() else PAGE_ROWS
