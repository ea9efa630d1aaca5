"""From a draft to a table in force: what would change, publishing, and going back."""

from __future__ import annotations

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.privileges import Privilege
from common.errors import ServiceError
from integrations.routing.services import discard_draft, publish_table, revert, what_if
from portal.gate import opened_by
from portal.routing.drafting import draft_of, table_of
from portal.routing.gathering import changes_of, shifts_of
from portal.shell.person import person_of

DAYS = (1, 7, 30, 90)
LISTED = 100


@opened_by(Privilege.MANAGE_ROUTING)
@require_POST
def try_out(request: HttpRequest, key: str) -> HttpResponse:
    """What the draft would have done with the series of the last days, beside what was done. Nothing is sent."""
    table = table_of(request, key)
    draft = draft_of(table)
    if draft is None:
        return render(request, "portal/routing/_trial.html", {"is_without_draft": True})
    try:
        trial = what_if(draft.xml, site=table.site, days=_days(request), actor=person_of(request))
    except ServiceError as refusal:
        return render(request, "portal/routing/_trial.html", {"refusal": refusal.message})
    context = {
        "trial": trial,
        "days": _days(request),
        "shifts": shifts_of(trial),
        "listed": changes_of(trial.differences[:LISTED]),
        "unlisted": max(trial.different - LISTED, 0),
    }
    return render(request, "portal/routing/_trial.html", context)


@opened_by(Privilege.MANAGE_ROUTING)
@require_POST
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """Put the draft in force."""
    table = table_of(request, key)
    draft = draft_of(table)
    if draft is None:
        told.error(request, _("There is no draft to publish."))
        return redirect("routing-table", key=key)
    note = request.POST.get("note", "").replace("\0", "").strip()[:200]
    try:
        published = publish_table(draft, actor=person_of(request), note=note)
    except ServiceError as refusal:
        told.error(request, refusal.message)
    else:
        told.success(request, _("Version %(number)s is in force.") % {"number": published.number})
    return redirect("routing-table", key=key)


@opened_by(Privilege.MANAGE_ROUTING)
@require_POST
def discard(request: HttpRequest, key: str) -> HttpResponse:
    """Throw the draft away: the table in force stays."""
    draft = draft_of(table_of(request, key))
    try:
        if draft is not None:
            discard_draft(draft, actor=person_of(request))
    except ServiceError as refusal:
        told.error(request, refusal.message)
    return redirect("routing-table", key=key)


@opened_by(Privilege.MANAGE_ROUTING)
@require_POST
def put_back(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Put what an earlier version said in force again, as a new version."""
    version = get_object_or_404(table_of(request, key).versions.select_related("table__site"), number=number)
    try:
        published = revert(version, actor=person_of(request))
    except ServiceError as refusal:
        told.error(request, refusal.message)
    else:
        told.success(
            request,
            _("Version %(number)s is in force. It says what version %(old)s said.")
            % {"number": published.number, "old": number},
        )
    return redirect("routing-table", key=key)


def _days(request: HttpRequest) -> int:
    text = request.POST.get("days", "")
    return int(text) if text in {str(days) for days in DAYS} else 7
