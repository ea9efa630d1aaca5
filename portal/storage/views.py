"""Storage: volumes and what they hold, rules, moves and findings."""

from __future__ import annotations

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Site
from archive.lifecycle import services
from archive.lifecycle.cataloguing import catalogue_state
from archive.lifecycle.models import PlacementRule, RetentionRule, ScrubFinding
from archive.lifecycle.selectors import (
    clusters,
    copies_in_work,
    findings,
    scrub_state,
)
from archive.storage.models import Tier
from common.errors import InvalidInput
from portal.listing import page_of
from portal.shell.person import person_of
from portal.shell.posted import typed
from portal.storage.acting import act, managing
from portal.storage.forms import (
    placement_values,
    retention_values,
    volume_values,
)
from portal.storage.gathering import copy_rows, finding_rows, site_rows, volume_rows
from portal.storage.words import COPY, FINDING, TIER, problem_in_words, refusal_in_words


@managing
@require_safe
def storage(request: HttpRequest) -> HttpResponse:
    """Volumes by tier, what lies on them and how it grows, the state of scrubbing, and the clusters behind them."""
    found = [(state, problem_in_words(state.trouble)) for state in clusters()]
    rows = volume_rows()
    context = {
        "rows": rows,
        "counted_at": max((row.usage.counted_at for row in rows if row.usage.counted_at), default=None),
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
    return act(
        request,
        lambda: services.add_volume(actor=person_of(request), **volume_values(request.POST)),
        _("The volume was added; the rules may use it from now on."),
        "storage",
    )


@managing
@require_POST
def set_volume_state(request: HttpRequest, name: str) -> HttpResponse:
    """Take a volume in or out of use."""
    state = typed(request, "state")
    return act(
        request,
        lambda: services.set_volume_state(name, state, actor=person_of(request)),
        _("Saved: the rules are applied anew."),
        "storage",
    )


@managing
@require_POST
def scrub_volume(request: HttpRequest, name: str) -> HttpResponse:
    """Have every copy on a volume read again."""
    return act(
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
    return act(
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
    return act(
        request,
        lambda: services.try_again(pk, actor=person_of(request)),
        _("It is tried again at once."),
        "storage-moves",
    )


@managing
@require_POST
def move_study(request: HttpRequest) -> HttpResponse:
    """Have a study on a tier whatever the rules say; without a tier, leave it to the rules again."""
    uid, tier = typed(request, "study").strip(), typed(request, "tier")
    if not tier:
        return act(
            request,
            lambda: services.leave_tier_to_rules(uid, actor=person_of(request)),
            _("The rules decide on the study again."),
            "storage-moves",
        )
    return act(
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
