"""Remote nodes: the region at a glance, one node with its check, and the form that adds or changes one."""

from __future__ import annotations

import uuid

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.privileges import Privilege
from common.errors import InvalidInput, ServiceError
from integrations.dicom.models import ApplicationEntity, NodeCheck
from integrations.dicom.nodes import services
from integrations.dicom.nodes.check import ask_check
from integrations.dicom.nodes.selectors import visible_checks, visible_nodes
from integrations.dicom.nodes.validation import cleaned
from portal.gate import opened_by
from portal.listing import page_of
from portal.nodes.forms import NodeForm, blank_form, form_of, typed_form, values_of
from portal.nodes.gathering import (
    CHECKS_SHOWN,
    failures_of,
    queue_of,
    roles_in_words,
    rows_of,
    shown_check,
    throughput_of,
    tiles_of,
)
from portal.nodes.notices import notices_of
from portal.nodes.words import health_of, is_left_alone
from portal.shell.person import person_of
from portal.shell.posted import in_address
from portal.site_forms import with_the_rest

managing = opened_by(Privilege.MANAGE_NODES)


@managing
@require_safe
def nodes(request: HttpRequest) -> HttpResponse:
    """The region's hospitals with their nodes, and every node with health, last check and traffic."""
    found = visible_nodes(person_of(request))
    text = in_address(request, "text", most=60)
    if text:
        found = found.filter(ae_title__icontains=text) | found.filter(description__icontains=text)
    page = page_of(request, found)
    rows = rows_of(page.rows)
    context = {"page": page, "rows": rows, "tiles": tiles_of(rows), "text": text}
    return render(request, "portal/nodes/nodes.html", context)


@managing
@require_safe
def node(request: HttpRequest, pk: int) -> HttpResponse:
    """One node: how it is reached, how it does, its checks, its queue, its last errors and its throughput."""
    found = _node(request, pk)
    checks = list(found.checks.select_related("asked_by").order_by("-id")[:CHECKS_SHOWN])
    context = {
        "node": found,
        "health": health_of(found),
        "record": getattr(found, "health", None),
        "is_left_alone": is_left_alone(found),
        "roles": roles_in_words(found),
        "shown": shown_check(checks[0]) if checks else None,
        "earlier": [shown_check(check) for check in checks[1:]],
        "queue": queue_of(found),
        "failures": failures_of(found),
        "notices": notices_of(found),
        "sent": throughput_of(found, "out"),
        "received": throughput_of(found, "in"),
    }
    return render(request, "portal/nodes/node.html", context)


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Add a node, and check it at once."""
    person = person_of(request)
    if request.method != "POST":
        return _form(request, blank_form(person), None)
    form = typed_form(request.POST, person)
    try:
        made = services.create_node(actor=person, site=form.site, values=values_of(form))
    except InvalidInput as refusal:
        return _form(request, form.refuse(with_the_rest(refusal, lambda: cleaned(values_of(form)))), None)
    told.success(request, _("%(title)s was added.") % {"title": made.ae_title})
    if made.host and made.is_enabled:
        ask_check(made, actor=person)
    return redirect("node", pk=made.pk)


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a node; its site stays."""
    person, found = person_of(request), _node(request, pk)
    if request.method != "POST":
        return _form(request, form_of(found, person), found)
    form = typed_form(request.POST, person)
    form.values["site"] = found.site.code
    try:
        services.update_node(found, actor=person, changes=values_of(form))
    except InvalidInput as refusal:
        return _form(request, form.refuse(refusal), found)
    told.success(request, _("The changes hold from the next association on."))
    return redirect("node", pk=pk)


@managing
@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch a node on or off."""
    found, person = _node(request, pk), person_of(request)
    if "on" in request.POST:
        services.enable_node(found, actor=person)
    else:
        services.disable_node(found, actor=person)
    return redirect("node", pk=pk)


@managing
@require_POST
def try_now(request: HttpRequest, pk: int) -> HttpResponse:
    """End the rest of a node that is left alone."""
    services.try_node_now(_node(request, pk), actor=person_of(request))
    told.success(request, _("Whoever calls the node next tries it."))
    return redirect("node", pk=pk)


@managing
@require_POST
def start_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a check, with a test image stored if the box is ticked."""
    try:
        asked = ask_check(_node(request, pk), actor=person_of(request), stores="stores" in request.POST)
    except ServiceError as refusal:
        told.error(request, refusal.message)
        return redirect("node", pk=pk)
    return _check_part(request, asked) if request.htmx else redirect("node", pk=pk)  # type: ignore[attr-defined]


@managing
@require_safe
def check(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """One check as far as it has got; the page asks again while it runs."""
    visible = visible_checks(person_of(request)).select_related("node", "asked_by")
    return _check_part(request, get_object_or_404(visible, uid=uid))


def _check_part(request: HttpRequest, found: NodeCheck) -> HttpResponse:
    node = visible_nodes(person_of(request)).get(pk=found.node_id)
    context = {"shown": shown_check(found), "node": node, "health": health_of(node)}
    return render(request, "portal/nodes/_check.html", context)


def _node(request: HttpRequest, pk: int) -> ApplicationEntity:
    return get_object_or_404(visible_nodes(person_of(request)), pk=pk)


def _form(request: HttpRequest, form: NodeForm, found: ApplicationEntity | None) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "portal/nodes/form.html", {"form": form, "node": found}, status=status)
