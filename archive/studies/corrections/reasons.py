"""Why instances are withdrawn, and what follows from each reason.

Reference  IHE RAD TF-1 §34 (IOCM), PS3.16 CID 7011 (rejected for quality reasons and so on)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReasonCode(models.TextChoices):
    """DCM codes of rejection notes, and `deleted` for what a person removed for good."""

    QUALITY = "113001", _("Rejected for quality reasons")
    PATIENT_SAFETY = "113037", _("Rejected for patient safety reasons")
    WRONG_WORKLIST_ENTRY = "113038", _("Incorrect modality worklist entry")
    RETENTION_EXPIRED = "113039", _("Data retention policy expired")
    DELETED = "deleted", _("Deleted")


class Resent(StrEnum):
    """What becomes of a withdrawn instance that is sent again."""

    IGNORE = "ignore"
    REFUSE = "refuse"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Rule:
    """`meaning` is the code's meaning in DCM, empty for what is no code there."""

    meaning: str
    resent: Resent
    may_stay_visible: bool = False


RULES: dict[ReasonCode, Rule] = {
    ReasonCode.QUALITY: Rule("Rejected for Quality Reasons", Resent.IGNORE, may_stay_visible=True),
    ReasonCode.PATIENT_SAFETY: Rule("Rejected for Patient Safety Reasons", Resent.REFUSE),
    ReasonCode.WRONG_WORKLIST_ENTRY: Rule("Incorrect Modality Worklist Entry", Resent.REFUSE),
    ReasonCode.RETENTION_EXPIRED: Rule("Data Retention Policy Expired", Resent.ACCEPT),
    ReasonCode.DELETED: Rule("", Resent.ACCEPT),
}

NOTES = {code for code, rule in RULES.items() if rule.meaning}
