"""Finding the patient a study or a part of one belongs to, by name or identifier."""

from __future__ import annotations

import uuid

from django.db.models import Q, QuerySet

from accounts.models import Person
from accounts.privileges import Privilege, sites_where
from archive.mpi.models import Patient, PatientIdentifier
from archive.mpi.names import folded
from archive.mpi.selectors import visible_patients

SHOWN = 8
LEAST = 2


def choosable_patients(person: Person) -> QuerySet[Patient]:
    """Patients whom the person sees, and all those of the sites where they correct studies."""
    sites = sites_where(person, Privilege.CORRECT_STUDIES)
    own = PatientIdentifier.objects.filter(site__in=sites).values("patient_id")
    seen = visible_patients(person).values("pk")
    return Patient.objects.filter(Q(pk__in=own) | Q(pk__in=seen), merged_into=None)


def patients_like(words: str, person: Person) -> list[Patient]:
    """The first patients of whom each word is in the name, or begins an identifier; none for a single letter."""
    asked = words.replace("\0", "").strip()[:64]
    if not asked or (asked.isascii() and len(asked) < LEAST):
        return []
    found = choosable_patients(person)
    for word in asked.replace("^", " ").replace("=", " ").split()[:5]:
        known = PatientIdentifier.objects.filter(value__startswith=word).values("patient_id")
        found = found.filter(
            Q(matching_name__contains=folded(word)) | Q(ideographic_name__contains=word) | Q(pk__in=known)
        )
    return list(found.prefetch_related("identifiers").order_by("matching_name", "pk")[:SHOWN])


def patient_named(wanted: str, person: Person) -> list[Patient]:
    """The patient of this UID, to be shown as the one that was chosen; none for what is no UID."""
    try:
        uid = uuid.UUID(wanted)
    except ValueError:
        return []
    return list(choosable_patients(person).filter(uid=uid).prefetch_related("identifiers"))
