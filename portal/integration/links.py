"""HL7 links: the list, and the form that adds or changes one, with a trial of the connection."""

from __future__ import annotations

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.privileges import Privilege, sites_where
from common.errors import Conflict, InvalidInput
from integrations.hl7 import links as services
from integrations.hl7.link_values import cleaned
from integrations.hl7.models import Link
from integrations.hl7.selectors import visible_links
from portal.gate import opened_by
from portal.integration.link_forms import LinkForm, blank_form, form_of, typed_form
from portal.integration.words import DIRECTION
from portal.nodes.words import FAILURE, word_of
from portal.shell.person import person_of
from portal.site_forms import with_the_rest

LISTED = 200
managing = opened_by(Privilege.MANAGE_NODES)


@opened_by(Privilege.VIEW_MESSAGES)
@require_safe
def links(request: HttpRequest) -> HttpResponse:
    """Every link, by name; those who manage a site's nodes change its links."""
    person = person_of(request)
    managed = set(sites_where(person, Privilege.MANAGE_NODES).values_list("pk", flat=True))
    rows = [
        (link, DIRECTION[link.direction], link.site_id in managed)
        for link in visible_links(person).order_by("name")[:LISTED]
    ]
    return render(request, "portal/integration/links.html", {"rows": rows, "may_add": bool(managed)})


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Add a link."""
    person = person_of(request)
    if request.method != "POST":
        return _form(request, blank_form(person), None)
    form = typed_form(request.POST, person)
    values = {"name": form.values["name"], "direction": form.values["direction"], **form.facts}
    try:
        made = services.create_link(actor=person, site=form.site, values=values)
    except InvalidInput as refusal:
        return _form(request, form.refuse(with_the_rest(refusal, lambda: cleaned(values, is_new=True))), None)
    told.success(request, _("%(title)s was added.") % {"title": made.name})
    return redirect("links")


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, name: str) -> HttpResponse:
    """Change a link; its name, direction and site stay."""
    person, found = person_of(request), _link(request, name)
    if request.method != "POST":
        return _form(request, form_of(found, person), found)
    form = typed_form(request.POST, person)
    form.values |= {"name": found.name, "direction": found.direction, "site": found.site.code}
    try:
        services.update_link(found, actor=person, changes=form.facts)
    except InvalidInput as refusal:
        return _form(request, form.refuse(refusal), found)
    told.success(request, _("The changes hold from the next message on."))
    return redirect("links")


@managing
@require_POST
def try_now(request: HttpRequest, name: str) -> HttpResponse:
    """Connect to the partner, and say what came of it."""
    found = _link(request, name)
    try:
        trial = services.try_link(found, actor=person_of(request))
    except Conflict as refusal:
        told.error(request, refusal.message)
        return redirect("change-link", name=name)
    if trial.error_code:
        told.error(request, word_of(FAILURE, trial.error_code))
    else:
        sentence = _(
            "The partner took the connection within %(ms)s ms. What it says to messages shows with the first."
        )
        told.success(request, sentence % {"ms": trial.milliseconds})
    return redirect("change-link", name=name)


def _link(request: HttpRequest, name: str) -> Link:
    person = person_of(request)
    managed = visible_links(person).filter(site__in=sites_where(person, Privilege.MANAGE_NODES))
    return get_object_or_404(managed, name=name)


def _form(request: HttpRequest, form: LinkForm, found: Link | None) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "portal/integration/link.html", {"form": form, "link": found}, status=status)
