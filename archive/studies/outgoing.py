"""What leaves this system says what the index says: of a study that was filed anew, its patient of today.

Stored bytes stay as they were received. An object of a study that was never corrected leaves as those bytes, and
that it was not is told by a column its reader has in hand.

Reference  IHE RAD TF-1 §34.4, PS3.3 §C.7.1.1 (Patient Module), §C.12.1.1.9 (Original Attributes)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from archive.mpi.models import Patient, PatientIdentifier
from archive.mpi.selectors import survivor_of
from archive.storage.objects import read_object
from archive.studies.coercion import with_values
from archive.studies.models import Instance, Study
from archive.studies.modified_header import Modification
from common.clock import format_da

REASON = "CORRECT"  # attributes were wrong, for example by another entry of the worklist
_LONGEST = 64

# What else tells of the patient an object named before, or of the order it named: it must not go with another's.
_OF_THE_FORMER = {
    "PatientID": frozenset({
        "EthnicGroup", "IssuerOfPatientIDQualifiersSequence", "MedicalRecordLocator", "MilitaryRank", "Occupation",
        "OtherPatientIDs", "OtherPatientIDsSequence", "OtherPatientNames", "PatientAddress", "PatientAge",
        "PatientBirthName", "PatientBirthTime", "PatientComments", "PatientMotherBirthName",
        "PatientReligiousPreference", "PatientTelephoneNumbers", "ReferencedPatientSequence",
        "TypeOfPatientID",
    }),
    "AccessionNumber": frozenset({"RequestAttributesSequence"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a study is of and which order it answers, as objects of it are to say when they leave."""

    values: tuple[tuple[str, str], ...]
    source: str
    corrected_at: dt.datetime


def needs_coercion(study: Study) -> bool:
    """Whether the study's objects may say something else than the index does."""
    return study.corrected_at is not None


def identities_of(study_pks: Collection[int]) -> dict[int, Identity]:
    """The identities of those among the studies that were corrected; two statements, none for no study."""
    if not study_pks:
        return {}
    studies = list(
        Study.all_objects.filter(pk__in=study_pks, corrected_at__isnull=False).select_related(
            "site", "patient__merged_into"
        )
    )
    patients = {study.pk: survivor_of(study.patient) for study in studies}
    identifiers: dict[int, list[PatientIdentifier]] = {}
    for row in PatientIdentifier.objects.filter(patient__in=set(patients.values())).order_by("pk"):
        identifiers.setdefault(row.patient_id, []).append(row)
    return {
        study.pk: _identity(study, patients[study.pk], identifiers.get(patients[study.pk].pk, []))
        for study in studies
    }


def identity_of(study: Study) -> Identity | None:
    """As `identities_of`, of one study; None, without a statement, if it was never corrected."""
    return identities_of([study.pk]).get(study.pk) if needs_coercion(study) else None


def coerced(data: bytes, identity: Identity | None) -> bytes:
    """A stored Part 10 object as it leaves; the same bytes where there is nothing to change.

    Raises  InvalidInput if it cannot be changed: it must not leave then.
    """
    if identity is None:
        return data
    modification = Modification(identity.source, identity.corrected_at, REASON)
    return with_values(data, dict(identity.values), modification, without=_OF_THE_FORMER)


def outgoing_part10(instance: Instance) -> bytes:
    """One stored object as it leaves. Whoever sends many asks once for their `identities_of`.

    Raises  NotFound if the bytes are gone; InvalidInput as `coerced`.
    """
    return coerced(read_object(instance.storage_key), identity_of(instance.series.study))


def _identity(study: Study, patient: Patient, identifiers: list[PatientIdentifier]) -> Identity:
    """As queries answer: demographics of today, and the identifier issued by the site that owns the study."""
    of_the_site = [one for one in identifiers if one.authority_namespace == study.site.authority_namespace]
    shown = next(iter(of_the_site or identifiers), None)
    values = {
        "PatientName": _name(patient),
        "PatientID": _plain(shown.value) if shown else "",
        "IssuerOfPatientID": _plain(shown.authority_namespace) if shown else "",
        "PatientBirthDate": format_da(patient.birth_date) if patient.birth_date else "",
        "PatientSex": "" if patient.sex == Patient.Sex.UNKNOWN else patient.sex,
        "AccessionNumber": _plain(study.accession_number),
    }
    if study.corrected_at is None:
        raise ValueError("the study was never corrected")
    return Identity(tuple(values.items()), study.site.code, study.corrected_at)


def _name(patient: Patient) -> str:
    """PS3.5 §6.2: 64 characters for each group of components."""
    return "=".join(group[:_LONGEST].rstrip("^ ") for group in _plain(patient.person_name).split("="))


def _plain(text: str) -> str:
    """Fit for one value: no backslash, which separates values, and no control characters (PS3.5 §6.1.2.3)."""
    return "".join(letter for letter in text if letter.isprintable() and letter != "\\").strip()
