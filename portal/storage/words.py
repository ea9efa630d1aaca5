"""Volumes, copies and findings in words, with the icon and tone that go with each."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.errors import InvalidInput, ServiceError
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


FIELD: dict[str, str | Promise] = {
    "name": _("Name"),
    "position": _("Position"),
    "site": _("Site"),
    "modality": _("Modality"),
    "is_thin_slice": _("Slices"),
    "is_derived": _("Origin"),
    "older_than_days": _("Older than (days)"),
    "keep_days": _("Kept for (days, 0: for ever)"),
    "tier": _("Tier"),
    "copies": _("Copies"),
    "url": _("Where it is"),
    "capacity_gb": _("Capacity in gigabytes"),
    "capacity_bytes": _("Capacity in gigabytes"),
}


def refusal_in_words(refusal: ServiceError) -> str:
    """Why not, each sentence after the label of the field it speaks of, where the forms have one."""
    if refusal.code in PROBLEM:
        return problem_in_words(refusal.code)
    fields = refusal.fields if isinstance(refusal, InvalidInput) else {}
    named = [f"{FIELD[name]}: {sentence}" for name, sentence in fields.items() if name in FIELD]
    return " ".join(named) or refusal.message


def problem_in_words(code: str) -> str:
    """A code in a sentence; the code itself where there is none."""
    return str(PROBLEM.get(code, code))


def quota_tone(percent: int) -> str:
    return "critical" if percent >= 95 else "warning" if percent >= 80 else "ok"
