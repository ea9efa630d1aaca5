"""Asking nodes what they hold: C-FIND in the Study Root model, or in Patient Root where a node knows no other.

Reference  PS3.4 §C.4.1, §C.6
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext
from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context

from common.errors import InvalidInput
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.calling import node_association
from integrations.dicom.scu.association import accepts
from integrations.dicom.scu.find import PATIENT_ROOT_FIND, STUDY_ROOT_FIND, find_studies, study_query

MOST_STUDIES = 1000


@dataclass(frozen=True, slots=True)
class StudyThere:
    """A study that a node holds."""

    study_instance_uid: str
    study_date: str
    modalities: tuple[str, ...]


def studies_at(node: ApplicationEntity, *, patient_id: str) -> list[StudyThere]:
    """The studies a node holds of a patient, by the patient's ID there, the latest first.

    Raises  InvalidInput without an ID of one patient, or if the node refuses the query or finds too many;
            as `node_association` and `find_studies`.
    """
    if not patient_id or set(patient_id) & set("*?\\"):
        raise InvalidInput(
            gettext("A node is asked for the studies of one patient, by the ID."), code="PATIENT_ID_NEEDED"
        )
    query = study_query(PatientID=patient_id, StudyInstanceUID="", StudyDate="", ModalitiesInStudy="")
    return sorted(map(_read, matches_at(node, query)), key=lambda one: one.study_date, reverse=True)


def matches_at(node: ApplicationEntity, query: Dataset) -> list[Dataset]:
    """What matches a query, in the model that the node knows. Raises as `studies_at`."""
    contexts = [build_context(STUDY_ROOT_FIND), build_context(PATIENT_ROOT_FIND)]
    found = []
    with node_association(node, contexts) as assoc:
        is_patient_root = needs_patient_root(query) or not accepts(assoc, STUDY_ROOT_FIND)
        for answer in find_studies(assoc, query, is_patient_root=is_patient_root):
            found.append(answer)
            if len(found) > MOST_STUDIES:
                raise InvalidInput(
                    gettext("The node finds more studies than one patient has."), code="TOO_MANY_MATCHES"
                )
    return found


def needs_patient_root(query: Dataset) -> bool:
    """Whether the query is of a level that Study Root does not have."""
    return str(query.QueryRetrieveLevel) == "PATIENT"


def _read(answer: Dataset) -> StudyThere:
    modalities = answer.get("ModalitiesInStudy") or ()
    return StudyThere(
        str(answer.get("StudyInstanceUID") or ""),
        str(answer.get("StudyDate") or ""),
        tuple([modalities] if isinstance(modalities, str) else map(str, modalities)),
    )
