"""Quotas, legal holds, and deletion with what can still be undone."""

from __future__ import annotations

import uuid
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Person
from archive.lifecycle.access import managed_sites, visible_holds
from archive.lifecycle.deletion import delete_study, undo_deletion
from archive.lifecycle.holds import place_hold, release_hold
from archive.lifecycle.quotas import lift_quota, set_quota
from archive.lifecycle.selectors import can_be_undone, deletions
from portal.listing import page_of
from portal.shell.person import person_of
from portal.shell.posted import typed
from portal.storage.acting import act, managing
from portal.storage.forms import GIGABYTE, whole_number
from portal.storage.gathering import DeletionRow, quota_rows


class Deed(Protocol):
    """What somebody does to a study and gives a reason for."""

    def __call__(self, study_instance_uid: str, /, *, reason: str, actor: Person) -> Any: ...


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def quotas(request: HttpRequest) -> HttpResponse:
    """What the sites may store and what they do; a number in gigabytes sets a quota, an empty one lifts it."""
    person = person_of(request)
    if request.method == "POST":
        site = get_object_or_404(managed_sites(person), code=typed(request, "site"))
        gigabytes = typed(request, "gigabytes").strip()
        return act(
            request,
            (lambda: lift_quota(site, actor=person))
            if not gigabytes
            else (
                lambda: set_quota(
                    site, limit_bytes=whole_number(gigabytes, "gigabytes") * GIGABYTE, actor=person
                )
            ),
            _("Saved."),
            "storage-quotas",
        )
    return render(request, "portal/storage/quotas.html", {"rows": quota_rows(person)})


@managing
@require_safe
def holds(request: HttpRequest) -> HttpResponse:
    """Legal holds, and studies that were deleted, with what can still be undone."""
    person = person_of(request)
    page = page_of(request, visible_holds(person).select_related("site", "placed_by", "released_by"))
    gone = [
        DeletionRow(correction, can_be_undone(correction))
        for correction in deletions(person).order_by("-pk")[:50]
    ]
    context = {"page": page, "rows": page.rows, "deletions": gone, "uid": request.GET.get("study", "")[:64]}
    return render(request, "portal/storage/holds.html", context)


@managing
@require_POST
def hold(request: HttpRequest) -> HttpResponse:
    """Hold a study."""
    said = _("The study is held: nothing deletes it until the hold is released.")
    return _with_a_reason(request, place_hold, said)


@managing
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Release a hold."""
    return act(
        request,
        lambda: release_hold(pk, actor=person_of(request)),
        _("The hold is released: rules and people may delete the study again."),
        "storage-holds",
    )


@managing
@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    """Delete a study; within the undo period it can be brought back."""
    said = _("The study is out of sight; its bytes go when the undo period is over.")
    return _with_a_reason(request, delete_study, said)


@managing
@require_POST
def undo(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Bring back a deleted study."""
    return act(
        request,
        lambda: undo_deletion(uid, actor=person_of(request)),
        _("The study is back."),
        "storage-holds",
    )


def _with_a_reason(request: HttpRequest, deed: Deed, sentence: str) -> HttpResponse:
    """Do to the study of the form what is done for the reason of the form."""
    uid, reason = typed(request, "study").strip(), typed(request, "reason")
    return act(request, lambda: deed(uid, reason=reason, actor=person_of(request)), sentence, "storage-holds")
