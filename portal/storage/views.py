"""Storage: volumes and what they hold, rules, moves, findings, quotas, legal holds and deletion."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Site
from accounts.privileges import Privilege
from archive.lifecycle import services
from archive.lifecycle.access import managed_sites, visible_holds
from archive.lifecycle.cataloguing import catalogue_state
from archive.lifecycle.deletion import delete_study, undo_deletion
from archive.lifecycle.holds import place_hold, release_hold
from archive.lifecycle.models import PlacementRule, RetentionRule, ScrubFinding
from archive.lifecycle.quotas import lift_quota, set_quota
from archive.lifecycle.selectors import (
    can_be_undone,
    clusters,
    copies_in_work,
    deletions,
    findings,
    scrub_state,
)
from archive.storage.models import Tier
from common.errors import InvalidInput, ServiceError
from portal.gate import opened_by
from portal.listing import page_of
from portal.shell.person import person_of
from portal.storage.forms import (
    GIGABYTE,
    placement_values,
    retention_values,
    volume_values,
    whole_number,
)
from portal.storage.gathering import DeletionRow, copy_rows, finding_rows, quota_rows, site_rows, volume_rows
from portal.storage.words import COPY, FINDING, TIER, problem_in_words, refusal_in_words

managing = opened_by(Privilege.MANAGE_STORAGE)


@managing
@require_safe
def storage(request: HttpRequest) -> HttpResponse:
    """Volumes by tier, what lies on them and how it grows, the state of scrubbing, and the clusters behind them."""
    found = [(state, problem_in_words(state.trouble)) for state in clusters()]
    context = {
        "rows": volume_rows(),
        "scrub": scrub_state(),
        "catalogue": catalogue_state(),
        "sites": site_rows(),
        "clusters": found,
        "tiers": TIER.items(),
        "in_work": copies_in_work().count(),
    }
    return render(request, "portal/storage/storage.html", context)


@managing
@require_POST
def add_volume(request: HttpRequest) -> HttpResponse:
    """Make a volume known, after asking whether it answers."""
    return _act(
        request,
        lambda: services.add_volume(actor=person_of(request), **volume_values(request.POST)),
        _("The volume was added; the rules may use it from now on."),
        "storage",
    )


@managing
@require_POST
def set_volume_state(request: HttpRequest, name: str) -> HttpResponse:
    """Take a volume in or out of use."""
    state = request.POST.get("state", "")
    return _act(
        request,
        lambda: services.set_volume_state(name, state, actor=person_of(request)),
        _("Saved: the rules are applied anew."),
        "storage",
    )


@managing
@require_POST
def scrub_volume(request: HttpRequest, name: str) -> HttpResponse:
    """Have every copy on a volume read again."""
    return _act(
        request,
        lambda: services.scrub_now(name, actor=person_of(request)),
        _("Every copy on this volume is read again, at the pace that is set."),
        "storage",
    )


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """The rules of placement and of retention, in the order they are tried; a form adds one of either."""
    refusal: InvalidInput | None = None
    kind = request.POST.get("kind", "")
    if request.method == "POST":
        try:
            if kind == "retention":
                services.save_retention_rule(actor=person_of(request), **retention_values(request.POST))
            else:
                services.save_placement_rule(actor=person_of(request), **placement_values(request.POST))
        except InvalidInput as error:
            refusal = error
        else:
            told.success(request, _("The rule holds from now on."))
            return redirect("storage-rules")
    context = {
        "placement": PlacementRule.objects.select_related("site"),
        "retention": RetentionRule.objects.select_related("site"),
        "sites": Site.objects.order_by("code"),
        "tiers": Tier.choices,
        "refusal": refusal_in_words(refusal) if refusal else "",
        "refused": kind if refusal else "",
        "typed": request.POST if refusal else {},
    }
    return render(request, "portal/storage/rules.html", context, status=422 if refusal else 200)


@managing
@require_POST
def remove_rule(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Remove a rule; nothing moves or goes before the next look."""
    table: type[PlacementRule | RetentionRule] = RetentionRule if kind == "retention" else PlacementRule
    return _act(
        request,
        lambda: services.remove_rule(table, pk, actor=person_of(request)),
        _("The rule was removed."),
        "storage-rules",
    )


