"""Whom and what cases are about: order, patient and study, for many cases in a fixed number of statements.

Whoever may see a case may see who it is about; callers pass only cases that `visible_cases` or `inbox`
gave them. Its images are another matter: a grant of them ends with the case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from accounts.models import Person
from archive.mpi.models import Patient
from archive.orders.models import Order
from archive.studies.models import Study
from archive.studies.selectors import visible_studies
from workflows.models import ProcessInstance


@dataclass(frozen=True, slots=True)
class CaseSubject:
    """What a row or a banner says of a case's subject.

    `study_instance_uid` is known from the order on; `has_images` tells that the study has begun to arrive,
    `shows_images` that the reader may look at it, too.
    """

    patient: Patient | None
    order: Order | None
    study_instance_uid: str
    has_images: bool
    shows_images: bool

    @property
    def asked(self) -> str:
        """What is asked for, as the order words it."""
        if self.order is None:
            return ""
        return self.order.procedure_description or self.order.procedure_code


def subjects_of(instances: Iterable[ProcessInstance], person: Person) -> dict[int, CaseSubject]:
    """The subject of each case for a reader, by the case's key; the cases have their `subjects` prefetched."""
    named = {instance.pk: _named(instance) for instance in instances}
    orders = _orders({kinds["order"] for kinds in named.values() if "order" in kinds}, person)
    patients = _patients(
        {
            kinds["patient"]
            for kinds in named.values()
            if "patient" in kinds and kinds.get("order") not in orders
        }
    )
    shown = _shown(
        {kinds["study"] for kinds in named.values() if "study" in kinds and kinds.get("order") not in orders},
        person,
    )
    found = {}
    for key, kinds in named.items():
        order = orders.get(kinds.get("order", ""))
        patient = order.patient if order else patients.get(kinds.get("patient", ""))
        has_images = getattr(order, "has_images", False) if order else "study" in kinds
        study = kinds.get("study", "")
        shows_images = getattr(order, "shows_images", False) if order else study in shown
        found[key] = CaseSubject(patient, order, study, has_images, shows_images)
    return found


def _named(instance: ProcessInstance) -> dict[str, str]:
    return {subject.kind: subject.uid for subject in instance.subjects.all()}


def _orders(uids: set[str], person: Person) -> dict[str, Order]:
    if not uids:
        return {}
    ordered = Q(study_instance_uid=OuterRef("study_instance_uid"))
    return {
        str(order.uid): order
        for order in Order.objects.filter(uid__in=uids)
        .select_related("patient", "site")
        .annotate(
            has_images=Exists(Study.objects.filter(ordered)),
            shows_images=Exists(visible_studies(person).filter(ordered)),
        )
    }


def _patients(uids: set[str]) -> dict[str, Patient]:
    if not uids:
        return {}
    return {str(patient.uid): patient for patient in Patient.objects.filter(uid__in=uids)}


def _shown(study_uids: set[str], person: Person) -> set[str]:
    """Those of the studies that have arrived and that the person may look at."""
    if not study_uids:
        return set()
    shown = visible_studies(person).filter(study_instance_uid__in=study_uids)
    return set(shown.values_list("study_instance_uid", flat=True))
