"""Patients by name or identifier, and one patient with identities and timeline."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.audit import record_audit
from archive.mpi.selectors import visible_patients
from archive.studies.selectors import visible_studies
from portal.audited import note_listing, note_search
from portal.listing import page_of
from portal.patients.gathering import timeline_of
from portal.shell.person import person_of
from portal.shell.posted import in_address
from portal.studies.filters import patients_called


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Patients the person may see, the newest first; by the beginning of a name or a whole identifier."""
    person = person_of(request)
    text = in_address(request, "q", most=80)
    patients = visible_patients(person)
    if text:
        patients = patients.filter(pk__in=patients_called(text).values("pk"))
    seen = Q(studies__in=visible_studies(person))
    patients = patients.annotate(
        study_count=Count("studies", filter=seen), last_study=Max("studies__study_date", filter=seen)
    ).prefetch_related("identifiers")
    page = page_of(request, patients)
    if text:
        note_search(person, patients=len(page.rows))
    else:
        note_listing(person, patients=len(page.rows))
    return render(request, "portal/patients/patients.html", {"page": page, "text": text})


@login_required
@require_safe
def page(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """One patient. Opening them leaves a line in the audit trail."""
    person = person_of(request)
    patient = get_object_or_404(
        visible_patients(person).prefetch_related("identifiers__site", "merged_from"), uid=uid
    )
    record_audit(person, "patient.opened", object_kind="patient", object_uid=str(patient.uid))
    context = {"patient": patient, "timeline": timeline_of(person, patient)}
    return render(request, "portal/patients/patient.html", context)
