"""Putting a study right: what is asked for, what would follow, what was done before and can be undone."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit import record_audit
from accounts.models import Role
from accounts.privileges import GRANTED, Privilege, sites_where
from archive.studies.corrections.access import corrections_of
from archive.studies.corrections.models import Correction
from archive.studies.corrections.services import NOTE_REASONS, undo_correction
from archive.studies.models import Study
from common.errors import ServiceError
from integrations.dicom.models import Commitment, Notice
from portal.acting import act
from portal.audited import note_search
from portal.gate import opened_by
from portal.shell.person import person_of, standing_of
from portal.studies.choosing import SHOWN as MOST_PATIENTS
from portal.studies.choosing import patient_named, patients_like
from portal.studies.corrected import SHOWN, corrections_shown
from portal.studies.correcting import carry_out, consequences, read_command


def may_correct(request: HttpRequest, study: Study) -> bool:
    """Whether the person corrects studies at the study's site; read from what the page knows already."""
    return any(
        held.site_id == study.site_id and Privilege.CORRECT_STUDIES in GRANTED[Role(held.role)]
        for held in standing_of(request).memberships
    )


@opened_by(Privilege.CORRECT_STUDIES)
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, study_uid: str) -> HttpResponse:
    """The panel. A posted correction is shown with its consequences first and made when it is confirmed."""
    person = person_of(request)
    study = _study(request, study_uid)
    if request.method != "POST":
        record_audit(
            person, "study.opened", object_kind="study", object_uid=study.study_instance_uid,
            study_instance_uid=study.study_instance_uid, site_code=study.site.code,
        )  # fmt: skip
        return _panel(request, study)
    asked = {**request.POST.dict(), "series": request.POST.getlist("series")}
    asked["patient"] = asked.pop("chosen", "") or asked.get("patient", "")
    try:
        command = read_command(asked, study, person)
        if "confirmed" not in request.POST:
            return _panel(request, study, asked=asked, follows=consequences(command))
        carry_out(command, person)
    except ServiceError as refusal:
        fields = getattr(refusal, "fields", {})
        return _panel(request, study, asked=asked, refusal=refusal.message, fields=fields, status=400)
    told.success(request, _("The correction is made, or being made; its state stands in the history."))
    return redirect("correct-study", study_uid=study_uid)


@opened_by(Privilege.CORRECT_STUDIES)
@never_cache
@require_safe
def patients(request: HttpRequest) -> HttpResponse:
    """The patients that what was typed may mean, to choose one of."""
    person, typed = person_of(request), request.GET.get("patient", "")
    found = patients_like(typed, person)
    if typed.strip():
        note_search(person, patients=len(found))
    context = {"patients": found, "typed": typed.strip(), "is_cut": len(found) == MOST_PATIENTS}
    return render(request, "portal/studies/_patients.html", context)


@opened_by(Privilege.CORRECT_STUDIES)
@require_POST
def undo(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Make a correction undone."""
    person = person_of(request)
    correction = get_object_or_404(corrections_of(person), uid=uid)
    return act(
        request,
        lambda: undo_correction(correction, actor=person),
        _("The correction is undone."),
        "correct-study",
        study_uid=correction.study_instance_uid,
    )


def _study(request: HttpRequest, study_uid: str) -> Study:
    sites = sites_where(person_of(request), Privilege.CORRECT_STUDIES)
    return get_object_or_404(
        Study.all_objects.filter(site__in=sites).select_related("site", "patient", "order")
        .prefetch_related("patient__identifiers"),
        study_instance_uid=study_uid,
    )  # fmt: skip


def _panel(
    request: HttpRequest,
    study: Study,
    *,
    asked: dict[str, Any] | None = None,
    follows: list[str] | None = None,
    refusal: str = "",
    fields: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    uid = study.study_instance_uid
    asked = asked or {}
    context = {
        "study": study,
        "series_list": list(study.series.order_by("series_number", "pk")),
        "kinds": Correction.Kind.choices,
        "reasons": [(reason.value, reason.label) for reason in NOTE_REASONS],
        "asked": asked,
        "patients": patient_named(asked.get("patient", ""), person_of(request)),
        "chosen": set(asked.get("series") or ()),
        "follows": follows,
        "refusal": refusal,
        "errors": fields or {},
        "corrections": corrections_shown(person_of(request), uid),
        "commitments": list(
            Commitment.objects.filter(study_instance_uid=uid)
            .select_related("node")
            .order_by("-asked_at")[:SHOWN]
        ),
        "notices": list(
            Notice.objects.filter(study_instance_uid=uid).select_related("node").order_by("-pk")[:SHOWN]
        ),
    }
    return render(request, "portal/studies/correct.html", context, status=status)
