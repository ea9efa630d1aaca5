"""What came, what left, what was refused and what stands still: pages a person looks at when it matters."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages as told
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import record_audit
from accounts.privileges import Privilege
from archive.studies.selectors import visible_rejected_objects
from common.diagram_names import name_in_words
from events.models import Delivery
from integrations.hl7.models import MessageLog
from integrations.hl7.selectors import visible_messages
from portal.acting import act
from portal.cases.words import Word, word
from portal.gate import opened_by
from portal.integration.segments import message_view
from portal.integration.selectors import visible_failed_deliveries, visible_incidents
from portal.integration.standstill import MANAGERS, standing_still
from portal.integration.words import DIRECTION, INCIDENT_OPEN, INCIDENT_RESOLVED, MESSAGE, STANDSTILL
from portal.listing import page_of
from portal.operators import may_operate
from portal.shell.person import person_of, standing_of
from portal.shell.posted import in_address
from workflows.models import Incident, ServiceTaskRun
from workflows.selectors import visible_cases
from workflows.services import retry_service_task


@dataclass(frozen=True, slots=True)
class MessageRow:
    message: MessageLog
    direction: Word
    state: Word


@dataclass(frozen=True, slots=True)
class IncidentRow:
    incident: Incident
    state: Word
    case_name: str


@opened_by(Privilege.VIEW_MESSAGES)
@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    """HL7 messages, newest first, without their content."""
    wanted = {name: in_address(request, name) for name in ("direction", "status")}
    control_id = in_address(request, "control_id", most=199)
    found = visible_messages(person_of(request)).defer("raw", "answer")
    found = found.filter(**{name: value for name, value in wanted.items() if value})
    if control_id:
        found = found.filter(control_id=control_id)
    page = page_of(request, found)
    context = {
        "page": page,
        "rows": [_message_row(message) for message in page.rows],
        "wanted": {**wanted, "control_id": control_id},
        "directions": MessageLog.Direction.choices,
        "statuses": MessageLog.Status.choices,
        "is_narrow": bool(control_id or any(wanted.values())),
    }
    return render(request, "portal/integration/messages.html", context)


@opened_by(Privilege.VIEW_MESSAGES)
@require_safe
def message(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """One message by segments, and its answer. Opening it leaves a line in the audit trail."""
    person = person_of(request)
    found = get_object_or_404(visible_messages(person), uid=uid)
    record_audit(
        person, "message.opened", object_kind="message", object_uid=str(found.uid),
        site_code=found.site.code if found.site else "",
    )  # fmt: skip
    character_set = found.link.character_set if found.link else ""
    context = {
        "row": _message_row(found),
        "message": found,
        "content": message_view(bytes(found.raw), character_set=character_set),
        "answer": message_view(bytes(found.answer), character_set=character_set),
    }
    return render(request, "portal/integration/message.html", context)


@opened_by(Privilege.VIEW_MESSAGES)
@require_safe
def rejected_objects(request: HttpRequest) -> HttpResponse:
    """Objects the archive refused, newest first, each with its reason."""
    found = visible_rejected_objects(person_of(request)).select_related("site")
    if code := in_address(request, "code", most=80):
        found = found.filter(code=code)
    context = {"page": page_of(request, found), "code": code}
    return render(request, "portal/integration/rejected_objects.html", context)


@opened_by(Privilege.VIEW_MESSAGES)
@require_safe
def rejected_object(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(visible_rejected_objects(person_of(request)).select_related("site"), pk=pk)
    return render(request, "portal/integration/rejected_object.html", {"rejected": found})


@opened_by(Privilege.VIEW_MESSAGES)
@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    """Events that a subscriber refused for good or failed to take twelve times."""
    context = {"page": page_of(request, visible_failed_deliveries(person_of(request)))}
    return render(request, "portal/integration/deliveries.html", context)


@opened_by(Privilege.VIEW_MESSAGES)
@require_safe
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(visible_failed_deliveries(person_of(request)), pk=pk)
    siblings = Delivery.objects.filter(event_uid=found.event_uid).order_by("subscriber")
    return render(request, "portal/integration/delivery.html", {"delivery": found, "siblings": siblings})


@login_required
@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """What stands still and needs a person; with `show=all` what was resolved, too."""
    is_all = request.GET.get("show") == "all"
    found = visible_incidents(person_of(request)).select_related("instance__definition", "instance__site")
    found = found.defer("instance__state", "instance__definition__files")
    if not is_all:
        found = found.filter(resolved_at=None)
    page = page_of(request, found)
    context = {
        "page": page,
        "rows": [_incident_row(one) for one in page.rows],
        "is_all": is_all,
        "sees_messages": Privilege.VIEW_MESSAGES in standing_of(request).privileges,
        "operates": Privilege.OPERATE_CASES in standing_of(request).privileges,
        "sees_gateway": bool(MANAGERS & standing_of(request).privileges),
    }
    return render(request, "portal/integration/incidents.html", context)


@opened_by(*MANAGERS)
@require_safe
def gateway(request: HttpRequest) -> HttpResponse:
    """A part of the page of incidents: what of the gateway stands still, the longest first."""
    found = standing_still(person_of(request), standing_of(request).privileges)
    context = {"found": found, "rows": [(row, word(STANDSTILL, row.kind)) for row in found.rows]}
    return render(request, "portal/integration/_gateway.html", context)


@login_required
@require_safe
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    person = person_of(request)
    found = get_object_or_404(
        visible_incidents(person)
        .select_related("instance__definition", "instance__site")
        .defer("instance__state", "instance__definition__files"),
        pk=pk,
    )
    context = {
        "row": _incident_row(found),
        "incident": found,
        "may_open_case": visible_cases(person).filter(pk=found.instance_id).exists(),
        "may_operate": may_operate(person, found.instance),
        "may_retry": _failed_step(found) is not None and may_operate(person, found.instance),
    }
    return render(request, "portal/integration/incident.html", context)


@login_required
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the failed step of an incident tried again; the trail tells who asked for it."""
    person = person_of(request)
    found = get_object_or_404(visible_incidents(person).select_related("instance"), pk=pk)
    if not may_operate(person, found.instance):
        raise Http404
    step = _failed_step(found)
    if step is None:
        told.error(request, _("This step has not failed."))
        return redirect("incident", pk=pk)
    return act(
        request,
        lambda: retry_service_task(step.uid, actor=person),
        _("The step is tried again. If it fails, a new incident opens."),
        "incident",
        pk=pk,
    )


def _failed_step(incident: Incident) -> ServiceTaskRun | None:
    """The step that an incident is about, if it failed for good and can be tried again."""
    if incident.task_uid is None:
        return None
    return ServiceTaskRun.objects.filter(uid=incident.task_uid, status=ServiceTaskRun.Status.FAILED).first()


def _message_row(found: MessageLog) -> MessageRow:
    return MessageRow(found, word(DIRECTION, found.direction), word(MESSAGE, found.status))


def _incident_row(found: Incident) -> IncidentRow:
    state = INCIDENT_RESOLVED if found.resolved_at else INCIDENT_OPEN
    return IncidentRow(found, state, name_in_words(found.instance.definition.name))
