"""Routing at a glance: the tables, and the destinations with what is on its way to them."""

from __future__ import annotations

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role, Site
from accounts.privileges import GRANTED, Privilege
from common.errors import ServiceError
from integrations.routing.selectors import (
    dead_letters,
    decisions_to_mend,
    sites_managed,
    visible_destinations,
)
from integrations.routing.services import create_table, update_destination
from portal.acting import act
from portal.gate import opened_by
from portal.routing.gathering import destination_rows, table_rows
from portal.shell.person import person_of, standing_of


@opened_by(Privilege.MANAGE_ROUTING)
@require_safe
def tables(request: HttpRequest) -> HttpResponse:
    """The routing tables of the sites where the person manages routing, and the region's."""
    person = person_of(request)
    rows = table_rows(person)
    with_table = {row.table.site_id for row in rows}
    context = {
        "rows": rows,
        "dead": dead_letters(person).count(),
        "to_mend": decisions_to_mend(person).count(),
        "without": [site for site in _sites(request) if site.pk not in with_table],
    }
    return render(request, "portal/routing/tables.html", context)


def _sites(request: HttpRequest) -> list[Site]:
    """The sites whose routing the person manages, as every page knows the person's standing."""
    held = standing_of(request).memberships
    sites = {one.site_id: one.site for one in held if Privilege.MANAGE_ROUTING in GRANTED[Role(one.role)]}
    return list(sites.values())


@opened_by(Privilege.MANAGE_ROUTING)
@require_POST
def add_table(request: HttpRequest) -> HttpResponse:
    """Give a site a table of its own, which begins as the table a region starts with."""
    person = person_of(request)
    site = get_object_or_404(sites_managed(person), code=request.POST.get("site", "").replace("\0", ""))
    try:
        table = create_table(key=slugify(site.code), name=site.name, site=site, actor=person)
    except ServiceError as refusal:
        told.error(request, refusal.message)
        return redirect("routing")
    return redirect("routing-table", key=table.key)


@opened_by(Privilege.MANAGE_ROUTING)
@require_safe
def destinations(request: HttpRequest) -> HttpResponse:
    """Where series can go, what waits for each, and what was given up."""
    return render(request, "portal/routing/destinations.html", {"rows": destination_rows(person_of(request))})


@opened_by(Privilege.MANAGE_ROUTING)
@require_POST
def switch(request: HttpRequest, key: str) -> HttpResponse:
    """Switch a destination on or off. What waits for one that is off stays queued."""
    person = person_of(request)
    destination = get_object_or_404(visible_destinations(person), key=key)
    is_on = "on" in request.POST
    return act(
        request,
        lambda: update_destination(destination, actor=person, is_enabled=is_on),
        _("%(name)s was changed.") % {"name": destination.name},
        "routing-destinations",
    )
