"""Finding patients, and which of them an actor may see."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from accounts.actors import Actor, SystemActor
from accounts.models import Site
from accounts.privileges import Privilege, granted_studies, sites_where
from archive.mpi.models import Patient, PatientIdentifier
from common.identifiers import Authority, Identifier


def find_patient(identifier: Identifier) -> Patient | None:
    """The patient known by this identifier; where they were merged, the survivor."""
    found = patients_known_by([identifier])
    return found[0] if found else None


def patients_known_by(identifiers: Iterable[Identifier]) -> list[Patient]:
    """The patients any of these identifiers names, each once, survivors in place of the merged."""
    wanted = Q(pk__in=[])
    for identifier in identifiers:
        wanted |= Q(value=identifier.value, authority_namespace=identifier.authority.namespace)
    held = PatientIdentifier.objects.filter(wanted).select_related("patient")
    return list({patient.pk: patient for patient in (survivor_of(row.patient) for row in held)}.values())


def site_of_authority(authority: Authority) -> Site | None:
    """The site that issues identifiers under this authority, by namespace or by universal ID."""
    named = Q(pk__in=[])
    if authority.namespace:
        named |= Q(authority_namespace=authority.namespace)
    if authority.universal_id:
        named |= Q(authority_universal_id=authority.universal_id)
    return Site.objects.filter(named).first()


def visible_patients(actor: Actor) -> QuerySet[Patient]:
    """Patients of the sites where the actor may see studies, and those of studies granted with a case."""
    patients = Patient.objects.filter(merged_into=None)
    if isinstance(actor, SystemActor):
        return patients
    sites = sites_where(actor, Privilege.VIEW_STUDIES)
    own = PatientIdentifier.objects.filter(site__in=sites).values("patient_id")
    granted = granted_studies(actor).values("study_instance_uid")
    of_granted = Patient.objects.filter(studies__study_instance_uid__in=granted).values("pk")
    of_orders = Patient.objects.filter(orders__study_instance_uid__in=granted).values("pk")
    return patients.filter(Q(pk__in=own) | Q(pk__in=of_granted) | Q(pk__in=of_orders))


def survivor_of(patient: Patient) -> Patient:
    """The patient, or the one it was folded into."""
    while patient.merged_into is not None:
        patient = patient.merged_into
    return patient
