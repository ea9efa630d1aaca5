"""States of messages in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.cases.words import Word

MESSAGE: dict[str, Word] = {
    "accepted": Word(_("Accepted"), "circle-check", "ok"),
    "rejected": Word(_("Refused"), "circle-x", "critical"),
    "failed": Word(_("Failed"), "octagon-alert", "critical"),
    "queued": Word(_("Waiting"), "hourglass", "warning"),
    "acknowledged": Word(_("Acknowledged"), "check-check", "ok"),
}
DIRECTION: dict[str, Word] = {
    "inbound": Word(_("Received"), "arrow-down"),
    "outbound": Word(_("Sent"), "arrow-up"),
}
INCIDENT_OPEN = Word(_("Open"), "octagon-alert", "critical")
INCIDENT_RESOLVED = Word(_("Resolved"), "circle-check", "ok")
