"""States, events and reasons of webhooks in words, with the icon and tone that go with each."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common import clock
from integrations.webhooks.by_hand import PING
from integrations.webhooks.models import Webhook, WebhookDelivery
from portal.cases.words import Word

PAUSED = Word(_("Paused"), "pause")
FAILING = Word(_("Failing"), "alert-triangle", "critical")
ACTIVE = Word(_("Active"), "circle-check", "ok")
DELIVERY: dict[str, Word] = {
    "delivered": Word(_("Delivered"), "circle-check", "ok"),
    "failed": Word(_("Given up"), "circle-x", "critical"),
    "waiting": Word(_("Waiting"), "hourglass", "info"),
    "again": Word(_("Will be tried again"), "clock-alert", "warning"),
}
EVENT: dict[str, str | Promise] = {
    "CaseChanged": _("A case has moved"),
    "UserTaskOffered": _("A task waits for a person"),
    "UserTaskClosed": _("A task is done or was withdrawn"),
    PING: _("Test"),
}
_REASON: dict[str, str | Promise] = {
    "TIMED_OUT": _("The receiver did not answer in time."),
    "UNREACHABLE": _("The receiver could not be reached."),
    "NAME_UNKNOWN": _("The receiver's name leads nowhere."),
    "RECEIVER_NOT_ALLOWED": _("The receiver's address is not allowed here."),
}


def state_of(webhook: Webhook, *, has_failed_last: bool) -> Word:
    """Paused by a person; failing while the receiver does not answer or its last news was refused; else active."""
    if not webhook.is_enabled:
        return PAUSED
    return FAILING if webhook.failures or has_failed_last else ACTIVE


def is_left_alone(webhook: Webhook) -> bool:
    """Whether the receiver rests now because it did not take what it was sent."""
    rests = webhook.rests_until
    return webhook.is_enabled and rests is not None and rests > clock.now()


def delivery_state(delivery: WebhookDelivery) -> Word:
    if delivery.delivered_at:
        return DELIVERY["delivered"]
    if delivery.failed_at:
        return DELIVERY["failed"]
    return DELIVERY["again" if delivery.attempts and delivery.error_code else "waiting"]


def reason_of(delivery: WebhookDelivery) -> str:
    """Why the last attempt failed; "" for a delivery that got through or was not tried."""
    if delivery.delivered_at or not delivery.error_code:
        return ""
    if delivery.error_code.startswith("HTTP_"):
        return gettext("The receiver answered %(status)s.") % {
            "status": delivery.error_code.removeprefix("HTTP_")
        }
    return str(_REASON.get(delivery.error_code, delivery.error_code))
