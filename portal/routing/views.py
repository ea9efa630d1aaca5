"""Routing at a glance: the tables, and the destinations with what is on its way to them."""

from __future__ import annotations

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.privileges import Privilege
from common.errors import ServiceError
from integrations.routing.selectors import dead_letters, visible_destinations
from integrations.routing.services import update_destination
from portal.gate import opened_by
from portal.routing.gathering import destination_rows, table_rows
from portal.shell.person import person_of


@opened_by(Privilege.MANAGE_ROUTING)
@require_safe
def tables(request: HttpRequest) -> HttpResponse:
    """The routing tables of the sites where the person manages routing, and the region's."""
    person = person_of(request)
    context = {"rows": table_rows(person), "dead": dead_letters(person).count()}
    return render(request, "portal/routing/tables.html", context)


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
    try:
        update_destination(destination, actor=person, is_enabled="on" in request.POST)
    except ServiceError as refusal:
        told.error(request, refusal.message)
    else:
        told.success(request, _("%(name)s was changed.") % {"name": destination.name})
    return redirect("routing-destinations")
