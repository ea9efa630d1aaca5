"""States of routing in words, each with its icon and tone."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integrations.routing.models import Delivery, RoutingTableVersion
from portal.cases.words import Word
from workflows.decisions import HitPolicy

VERSION: dict[str, Word] = {
    RoutingTableVersion.State.DRAFT: Word(_("Draft"), "pen-line", "info"),
    RoutingTableVersion.State.PUBLISHED: Word(_("In force"), "circle-check", "ok"),
    RoutingTableVersion.State.RETIRED: Word(_("Retired"), "history"),
}
DELIVERY: dict[str, Word] = {
    Delivery.State.WAITING: Word(_("Waiting"), "hourglass", "info"),
    Delivery.State.SENDING: Word(_("Being sent"), "loader", "info"),
    Delivery.State.SENT: Word(_("Sent"), "circle-check", "ok"),
    Delivery.State.FAILED: Word(_("Will be tried again"), "clock-alert", "warning"),
    Delivery.State.DEAD: Word(_("Given up"), "circle-x", "critical"),
    Delivery.State.CANCELLED: Word(_("Withdrawn before it was sent"), "ban"),
}
ENABLED = Word(_("In use"), "circle-check", "ok")
BLOCKED = Word(_("Left alone for a while"), "clock-alert", "warning")
DISABLED = Word(_("Switched off"), "ban")
PROBLEM: Mapping[str, str | Promise] = {
    "BAD_COERCION": _("What the row wants to write into the objects cannot be written there."),
    "BAD_OUTPUT": _("What the row puts out is of the wrong kind."),
    "BAD_PRIORS": _("The row wants a number of earlier studies that there cannot be."),
    "COERCION_NOT_ALLOWED": _("The row wants to write what routing may not write."),
    "COMPRESSION_UNKNOWN": _("There is no compression of this name."),
    "DECISION_INVALID": _("The table in force cannot be read any more."),
    "DECISION_TOO_COSTLY": _("The table took too long to decide."),
    "DESTINATION_DISABLED": _("The destination is switched off."),
    "DESTINATION_MISSING": _("The row asks for something and names no destination for it."),
    "DESTINATION_UNKNOWN": _("There is no destination of this name for the site."),
    "NOT_TAKEN_BY_NODE": _("The node does not take such series."),
    "OUTPUT_UNKNOWN": _("The table puts out something that nobody reads."),
    "PROCESS_UNKNOWN": _("There is no process of this name."),
    "PROFILE_UNKNOWN": _("There is no such profile of de-identification."),
    "SCRIPT_UNKNOWN": _("The library has no such version of the script."),
    "SCRIPT_UNNAMED": _("The row names no script with its version."),
    "STORAGE_TIER_UNKNOWN": _("There is no storage tier of this name."),
    "STORAGE_TIER_WITHOUT_VOLUME": _("No volume is on this storage tier."),
    "TABLE_FAILED": _("The table came to no answer for this series."),
}
POLICY: Mapping[HitPolicy, str | Promise] = {
    HitPolicy.UNIQUE: _("Unique: one row matches"),
    HitPolicy.ANY: _("Any: rows that match agree"),
    HitPolicy.PRIORITY: _("Priority: the most important output"),
    HitPolicy.FIRST: _("First: the first row that matches"),
    HitPolicy.RULE_ORDER: _("Rule order: every row, in order"),
    HitPolicy.OUTPUT_ORDER: _("Output order: every row, the most important first"),
    HitPolicy.COLLECT: _("Collect: every row that matches"),
}
