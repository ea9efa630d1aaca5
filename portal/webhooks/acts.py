"""The buttons of a webhook's page: each acts, says so or says why not, and goes back to the page."""

from __future__ import annotations

import uuid

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from common.errors import Conflict
from integrations.webhooks import services
from integrations.webhooks.by_hand import resend_failed, send_ping
from integrations.webhooks.delivery import replay
from integrations.webhooks.models import Webhook
from portal.acting import act
from portal.shell.person import person_of
from portal.shell.posted import typed_uuid
from portal.webhooks.views import SHOWS_SECRET_OF, found_webhook, managing


@managing
@require_POST
def switch(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Pause a webhook, or let it go on; what was queued before the pause is sent after it."""
    is_on = "on" in request.POST
    services.update_webhook(found_webhook(request, uid), actor=person_of(request), is_enabled=is_on)
    told.success(
        request, _("The receiver is told again.") if is_on else _("The receiver is told nothing for now.")
    )
    return redirect("webhook", uid=uid)


@managing
@require_POST
def ping(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Send a test."""
    found = found_webhook(request, uid)
    sentence = _("A test is on its way; the list shows what the receiver answers.")
    return act(request, lambda: send_ping(found, actor=person_of(request)), sentence, "webhook", uid=uid)


@managing
@require_POST
def change_secret(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Give the webhook another secret, which the next page shows once."""
    services.change_secret(found_webhook(request, uid), actor=person_of(request))
    request.session[SHOWS_SECRET_OF] = str(uid)
    return redirect("webhook", uid=uid)


@managing
@require_POST
def resend(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Send a delivery once more, or all that were given up."""
    found = found_webhook(request, uid)
    if "all" in request.POST:
        _resend_all(request, found)
    else:
        _resend_one(request, found)
    return redirect("webhook", uid=uid)


@managing
@require_POST
def delete(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Tell the address nothing any more, and forget what it was told."""
    found = found_webhook(request, uid)
    services.delete_webhook(found, actor=person_of(request))
    told.success(request, _("%(name)s is told nothing any more.") % {"name": found.name})
    return redirect("webhooks")


def _resend_all(request: HttpRequest, found: Webhook) -> None:
    count = resend_failed(found, actor=person_of(request))
    if not count:
        told.warning(request, _("Nothing was given up."))
        return
    sentence = ngettext("%(count)s delivery is sent again.", "%(count)s deliveries are sent again.", count)
    told.success(request, sentence % {"count": count})


def _resend_one(request: HttpRequest, found: Webhook) -> None:
    uid = typed_uuid(request, "delivery")
    named = found.deliveries.none() if uid is None else found.deliveries.filter(uid=uid)
    try:
        replay(get_object_or_404(named), actor=person_of(request))
    except Conflict:
        told.error(request, _("This delivery is on its way already."))
    else:
        told.success(request, _("It is sent again, under the id it had."))
