"""Cases: the list, and one case with its images, form, documents, context, diagram and history.

Each part that changes while people look has its own address, fetched again when the socket says so; a part
that is as the page has it already is answered 204, and nothing on the screen moves.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.audit import record_audit
from accounts.models import Person
from accounts.privileges import Privilege, sites_where
from accounts.signing import is_fresh, signs_by_password
from common.diagram_names import name_in_words
from portal.cases import page as gathered
from portal.cases.conversation import conversation_context, files_context
from portal.cases.diagram import diagram_facts
from portal.cases.hands import acts_on, held_by_others
from portal.cases.jobs import jobs_of
from portal.cases.listing import STATUS_WORDS, Status, case_rows, with_case_rows
from portal.cases.page import SignedReport
from portal.cases.subjects import CaseSubject
from portal.cases.task_form import Refusal, RefusedAct, Signing, task_form
from portal.clocks import countdown_of
from portal.operators import may_operate
from portal.shell.person import person_of
from workflows.models import ProcessInstance
from workflows.selectors import history, open_incidents, visible_cases

LIST_ROWS = 50
TABS = ("images", "task", "documents", "conversation", "context")


@login_required
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/cases/cases.html", _listing(request))


@login_required
def listing(request: HttpRequest) -> HttpResponse:
    """The list alone, fetched again when one of its cases moved on or a step was offered to me."""
    return render(request, "portal/cases/_list.html", _listing(request))


def _listing(request: HttpRequest) -> dict[str, Any]:
    wanted = request.GET.get("status", "")
    status = Status(wanted) if wanted in STATUS_WORDS else Status.ALL
    wanted_page = request.GET.get("page", "")
    page_number = int(wanted_page) if wanted_page.isdecimal() and len(wanted_page) < 10 else 1
    person = person_of(request)
    cases = visible_cases(person)
    if status != Status.ALL:
        cases = cases.filter(status=status.value)
    first = (max(page_number, 1) - 1) * LIST_ROWS
    found = list(with_case_rows(cases)[first : first + LIST_ROWS + 1])
    more = urlencode({"status": status.value, "page": page_number + 1}) if len(found) > LIST_ROWS else ""
    chips = [(each.value, words, icon, each == status) for each, (words, icon) in STATUS_WORDS.items()]
    rows = case_rows(found[:LIST_ROWS], person)
    topics = ["inbox", *(f"case:{row.instance.uid}" for row in rows)]
    return {"rows": rows, "chips": chips, "more": more, "topics": " ".join(topics)}


@login_required
def page(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    person, case = _case(request, uid)
    return case_page(request, person, case)


def case_page(
    request: HttpRequest,
    person: Person,
    case: ProcessInstance,
    *,
    refusal: Refusal | None = None,
    refused_act: RefusedAct | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page; with what was wrong in it after a refused form or act."""
    subject = gathered.subject_of(case, person)
    record_audit(
        person,
        "case.opened",
        object_kind="case",
        object_uid=str(case.uid),
        study_instance_uid=subject.study_instance_uid,
        site_code=case.site.code,
    )
    study = gathered.study_of(person, subject)
    reports = _reports(person, case, subject)
    context = {
        "case": case,
        "subject": subject,
        "study": study,
        **gathered.case_words(case),
        **_state_context(person, case, study),
        **_images_context(request, person, case, study),
        **_task_context(request, case, reports, refusal),
        **conversation_context(case, person),
        **files_context(case, person),
        "refused_act": refused_act,
        "reports": reports,
        "priors": gathered.priors_of(person, subject),
    }
    context["tab"] = _tab(request, context)
    return render(request, "portal/cases/case.html", context, status=status)


