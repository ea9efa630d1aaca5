"""States of orders and reports in words, with the icon and tone that go with each."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.cases.words import Word

ORDER: dict[str, Word] = {
    "scheduled": Word(_("Scheduled"), "calendar"),
    "in_progress": Word(_("In progress"), "activity", "info"),
    "reported": Word(_("Reported"), "file-check", "ok"),
    "cancelled": Word(_("Cancelled"), "ban"),
}
PERFORMED: dict[str, Word] = {
    "IN PROGRESS": Word(_("In progress"), "activity", "info"),
    "COMPLETED": Word(_("Completed"), "circle-check", "ok"),
    "DISCONTINUED": Word(_("Discontinued"), "ban", "warning"),
}
REPORT: dict[str, Word] = {
    "preliminary": Word(_("Preliminary"), "file-pen", "warning"),
    "final": Word(_("Final"), "file-check", "ok"),
    "amended": Word(_("Amended"), "file-check", "info"),
}
