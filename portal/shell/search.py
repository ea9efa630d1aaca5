"""Search: patients, studies and cases that the actor may see, by name, identifier or accession number."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import Person
from archive.mpi.models import Patient
from archive.mpi.selectors import visible_patients
from archive.orders.models import Order
from archive.studies.models import Study
from archive.studies.selectors import visible_studies
from portal.audited import note_search
from portal.cases.listing import CaseRow, case_rows, with_case_rows
from portal.shell.person import person_of
from portal.shell.posted import in_address
from workflows.models import ProcessSubject
from workflows.selectors import visible_cases

ROWS = 20
LONGEST = 80


@dataclass(frozen=True, slots=True)
class Found:
    """What a query found, each kind at most `ROWS`."""

    patients: list[Patient]
    studies: list[Study]
    cases: list[CaseRow]

    def __bool__(self) -> bool:
        return bool(self.patients or self.studies or self.cases)


@login_required
def page(request: HttpRequest) -> HttpResponse:
    query = in_address(request, "q", most=LONGEST)
    person = person_of(request)
    found = search(person, query) if query else None
    if found is not None:
        note_search(person, patients=len(found.patients), studies=len(found.studies), cases=len(found.cases))
    return render(request, "portal/shell/search.html", {"query": query, "found": found})


def search(person: Person, query: str) -> Found:
    """Everything the person may see that this query names."""
    patients = list(
        visible_patients(person)
        .filter(_names_patient(query))
        .distinct()
        .prefetch_related("identifiers")
        .order_by("family_name", "given_name", "pk")[:ROWS]
    )
    studies = list(
        visible_studies(person)
        .filter(
            Q(patient__in=patients)
            | Q(accession_number__iexact=query)
            | Q(study_instance_uid=query)
            | Q(study_description__icontains=query)
        )
        .select_related("patient", "site")
        .order_by("-received_at")[:ROWS]
    )
    return Found(patients, studies, _cases(person, query, patients))


def _cases(person: Person, query: str, patients: list[Patient]) -> list[CaseRow]:
    orders = Order.objects.filter(Q(patient__in=patients) | Q(accession_number__iexact=query))
    uids = [str(uid) for uid in orders.values_list("uid", flat=True)[:200]]
    about = ProcessSubject.objects.filter(
        Q(kind="order", uid__in=uids) | Q(kind="patient", uid__in=[str(each.uid) for each in patients])
    )
    cases = visible_cases(person).filter(pk__in=about.values("instance_id"))
    return case_rows(list(with_case_rows(cases)[:ROWS]), person)


def _names_patient(query: str) -> Q:
    """Every word of the query in one of the names, or the whole query as an identifier."""
    wanted = Q()
    for word in query.replace("^", " ").split():
        wanted &= (
            Q(family_name__icontains=word)
            | Q(given_name__icontains=word)
            | Q(ideographic_name__icontains=word)
        )
    return wanted | Q(identifiers__value__iexact=query)
