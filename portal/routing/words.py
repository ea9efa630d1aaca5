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
}
ENABLED = Word(_("In use"), "circle-check", "ok")
BLOCKED = Word(_("Left alone for a while"), "clock-alert", "warning")
DISABLED = Word(_("Switched off"), "ban")
POLICY: Mapping[HitPolicy, str | Promise] = {
    HitPolicy.UNIQUE: _("Unique: one row matches"),
    HitPolicy.ANY: _("Any: rows that match agree"),
    HitPolicy.PRIORITY: _("Priority: the most important output"),
    HitPolicy.FIRST: _("First: the first row that matches"),
    HitPolicy.RULE_ORDER: _("Rule order: every row, in order"),
    HitPolicy.OUTPUT_ORDER: _("Output order: every row, the most important first"),
    HitPolicy.COLLECT: _("Collect: every row that matches"),
}
