"""One study gathered for its page: series, jobs, cases, reports, order, and the patient's other studies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from accounts.models import Person
from archive.orders.selectors import visible_performed_steps
from archive.reports.selectors import visible_reports
from archive.studies.models import Series, Study
from archive.studies.selectors import visible_series, visible_studies
from common.diagram_names import name_in_words
from compute.selectors import visible_jobs
from portal.cases.words import CASE, JOB, Word, word
from portal.record_words import PERFORMED, REPORT
from portal.template_titles import template_title
from portal.viewer.strip import NO_PICTURES
from workflows.models import ProcessInstance, ProcessSubject
from workflows.selectors import visible_cases


@dataclass(frozen=True, slots=True)
class Stated:
    """Something with a state, and the word for it."""

    subject: Any
    state: Word
    name: str = ""


def series_of(person: Person, study: Study) -> list[Series]:
    """The series with their number of instances."""
    return list(
        visible_series(person)
        .filter(study=study)
        .select_related("study")
        .annotate(instance_count=Count("instances"))
        .order_by("series_number", "pk")
    )


def series_to_open(series: list[Series], wanted: str) -> Series | None:
    """The series asked for, else the first acquired one that has pictures, else any that has."""
    with_pictures = [one for one in series if one.modality not in NO_PICTURES]
    for one in with_pictures:
        if one.series_instance_uid == wanted:
            return one
    return min(with_pictures, key=lambda one: one.is_derived, default=None)


def cases_of(person: Person, study: Study) -> list[Stated]:
    """The cases this study belongs to, as far as the person may see them."""
    subjects = ProcessSubject.objects.filter(kind="study", uid=study.study_instance_uid)
    cases = (
        visible_cases(person)
        .filter(pk__in=subjects.values("instance_id"))
        .defer("state", "definition__files")
        .select_related("definition", "site")
        .order_by("-started_at")
    )
    return [_case(case) for case in cases]


def jobs_of(person: Person, study: Study) -> list[Stated]:
    """What was computed from this study, newest first."""
    jobs = visible_jobs(person).filter(study_instance_uid=study.study_instance_uid).order_by("-pk")
    return [Stated(job, word(JOB, job.status), template_title(job.template_key)) for job in jobs]


def reports_of(person: Person, study: Study) -> list[Stated]:
    """The reports, newest first."""
    reports = visible_reports(person).filter(study=study).select_related("author").order_by("-created_at")
    return [Stated(report, word(REPORT, report.status)) for report in reports]


def performed_of(person: Person, study: Study) -> list[Stated]:
    """What modalities say they did for the study, in the order they began."""
    steps = visible_performed_steps(person).filter(study_instance_uid=study.study_instance_uid)
    return [Stated(step, word(PERFORMED, step.status)) for step in steps.order_by("started_at", "pk")[:50]]


def others_of(person: Person, study: Study) -> list[Study]:
    """Other studies of the patient that the person may see, newest first."""
    return list(
        visible_studies(person)
        .filter(patient_id=study.patient_id)
        .exclude(pk=study.pk)
        .select_related("site")
        .order_by("-study_date", "-pk")[:10]
    )


def _case(case: ProcessInstance) -> Stated:
    return Stated(case, word(CASE, case.status), name_in_words(case.definition.name))
