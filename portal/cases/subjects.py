"""Whom and what cases are about: order, patient and study, for many cases in a fixed number of statements.

Whoever may see a case may see who it is about; callers pass only cases that `visible_cases` or `inbox`
gave them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from archive.mpi.models import Patient
from archive.orders.models import Order
from archive.studies.models import Study
from workflows.models import ProcessInstance


@dataclass(frozen=True, slots=True)
class CaseSubject:
    """What a row or a banner says of a case's subject.

    `study_instance_uid` is known from the order on; `has_images` tells that the study has begun to arrive.
    """

    patient: Patient | None
    order: Order | None
    study_instance_uid: str
    has_images: bool

    @property
    def asked(self) -> str:
        """What is asked for, as the order words it."""
        if self.order is None:
            return ""
        return self.order.procedure_description or self.order.procedure_code


def subjects_of(instances: Iterable[ProcessInstance]) -> dict[int, CaseSubject]:
    """The subject of each case by the case's key; the cases have their `subjects` prefetched."""
    named = {instance.pk: _named(instance) for instance in instances}
    orders = _orders({kinds["order"] for kinds in named.values() if "order" in kinds})
    patients = _patients(
        {
            kinds["patient"]
            for kinds in named.values()
            if "patient" in kinds and kinds.get("order") not in orders
        }
    )
    found = {}
    for key, kinds in named.items():
        order = orders.get(kinds.get("order", ""))
        patient = order.patient if order else patients.get(kinds.get("patient", ""))
        has_images = getattr(order, "has_images", False) if order else "study" in kinds
        found[key] = CaseSubject(patient, order, kinds.get("study", ""), has_images)
    return found


def _named(instance: ProcessInstance) -> dict[str, str]:
    return {subject.kind: subject.uid for subject in instance.subjects.all()}


def _orders(uids: set[str]) -> dict[str, Order]:
    if not uids:
        return {}
    arrived = Study.objects.filter(study_instance_uid=OuterRef("study_instance_uid"))
    return {
        str(order.uid): order
        for order in Order.objects.filter(uid__in=uids)
        .select_related("patient", "site")
        .annotate(has_images=Exists(arrived))
    }


def _patients(uids: set[str]) -> dict[str, Patient]:
    if not uids:
        return {}
    return {str(patient.uid): patient for patient in Patient.objects.filter(uid__in=uids)}