@login_required
def state(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """The right third: where it stands, who has it, what is computed, what happened."""
    person, case = _case(request, uid)
    study = gathered.study_of(person, gathered.subject_of(case, person))
    context = {"case": case, **gathered.case_words(case), **_state_context(person, case, study)}
    return render(request, "portal/cases/_state.html", context)


@login_required
def images(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """The series of the case; 204 while they are as the page has them."""
    person, case = _case(request, uid)
    subject = gathered.subject_of(case, person)
    study = gathered.study_of(person, subject)
    context = {
        "case": case,
        "subject": subject,
        "study": study,
        **_images_context(request, person, case, study),
    }
    if request.GET.get("seen") == context["images_seen"]:
        return HttpResponse(status=204)
    had_none = not request.GET.get("seen")
    return render(request, "portal/cases/_images.html" if had_none else "portal/cases/_series.html", context)


@login_required
def documents(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    person, case = _case(request, uid)
    subject = gathered.subject_of(case, person)
    context = {
        "case": case,
        "subject": subject,
        "reports": _reports(person, case, subject),
        **files_context(case, person),
    }
    return render(request, "portal/cases/_documents.html", context)


@login_required
def task(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """My task's form; 204 while the page shows it already, so that typed text stays."""
    person, case = _case(request, uid)
    subject = gathered.subject_of(case, person)
    reports = _reports(person, case, subject)
    context = {"case": case, "subject": subject, **_task_context(request, case, reports)}
    if request.GET.get("seen") == context["task_seen"]:
        return HttpResponse(status=204)
    return render(request, "portal/cases/_task.html", context)


@login_required
def diagram(request: HttpRequest, uid: uuid.UUID) -> JsonResponse:
    """The diagram with its words in the reader's language, and where the case stands on it."""
    _, case = _case(request, uid)
    response = JsonResponse(diagram_facts(case))
    response["Cache-Control"] = "private, no-store"
    return response


def _case(request: HttpRequest, uid: uuid.UUID) -> tuple[Person, ProcessInstance]:
    person = person_of(request)
    return person, get_object_or_404(gathered.cases_for_page(person), uid=uid)


def _state_context(person: Person, case: ProcessInstance, study: Any) -> dict[str, Any]:
    participants = gathered.participants_of(case)
    return {
        "participants": participants,
        "open_steps": gathered.open_steps(participants),
        "relatives": gathered.relatives_of(case, person),
        "history": gathered.happenings(history(case)),
        "incidents": open_incidents(case),
        "looks_after_incidents": may_operate(person, case),
        "jobs": jobs_of(person, case.uid) if study else [],
        "assigns_at": set(sites_where(person, Privilege.ASSIGN_TASKS).values_list("pk", flat=True)),
    }


def _images_context(
    request: HttpRequest, person: Person, case: ProcessInstance, study: Any
) -> dict[str, Any]:
    series = gathered.series_of(person, study)
    wanted = request.GET.get("series", "")
    chosen = next((one for one in series if one.series_instance_uid == wanted), None)
    acquired = next((one for one in series if not one.is_derived), None)
    seen = "-".join(f"{one.pk}.{one.instance_count}.{one.completeness}" for one in series)  # type: ignore[attr-defined]
    return {
        "series_list": series,
        "chosen_series": chosen or acquired or next(iter(series), None),
        "images_seen": seen,
        "images_address": f"{reverse('case-images', args=[case.uid])}?{urlencode({'seen': seen})}",
    }


def _reports(person: Person, case: ProcessInstance, subject: CaseSubject) -> list[SignedReport]:
    found = gathered.reports_of(person, subject)
    return gathered.with_signatures(found, history(case) if found else [])


def _task_context(
    request: HttpRequest, case: ProcessInstance, reports: list[SignedReport], refusal: Refusal | None = None
) -> dict[str, Any]:
    """My task's form; one that follows a report, such as its acknowledgement, shows the report above it."""
    person = person_of(request)
    waiting = gathered.my_task(case, person)
    held = held_by_others(case, person)
    seen = f"{waiting.uid}.{waiting.assignee_id}.{waiting.delegation}" if waiting else "none"
    seen += ".suspended" if case.suspended_at else ""
    seen += "".join(f"-{each.task.uid}.{each.task.assignee_id}" for each in held)
    context: dict[str, Any] = {
        "task": waiting,
        "held": held,
        "refusal": refusal,
        "task_seen": seen,
        "task_address": f"{reverse('case-task', args=[case.uid])}?{urlencode({'seen': seen})}",
    }
    if waiting:
        context["task_step"] = name_in_words(waiting.name)
        context["said_before"] = gathered.said_before(history(case))
        context["countdown"] = countdown_of(waiting, is_suspended=case.suspended_at is not None)
        context["acts"] = acts_on(waiting, person)
        form = task_form(waiting, gathered.draft_of(waiting, person), refusal, person=person)
        context["task_form"] = form
        context["signing"] = Signing(signs_by_password(request), is_fresh(request))
        if not any(outcome.writes_report for outcome in form.outcomes):
            context["report_in_question"] = next(iter(reports), None)
    return context


def _tab(request: HttpRequest, context: dict[str, Any]) -> str:
    wanted = request.GET.get("tab", "")
    has_task = context["task"] or context["held"] or context["refusal"]
    if (
        wanted in TABS
        and (wanted != "task" or has_task)
        and not context["refusal"]
        and not context["refused_act"]
    ):
        return wanted
    is_refused = context["refusal"] or context["refused_act"]
    if context["task"] or is_refused or any(one.may_take_back for one in context["held"]):
        return "task"
    return "documents" if context["reports"] else "images"
