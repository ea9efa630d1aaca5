"""Adding a destination of any kind, and changing one."""

from __future__ import annotations

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.privileges import Privilege
from common.errors import ServiceError
from integrations.routing.models import Destination
from integrations.routing.selectors import changeable_destinations
from integrations.routing.services import create_destination, update_destination
from portal.gate import opened_by
from portal.routing.destination_form import (
    DestinationForm,
    blank_form,
    facts_of,
    form_of,
    site_of,
    typed_form,
)
from portal.shell.person import person_of

managing = opened_by(Privilege.MANAGE_ROUTING)


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Add a destination. Another kind is picked within the form, so that nothing typed is lost."""
    person = person_of(request)
    if request.method != "POST":
        return _page(request, blank_form(_kind(request.GET.get("kind", "")), person))
    if "pick" in request.POST:
        return _page(request, typed_form(request.POST, person, kind=_kind(request.POST["pick"])))
    form = typed_form(request.POST, person, kind=_kind(request.POST.get("kind", "")))
    try:
        made = create_destination(
            key=form.values["key"].strip(), kind=form.kind, site=site_of(form), actor=person, **facts_of(form)
        )
    except ServiceError as refusal:
        return _page(request, form.refuse(refusal))
    told.success(
        request, _("%(name)s was added. Tables name it “%(key)s”.") % {"name": made.name, "key": made.key}
    )
    return redirect("routing-destinations")


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Change a destination; its key, its kind and its site stay, because tables and queues name them."""
    person = person_of(request)
    changeable = changeable_destinations(person).select_related("node__site", "site")
    found = get_object_or_404(changeable, key=key)
    if request.method != "POST":
        return _page(request, form_of(found, person), found)
    form = typed_form(request.POST, person, kind=found.kind, destination=found)
    try:
        update_destination(found, actor=person, **facts_of(form))
    except ServiceError as refusal:
        return _page(request, form.refuse(refusal), found)
    told.success(request, _("%(name)s was changed.") % {"name": form.values["name"]})
    return redirect("routing-destinations")


def _kind(text: str) -> str:
    return text if text in Destination.Kind.values else Destination.Kind.DIMSE


def _page(request: HttpRequest, form: DestinationForm, found: Destination | None = None) -> HttpResponse:
    context = {"form": form, "destination": found}
    return render(
        request, "portal/routing/destination_form.html", context, status=422 if form.errors else 200
    )
