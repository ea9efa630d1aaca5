"""Volumes, copies and findings in words, with the icon and tone that go with each."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.cases.words import Word

VOLUME: dict[str, Word] = {
    "online": Word(_("In use"), "circle-check", "ok"),
    "draining": Word(_("Being emptied"), "loader", "warning"),
    "offline": Word(_("Out of use"), "ban", "critical"),
}
COPY: dict[str, Word] = {
    "copying": Word(_("Being copied"), "loader", "info"),
    "removing": Word(_("To be removed"), "hourglass"),
    "damaged": Word(_("Damaged"), "octagon-alert", "critical"),
}
FINDING: dict[str, Word] = {
    "open": Word(_("Not repaired"), "alert-triangle", "warning"),
    "repaired": Word(_("Repaired"), "circle-check", "ok"),
    "lost": Word(_("No good copy"), "octagon-alert", "critical"),
}
TIER: dict[str, str | Promise] = {"hot": _("Hot"), "warm": _("Warm"), "cold": _("Cold")}
PROBLEM: dict[str, str | Promise] = {
    "STORAGE_FULL": _("The volume is full."),
    "STORAGE_FAILED": _("The volume gives input or output errors."),
    "STORAGE_UNREACHABLE": _("The volume does not answer."),
    "STORAGE_REFUSED": _("The volume refuses the request: look at its credentials."),
    "NO_GOOD_COPY": _("No volume holds a good copy."),
    "COPY_DIFFERS": _("What was written is not what was read back."),
    "COPY_MISSING": _("The copy is gone from the volume."),
    "DIGEST_DIFFERS": _("The bytes are not those that were stored."),
    "SEGMENT_DIFFERS": _("The bytes between objects are not those that were stored."),
    "MASTER_UNREACHABLE": _("The master of the cluster does not answer."),
}


def problem_in_words(code: str) -> str:
    """A code in a sentence; the code itself where there is none."""
    return str(PROBLEM.get(code, code))


def quota_tone(percent: int) -> str:
    return "critical" if percent >= 95 else "warning" if percent >= 80 else "ok"
