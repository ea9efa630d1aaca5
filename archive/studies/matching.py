"""Whose study this is and which order asked for it, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.actors import Actor
from accounts.models import Site
from archive.mpi.models import Patient, PatientIdentifier
from archive.mpi.selectors import find_patient
from archive.mpi.services import register_patient
from archive.orders.models import Order
from archive.orders.selectors import find_order
from archive.studies.elements import PatientFacts, StudyFacts
from common.identifiers import Identifier
from common.prepared import PreparedQuery, Slot
from common.uids import derived_uid

NO_IDENTIFIER = "NOID-"


@dataclass(frozen=True, slots=True)
class Match:
    patient: Patient
    order: Order | None
    reason: str


def match_study(study: StudyFacts, patient: PatientFacts, *, site: Site, actor: Actor) -> Match:
    """The patient and order of a study that has just begun to arrive at a site.

    The Patient ID counts as issued by the site that sent the study. An order is taken only if it is for
    the same patient; a patient nobody has announced is registered provisionally from the header.
    """
    identifier = _identifier(study, patient, site)
    known = _patient_of(identifier)
    order, why = find_order(
        site=site,
        study_instance_uid=study.study_instance_uid,
        accession_number=study.accession_number,
        patient=known,
    )
    if order is not None and (known is None or known.pk == order.patient_id):
        if known is not None or not patient.patient_id:
            return Match(order.patient, order, why)
        order, why = None, "The order is for a patient with another identifier"
    elif order is not None:
        order, why = None, "The order is for another patient"
    if known is not None:
        return Match(known, None, f"Patient known by the site's identifier; {_lower(why)}")
    registered = register_patient(
        identifiers=[identifier],
        site=site,
        family_name=patient.family_name,
        given_name=patient.given_name,
        ideographic_name=patient.ideographic_name,
        middle_name=patient.middle_name,
        name_prefix=patient.name_prefix,
        name_suffix=patient.name_suffix,
        birth_date=patient.birth_date,
        sex=patient.sex,
        actor=actor,
        source="dicom",
    )
    return Match(registered, None, f"Patient registered provisionally from the images; {_lower(why)}")


_IDENTIFIER = PreparedQuery(
    lambda: PatientIdentifier.objects.filter(value=Slot("value"), authority_namespace=Slot("namespace"))
    .select_related("patient")
)  # fmt: skip


def _patient_of(identifier: Identifier) -> Patient | None:
    """As `find_patient`, which every study that begins would put together anew."""
    row = _IDENTIFIER.first(value=identifier.value, namespace=identifier.authority.namespace)
    if row is None or row.patient.merged_into_id is None:
        return None if row is None else row.patient
    return find_patient(identifier)


def _identifier(study: StudyFacts, patient: PatientFacts, site: Site) -> Identifier:
    """The header's Patient ID under the site's authority; one of the study's own where there is none."""
    if patient.patient_id:
        return Identifier(patient.patient_id, site.authority)
    return Identifier(
        f"{NO_IDENTIFIER}{derived_uid(study.study_instance_uid)[5:21]}", site.authority, type_code="U"
    )


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
