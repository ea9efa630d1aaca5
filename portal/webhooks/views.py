"""Webhooks: who elsewhere is told of cases and tasks, one receiver with what it was told, and the form."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.privileges import Privilege
from common.errors import InvalidInput, ServiceError
from integrations.webhooks import services
from integrations.webhooks.models import Webhook
from integrations.webhooks.selectors import managed_webhooks
from integrations.webhooks.signing import secret_of
from portal.gate import opened_by
from portal.listing import page_of
from portal.shell.person import person_of, standing_of
from portal.site_forms import with_the_rest
from portal.webhooks.forms import WebhookForm, blank_form, form_of, typed_form
from portal.webhooks.gathering import STATES, delivery_rows, failed_count, is_moving, row_of, with_last
from portal.webhooks.words import is_left_alone

managing = opened_by(Privilege.MANAGE_WEBHOOKS)
SHOWS_SECRET_OF = "webhook_made"  # noqa: S105 - the name under which a session keeps whose secret is shown next
DELIVERIES_SHOWN = 20


@managing
@require_safe
def webhooks(request: HttpRequest) -> HttpResponse:
    """The webhooks of the person's sites, newest first, with how each does."""
    page = page_of(request, with_last(managed_webhooks(person_of(request))))
    context = {
        "page": page,
        "rows": [row_of(one) for one in page.rows],
        "sees_messages": Privilege.VIEW_MESSAGES in standing_of(request).privileges,
    }
    return render(request, "portal/webhooks/webhooks.html", context)


@managing
@never_cache
@require_GET
def webhook(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """One webhook and what it was told. Its secret is shown to who made it, once: a reload is without it."""
    found = found_webhook(request, uid)
    is_shown = request.session.pop(SHOWS_SECRET_OF, "") == str(found.uid)
    context = {
        "row": row_of(found),
        "webhook": found,
        "is_left_alone": is_left_alone(found),
        "secret": secret_of(found) if is_shown else "",
        **_listing(request, found),
    }
    return render(request, "portal/webhooks/webhook.html", context)


@managing
@require_safe
def deliveries(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """The part of the page that lists deliveries, asked for again while one is on its way."""
    found = found_webhook(request, uid)
    context = {"webhook": found, "row": row_of(found), "is_part": True, **_listing(request, found)}
    return render(request, "portal/webhooks/_deliveries.html", context)


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Have an address told of a site's cases and tasks."""
    person = person_of(request)
    if request.method != "POST":
        return _form(request, blank_form(person))
    form = typed_form(request.POST, person)
    try:
        made = services.create_webhook(form.site, actor=person, **form.facts)
    except InvalidInput as refusal:
        return _form(request, form.refuse(with_the_rest(refusal, lambda: services.cleaned(form.facts))))
    except ServiceError as refusal:
        return _form(request, form.refuse(refusal))
    request.session[SHOWS_SECRET_OF] = str(made.uid)
    told.success(request, _("%(name)s is told from now on.") % {"name": made.name})
    return redirect("webhook", uid=made.uid)


@managing
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Change what a receiver is called, where it is and what it is told; its site stays."""
    person, found = person_of(request), found_webhook(request, uid)
    if request.method != "POST":
        return _form(request, form_of(found, person), found)
    form = typed_form(request.POST, person)
    form.values["site"] = found.site.code
    try:
        services.update_webhook(found, actor=person, **form.facts)
    except ServiceError as refusal:
        return _form(request, form.refuse(refusal), found)
    told.success(request, _("The changes hold from the next news on."))
    return redirect("webhook", uid=uid)


def found_webhook(request: HttpRequest, uid: uuid.UUID) -> Webhook:
    """A webhook the person manages; 404 for any other."""
    return get_object_or_404(with_last(managed_webhooks(person_of(request))), uid=uid)


def _listing(request: HttpRequest, found: Webhook) -> dict[str, Any]:
    wanted = request.GET.get("state", "")
    state = wanted if wanted in STATES else "all"
    page = page_of(request, found.deliveries.filter(STATES[state]).defer("payload"), rows=DELIVERIES_SHOWN)
    query = request.GET.urlencode()
    return {
        "page": page,
        "rows": delivery_rows(page.rows),
        "shown_state": state,
        "failed": failed_count(found),
        "is_moving": is_moving(page.rows),
        "part_address": reverse("webhook-deliveries", args=[found.uid]) + (f"?{query}" if query else ""),
    }


def _form(request: HttpRequest, form: WebhookForm, found: Webhook | None = None) -> HttpResponse:
    context = {"form": form, "webhook": found}
    return render(request, "portal/webhooks/form.html", context, status=422 if form.errors else 200)
