"""Lines that looking at lists of patients leaves in the audit trail: how many, never what was typed."""

from __future__ import annotations

from accounts.audit import record_audit
from accounts.models import Person


def note_search(person: Person, *, patients: int = 0, studies: int = 0, cases: int = 0) -> None:
    """Record that the person was shown patients by a search, with how many of each kind were found."""
    record_audit(
        person, "patients.searched", object_kind="patient", patients=patients, studies=studies, cases=cases
    )


def note_listing(person: Person, *, patients: int) -> None:
    """Record that the person went through a list that names patients."""
    record_audit(person, "patients.listed", object_kind="patient", patients=patients)
