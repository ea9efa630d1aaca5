"""Finding the patient a study or a part of one belongs to, by name or identifier."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, TextField

from accounts.models import Person
from accounts.privileges import Privilege, sites_where
from archive.mpi.models import Patient, PatientIdentifier
from archive.mpi.names import folded
from archive.mpi.selectors import visible_patients

SHOWN = 8
LEAST = 2
_GIVEN = Func(F("matching_name"), template="split_part(%(expressions)s, '^', 2)", output_field=TextField())


def choosable_patients(person: Person) -> QuerySet[Patient]:
    """Patients whom the person sees, and all those of the sites where they correct studies."""
    sites = sites_where(person, Privilege.CORRECT_STUDIES)
    own = PatientIdentifier.objects.filter(site__in=sites, patient=OuterRef("pk"))
    seen = visible_patients(person).filter(pk=OuterRef("pk"))
    return Patient.objects.filter(Exists(own) | Exists(seen), merged_into=None)


def patients_like(words: str, person: Person) -> list[Patient]:
    """The first patients of whom each word begins a part of the name or an identifier; none for a single letter.

    Only where there are none is a word looked for in the middle of names, which may mean reading all of them.
    """
    asked = words.replace("\0", "").strip()[:64]
    if not asked or (asked.isascii() and len(asked) < LEAST):
        return []
    parts = asked.replace("^", " ").replace("=", " ").split()[:5]
    return _first(parts, person, _beginning) or _first(parts, person, _within)


def _first(parts: list[str], person: Person, meant: Callable[[str], Q]) -> list[Patient]:
    found = choosable_patients(person)
    for part in parts:
        found = found.filter(meant(part))
    return list(found.prefetch_related("identifiers").order_by("matching_name", "pk")[:SHOWN])


def _beginning(word: str) -> Q:
    """Each of these is a short look into an index, which an OR of them would not be."""
    patients = Patient.objects.order_by()
    given = patients.annotate(given=_GIVEN).filter(given__startswith=folded(word))
    return Q(
        pk__in=patients.filter(matching_name__startswith=folded(word))
        .values("pk")
        .union(
            given.values("pk"),
            patients.filter(ideographic_name__startswith=word).values("pk"),
            PatientIdentifier.objects.order_by().filter(value__startswith=word).values("patient_id"),
            all=True,
        )
    )


def _within(word: str) -> Q:
    known = PatientIdentifier.objects.filter(value__startswith=word).values("patient_id")
    return Q(matching_name__contains=folded(word)) | Q(ideographic_name__contains=word) | Q(pk__in=known)


def patient_named(wanted: str, person: Person) -> list[Patient]:
    """The patient of this UID, to be shown as the one that was chosen; none for what is no UID."""
    try:
        uid = uuid.UUID(wanted)
    except ValueError:
        return []
    return list(choosable_patients(person).filter(uid=uid).prefetch_related("identifiers"))
