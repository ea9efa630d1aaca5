"""HL7 links, each with the script that maps its messages."""

from __future__ import annotations

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.privileges import Privilege, sites_where
from common.errors import ServiceError
from integrations.hl7.links import set_mapping_script
from integrations.hl7.selectors import visible_links
from portal.gate import opened_by
from portal.integration.words import DIRECTION
from portal.shell.person import person_of

LISTED = 200


@opened_by(Privilege.VIEW_MESSAGES)
@require_safe
def links(request: HttpRequest) -> HttpResponse:
    """Every link, by name; those who manage a site's nodes name the scripts of its links."""
    person = person_of(request)
    managed = set(sites_where(person, Privilege.MANAGE_NODES).values_list("pk", flat=True))
    rows = [
        (link, DIRECTION[link.direction], link.site_id in managed)
        for link in visible_links(person).order_by("name")[:LISTED]
    ]
    return render(request, "portal/integration/links.html", {"rows": rows})


@opened_by(Privilege.VIEW_MESSAGES)
@require_POST
def set_mapping(request: HttpRequest, name: str) -> HttpResponse:
    """Name the script of a link."""
    person = person_of(request)
    link = get_object_or_404(visible_links(person), name=name)
    try:
        changed = set_mapping_script(link, request.POST.get("mapping_script", "").strip(), actor=person)
    except ServiceError as refusal:
        told.error(request, refusal.message)
    else:
        told.success(request, _("The mapping of %(name)s is kept.") % {"name": changed.name})
    return redirect("links")
