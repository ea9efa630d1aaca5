"""What the list of studies is narrowed to; all of it stands in the address."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from archive.mpi.models import Patient, PatientIdentifier
from archive.studies.models import Series, Study
from portal.shell.posted import in_address

MODALITIES = ("CT", "MR", "PT", "CR", "DX", "US", "XA", "MG", "NM")


@dataclass(frozen=True, slots=True)
class StudyFilter:
    """`problems` names fields that cannot be meant; they narrow nothing."""

    text: str = ""
    modality: str = ""
    site: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def is_narrow(self) -> bool:
        return bool(self.text or self.modality or self.site or self.since or self.until)


def study_filter(request: HttpRequest) -> StudyFilter:
    """The filter in the address."""
    problems: dict[str, str] = {}
    return StudyFilter(
        text=in_address(request, "q", most=80),
        modality=in_address(request, "modality", most=16).upper(),
        site=in_address(request, "site", most=32),
        since=_day(request, "since", problems),
        until=_day(request, "until", problems),
        problems=problems,
    )


def narrowed(studies: QuerySet[Study], asked: StudyFilter) -> QuerySet[Study]:
    """The studies that the filter lets through."""
    if asked.text:
        studies = studies.filter(_about(asked.text))
    if asked.modality:
        studies = studies.filter(pk__in=Series.objects.filter(modality=asked.modality).values("study_id"))
    if asked.site:
        studies = studies.filter(site__code=asked.site)
    if asked.since:
        studies = studies.filter(study_date__gte=asked.since)
    if asked.until:
        studies = studies.filter(study_date__lte=asked.until)
    return studies


def patients_called(text: str) -> QuerySet[Patient]:
    """Patients whose names begin with the words, in any order, or who hold exactly this identifier."""
    named = Q()
    for word in text.split()[:4]:
        named &= (
            Q(family_name__istartswith=word)
            | Q(given_name__istartswith=word)
            | Q(ideographic_name__startswith=word)
        )
    known = PatientIdentifier.objects.filter(value__iexact=text).values("patient_id")
    return Patient.objects.filter(named | Q(pk__in=known))


def _about(text: str) -> Q:
    return Q(accession_number__iexact=text) | Q(patient__in=patients_called(text).values("pk"))


def _day(request: HttpRequest, name: str, problems: dict[str, str]) -> dt.date | None:
    text = request.GET.get(name, "").strip()
    try:
        day = parse_date(text) if text else None
    except ValueError:
        day = None
    if text and day is None:
        problems[name] = _("This is not a date like 2026-03-31.")
    return day
