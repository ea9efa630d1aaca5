"""The left rail: the pages that exist, shown to those whose privileges lead somewhere there."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.privileges import Privilege


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the rail. `privileges`: any of them opens it; none named means everyone.

    `covers` names the pages below it, on which the entry stays marked.
    """

    url_name: str
    label: str | Promise
    icon: str
    privileges: frozenset[Privilege] = frozenset()
    on_phone: bool = False
    covers: frozenset[str] = frozenset()


RAIL: tuple[tuple[Entry, ...], ...] = (
    (
        Entry("inbox", _("Inbox"), "inbox", on_phone=True),
        Entry(
            "team-tasks",
            _("Team's tasks"),
            "users",
            frozenset({Privilege.ASSIGN_TASKS}),
            covers=frozenset({"assign-task"}),
        ),
        Entry(
            "cases",
            _("Cases"),
            "briefcase-medical",
            frozenset({Privilege.VIEW_CASES}),
            on_phone=True,
            covers=frozenset({"case"}),
        ),
        Entry(
            "patients",
            _("Patients"),
            "users-round",
            frozenset({Privilege.VIEW_STUDIES}),
            covers=frozenset({"patient"}),
        ),
        Entry(
            "studies",
            _("Studies"),
            "images",
            frozenset({Privilege.VIEW_STUDIES}),
            covers=frozenset({"study"}),
        ),
    ),
    (
        Entry(
            "incidents",
            _("Incidents"),
            "octagon-alert",
            frozenset({Privilege.OPERATE_CASES}),
            covers=frozenset({"incident", "operated-cases", "operated-case"}),
        ),
        Entry(
            "nodes",
            _("Nodes"),
            "server",
            frozenset({Privilege.MANAGE_NODES}),
            covers=frozenset({"node", "add-node", "change-node"}),
        ),
        Entry(
            "routing",
            _("Routing"),
            "route",
            frozenset({Privilege.MANAGE_ROUTING}),
            covers=frozenset(
                {
                    "routing-table",
                    "routing-version",
                    "routing-destinations",
                    "add-destination",
                    "change-destination",
                    "routing-attention",
                    "routing-series",
                    "dead-letters",
                }
            ),
        ),
        Entry(
            "processes",
            _("Processes"),
            "workflow",
            frozenset({Privilege.DESIGN_PROCESSES}),
            covers=frozenset({"process", "upload-process"}),
        ),
        Entry(
            "scripts",
            _("Scripts"),
            "scroll-text",
            frozenset({Privilege.DESIGN_PROCESSES}),
            covers=frozenset({"script", "script-version", "add-script", "edit-script"}),
        ),
        Entry(
            "messages",
            _("Integration"),
            "cable",
            frozenset({Privilege.VIEW_MESSAGES}),
            covers=frozenset(
                {
                    "message",
                    "rejected-objects",
                    "rejected-object",
                    "deliveries",
                    "delivery",
                    "dead-notices",
                    "webhooks",
                    "webhook",
                    "add-webhook",
                    "change-webhook",
                }
            ),
        ),
        Entry(
            "storage",
            _("Storage"),
            "archive",
            frozenset({Privilege.MANAGE_STORAGE}),
            covers=frozenset(
                {"storage-rules", "storage-moves", "storage-findings", "storage-quotas", "storage-holds"}
            ),
        ),
        Entry("reidentification", _("Re-identify"), "user-check", frozenset({Privilege.REIDENTIFY})),
        Entry(
            "audit", _("Audit trail"), "eye", frozenset({Privilege.VIEW_AUDIT}), covers=frozenset({"trace"})
        ),
    ),
)


def rail_for(privileges: frozenset[Privilege]) -> list[list[Entry]]:
    """The groups of the rail that someone with these privileges sees."""
    groups = ([entry for entry in group if _opens(entry, privileges)] for group in RAIL)
    return [group for group in groups if group]


def _opens(entry: Entry, privileges: frozenset[Privilege]) -> bool:
    return not entry.privileges or bool(entry.privileges & privileges)