@managing
@require_safe
def moves(request: HttpRequest) -> HttpResponse:
    """Copies that are being made, repaired or removed."""
    state = request.GET.get("state", "")
    page = page_of(request, copies_in_work(state=state))
    context = {"page": page, "rows": copy_rows(page.rows), "state": state, "states": COPY.items()}
    context["tiers"] = TIER.items()
    return render(request, "portal/storage/moves.html", context)


@managing
@require_POST
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a copy that failed tried again at once."""
    return _act(
        request,
        lambda: services.try_again(pk, actor=person_of(request)),
        _("It is tried again at once."),
        "storage-moves",
    )


@managing
@require_POST
def move_study(request: HttpRequest) -> HttpResponse:
    """Have a study on a tier whatever the rules say; without a tier, leave it to the rules again."""
    uid, tier = request.POST.get("study", "").strip(), request.POST.get("tier", "")
    if not tier:
        return _act(
            request,
            lambda: services.leave_tier_to_rules(uid, actor=person_of(request)),
            _("The rules decide on the study again."),
            "storage-moves",
        )
    return _act(
        request,
        lambda: services.choose_tier(uid, tier=tier, actor=person_of(request)),
        _("The study moves; it stays readable all the while."),
        "storage-moves",
    )


@managing
@require_safe
def scrub_findings(request: HttpRequest) -> HttpResponse:
    """Bytes that were not what was stored, and what became of them."""
    state = request.GET.get("state", "")
    page = page_of(request, findings(state=state))
    context = {
        "page": page,
        "rows": finding_rows(page.rows),
        "state": state,
        "states": [(value, FINDING[value]) for value in ScrubFinding.State.values],
        "scrub": scrub_state(),
    }
    return render(request, "portal/storage/findings.html", context)


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def quotas(request: HttpRequest) -> HttpResponse:
    """What the sites may store and what they do; a number in gigabytes sets a quota, an empty one lifts it."""
    person = person_of(request)
    if request.method == "POST":
        site = get_object_or_404(managed_sites(person), code=request.POST.get("site", ""))
        gigabytes = request.POST.get("gigabytes", "").strip()
        return _act(
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
    uid, reason = request.POST.get("study", "").strip(), request.POST.get("reason", "")
    return _act(
        request,
        lambda: place_hold(uid, reason=reason, actor=person_of(request)),
        _("The study is held: nothing deletes it until the hold is released."),
        "storage-holds",
    )


@managing
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Release a hold."""
    return _act(
        request,
        lambda: release_hold(pk, actor=person_of(request)),
        _("The hold is released: rules and people may delete the study again."),
        "storage-holds",
    )


@managing
@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    """Delete a study; within the undo period it can be brought back."""
    uid, reason = request.POST.get("study", "").strip(), request.POST.get("reason", "")
    return _act(
        request,
        lambda: delete_study(uid, reason=reason, actor=person_of(request)),
        _("The study is out of sight; its bytes go when the undo period is over."),
        "storage-holds",
    )


@managing
@require_POST
def undo(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Bring back a deleted study."""
    return _act(
        request,
        lambda: undo_deletion(uid, actor=person_of(request)),
        _("The study is back."),
        "storage-holds",
    )


def _act(request: HttpRequest, act: Callable[[], Any], sentence: str, back: str) -> HttpResponse:
    """Do it and say so, or say why not; back to the page either way."""
    try:
        act()
    except ServiceError as refusal:
        told.error(request, refusal_in_words(refusal))
    else:
        told.success(request, sentence)
    return redirect(back)
