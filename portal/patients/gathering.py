"""One patient gathered for their page: identities and one timeline of all that happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Person, Site
from archive.mpi.models import Patient
from archive.orders.selectors import visible_orders
from archive.reports.selectors import visible_reports
from archive.studies.selectors import visible_studies
from common.diagram_names import name_in_words
from portal.cases.words import CASE, Word, word
from portal.record_words import ORDER, REPORT
from portal.viewer.strip import NO_PICTURES
from workflows.models import ProcessSubject
from workflows.selectors import visible_cases

EACH_KIND = 100


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    at: dt.datetime
    icon_name: str
    kind: str
    title: str
    detail: str
    site: Site | None
    href: str = ""
    state: Word | None = None
    study_instance_uid: str = ""
    has_images: bool = False


def timeline_of(person: Person, patient: Patient) -> list[Moment]:
    """Orders, studies, reports and cases that the person may see, newest first."""
    moments = [
        *_orders(person, patient),
        *_studies(person, patient),
        *_reports(person, patient),
        *_cases(person, patient),
    ]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)


def _orders(person: Person, patient: Patient) -> Iterator[Moment]:
    orders = visible_orders(person).filter(patient=patient).select_related("site").order_by("-ordered_at")
    for order in orders[:EACH_KIND]:
        yield Moment(
            order.ordered_at, "clipboard-list", _("Order"),
            order.procedure_description or order.procedure_code,
            " · ".join(part for part in (str(order.get_service_display()), order.accession_number) if part),
            order.site, state=word(ORDER, order.status),
        )  # fmt: skip


def _studies(person: Person, patient: Patient) -> Iterator[Moment]:
    studies = visible_studies(person).filter(patient=patient).select_related("site").order_by("-received_at")
    for study in studies.prefetch_related("series")[:EACH_KIND]:
        series = study.series.all()
        modalities = " ".join(sorted({one.modality for one in series if one.modality}))
        yield Moment(
            study.received_at, "images", _("Study"),
            " ".join(part for part in (modalities, study.study_description) if part) or _("Study"),
            study.accession_number, study.site,
            href=reverse("study", args=[study.study_instance_uid]),
            study_instance_uid=study.study_instance_uid,
            has_images=any(one.modality not in NO_PICTURES for one in series),
        )  # fmt: skip


def _reports(person: Person, patient: Patient) -> Iterator[Moment]:
    reports = visible_reports(person).filter(study__patient=patient).select_related("study__site", "author")
    for report in reports.order_by("-created_at")[:EACH_KIND]:
        yield Moment(
            report.signed_at or report.created_at, "file-text", _("Report"), report.impression,
            report.author.display_name, report.study.site,
            href=reverse("study", args=[report.study.study_instance_uid]),
            state=word(REPORT, report.status),
        )  # fmt: skip


def _cases(person: Person, patient: Patient) -> Iterator[Moment]:
    subjects = ProcessSubject.objects.filter(kind="patient", uid=str(patient.uid))
    cases = visible_cases(person).filter(pk__in=subjects.values("instance_id"))
    cases = cases.defer("state", "definition__files").select_related("definition", "site")
    for case in cases.order_by("-started_at")[:EACH_KIND]:
        yield Moment(
            case.started_at, "briefcase-medical", _("Case"), name_in_words(case.definition.name), "", case.site,
            href=reverse("case", args=[case.uid]), state=word(CASE, case.status),
        )  # fmt: skip
