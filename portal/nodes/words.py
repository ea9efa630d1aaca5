"""Health, grades and steps of nodes in words, with the icon and tone that go with each."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common import clock
from integrations.dicom.models import ApplicationEntity, NodeHealth, Notice
from portal.cases.words import Word

GRADE: dict[str, Word] = {
    "ok": Word(_("In order"), "circle-check", "ok"),
    "warning": Word(_("With reservations"), "alert-triangle", "warning"),
    "failed": Word(_("Failed"), "circle-x", "critical"),
    "skipped": Word(_("Not tried"), "minus"),
    "running": Word(_("Running"), "loader", "info"),
    "waiting": Word(_("Waiting"), "hourglass"),
}
CHECK: dict[str, Word] = {
    "queued": Word(_("Waits for a worker"), "hourglass", "info"),
    "running": Word(_("Running"), "loader", "info"),
    "lost": Word(_("Broken off"), "octagon-alert", "critical"),
}
STEP: dict[str, str | Promise] = {
    "tcp": _("Network connection"),
    "tls": _("TLS"),
    "association": _("Association"),
    "echo": _("Echo"),
    "contexts": _("Kinds of objects"),
    "find": _("Query"),
    "store": _("Storing"),
    "commitment": _("Storage commitment"),
}
_SWITCHED_OFF = Word(_("Switched off"), "ban")
_ONLY_CALLS = Word(_("Calls us only"), "arrow-down")
_NOT_CALLED = Word(_("Not called yet"), "circle-dashed")
_LEFT_ALONE = Word(_("Left alone"), "octagon-alert", "critical")
_FAILING = Word(_("Failing"), "alert-triangle", "warning")
_ANSWERS = Word(_("Answers"), "circle-check", "ok")
_DELIVERED = Word(_("Delivered"), "circle-check", "ok")
_GIVEN_UP = Word(_("Given up"), "circle-x", "critical")
_ON_ITS_WAY = Word(_("Being sent"), "loader", "info")
_TRIED_AGAIN = Word(_("Will be tried again"), "clock-alert", "warning")
_WAITING = Word(_("Waiting"), "hourglass", "info")
FAILURE: dict[str, str | Promise] = {
    "ABORTED": _("The peer dropped the connection."),
    "ASSOCIATION_LOST": _("The peer broke off in the middle."),
    "CALLED_AE_UNKNOWN": _("The peer does not go by this AE title."),
    "CALLING_AE_UNKNOWN": _("The peer does not know our AE title."),
    "CERTIFICATE_NOT_LISTED": _("The peer's certificate is not among those listed."),
    "CERTIFICATE_NOT_TRUSTED": _("The peer's certificate is not trusted."),
    "CONGESTED": _("The peer was busy."),
    "CONNECTION_REFUSED": _("Nothing listened at the peer's port."),
    "HOST_UNKNOWN": _("The peer's name was not known."),
    "NO_ANSWER": _("The peer did not answer in time."),
    "NO_CONTEXT_ACCEPTED": _("The peer took nothing of what was proposed."),
    "NO_REASON_GIVEN": _("The peer refused without a reason."),
    "TIMED_OUT": _("No connection in time."),
    "TLS_FAILED": _("No TLS came about."),
    "TOO_MANY_ASSOCIATIONS": _("The peer had no association to spare."),
    "UNREACHABLE": _("There was no way to the peer."),
}
PURPOSE: dict[str, str | Promise] = {
    "send": _("Sending"),
    "query": _("Query"),
    "retrieve": _("Retrieval"),
    "performed": _("Performed step"),
    "commitment": _("Storage commitment"),
    "availability": _("Availability notice"),
    "check": _("Check"),
}


def health_of(node: ApplicationEntity) -> Word:
    """How the node is doing, from what calls to it came to."""
    health: NodeHealth | None = getattr(node, "health", None)
    if not node.is_enabled:
        return _SWITCHED_OFF
    if not node.host:
        return _ONLY_CALLS
    if health is None or (health.last_ok_at is None and health.last_failed_at is None):
        return _NOT_CALLED
    if is_left_alone(node):
        return _LEFT_ALONE
    return _ANSWERS if health.is_well else _FAILING


def notice_state(notice: Notice) -> Word:
    """Where a notice stands on its way."""
    if notice.delivered_at is not None:
        return _DELIVERED
    if notice.failed_at is not None:
        return _GIVEN_UP
    if notice.lease_until is not None and notice.lease_until > clock.now():
        return _ON_ITS_WAY
    return _TRIED_AGAIN if notice.attempts else _WAITING


def is_left_alone(node: ApplicationEntity) -> bool:
    """Whether the node's breaker is open now."""
    health: NodeHealth | None = getattr(node, "health", None)
    return health is not None and health.open_until is not None and health.open_until > clock.now()


def word_of(words: dict[str, Any], key: str) -> Any:
    """The word for a key; an unknown key speaks for itself."""
    return words.get(key, key)
