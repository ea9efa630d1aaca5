"""The list of studies, and one study with its series, measured facts, jobs, cases and reports."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.audit import record_audit
from archive.studies.models import Study
from archive.studies.selectors import visible_studies
from events.tracing import trace
from portal.audited import note_listing, note_search
from portal.cases.words import URGENCY, word
from portal.listing import page_of
from portal.shell.person import person_of, standing_of
from portal.studies.correction_views import may_correct
from portal.studies.filters import MODALITIES, narrowed, study_filter
from portal.studies.gathering import (
    cases_of,
    jobs_of,
    others_of,
    performed_of,
    reports_of,
    series_of,
    series_to_open,
)
from portal.studies.rows import study_rows, with_rows


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Studies, newest first, narrowed by the address."""
    asked = study_filter(request)
    person = person_of(request)
    page = page_of(request, with_rows(narrowed(visible_studies(person), asked)))
    if asked.is_narrow:
        note_search(person, studies=len(page.rows))
    else:
        note_listing(person, patients=len({study.patient_id for study in page.rows}))
    context = {
        "page": page,
        "rows": study_rows(page.rows),
        "asked": asked,
        "modalities": MODALITIES,
        "sites": standing_of(request).sites,
    }
    return render(request, "portal/studies/studies.html", context, status=400 if asked.problems else 200)


@login_required
@require_safe
def page(request: HttpRequest, study_uid: str) -> HttpResponse:
    """One study. Opening it leaves a line in the audit trail."""
    person = person_of(request)
    study = get_object_or_404(
        visible_studies(person)
        .select_related("site", "patient", "order")
        .prefetch_related("patient__identifiers"),
        study_instance_uid=study_uid,
    )
    _note_opening(request, study)
    series = series_of(person, study)
    context = {
        "study": study,
        "urgency": word(URGENCY, study.order.priority) if study.order else None,
        "series_list": series,
        "series": series_to_open(series, request.GET.get("series", "")),
        "cases": cases_of(person, study),
        "jobs": jobs_of(person, study),
        "performed": performed_of(person, study),
        "reports": reports_of(person, study),
        "others": others_of(person, study),
        "may_correct": may_correct(request, study),
    }
    return render(request, "portal/studies/study.html", context)


@login_required
@require_safe
def strip(request: HttpRequest, study_uid: str) -> HttpResponse:
    """The strip of series alone, fetched again when something of the study changed."""
    person = person_of(request)
    study = get_object_or_404(visible_studies(person), study_instance_uid=study_uid)
    series = series_of(person, study)
    opened = series_to_open(series, _series_in_address(request))
    context = {"series_list": series, "current_uid": opened.series_instance_uid if opened else ""}
    return render(request, "portal/viewer/_series_strip.html", context)


def _series_in_address(request: HttpRequest) -> str:
    """The series named in the address of the page that asks for this part of itself."""
    address = urlsplit(request.headers.get("HX-Current-URL", ""))
    return parse_qs(address.query).get("series", [""])[0]


def _note_opening(request: HttpRequest, study: Study) -> None:
    with trace(study.trace_id):
        record_audit(
            person_of(request), "study.opened", object_kind="study", object_uid=study.study_instance_uid,
            study_instance_uid=study.study_instance_uid, site_code=study.site.code,
        )  # fmt: skip
