"""The study picker of forms: the studies of the case's patient that the person may see, the case's own first."""

from __future__ import annotations

from django.utils import formats

from accounts.models import Person
from archive.mpi.models import Patient
from archive.studies.models import Study
from archive.studies.selectors import visible_studies
from workflows.forms import Choices, register_choices
from workflows.models import UserTask

MOST_STUDIES = 200


def register() -> None:
    register_choices("studies.of_the_patient", studies_of_the_patient)


def studies_of_the_patient(task: UserTask, person: Person | None) -> Choices:
    """The Study Instance UIDs to choose from, each with its date, modality and description."""
    subjects: dict[str, str] = dict(task.instance.subjects.values_list("kind", "uid"))
    patient = Patient.objects.filter(uid=subjects["patient"]).first() if "patient" in subjects else None
    if person is None or patient is None:
        return []
    found = (
        visible_studies(person).filter(patient=patient).order_by("-study_date", "-received_at")[:MOST_STUDIES]
    )
    own = subjects.get("study", "")
    ordered = sorted(found, key=lambda study: study.study_instance_uid != own)
    return [(study.study_instance_uid, _label(study)) for study in ordered]


def _label(study: Study) -> str:
    day = formats.date_format(study.study_date, "SHORT_DATE_FORMAT") if study.study_date else ""
    return " · ".join(part for part in (day, study.study_description, study.accession_number) if part) or "—"
