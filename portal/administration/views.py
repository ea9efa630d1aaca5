"""The audit trail: who did what to which object, sealed into a chain or still to be."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.audit import first_broken_position
from accounts.models import AuditEvent
from accounts.privileges import Privilege
from accounts.selectors import visible_audit_events
from portal.cases.words import Word
from portal.gate import opened_by
from portal.listing import page_of
from portal.shell.person import person_of
from portal.shell.posted import in_address


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What the trail is narrowed to; all of it stands in the address."""

    study: str
    actor: str
    action: str
    trace: str
    trace_id: uuid.UUID | None
    problem: str

    @property
    def is_narrow(self) -> bool:
        return bool(self.study or self.actor or self.action or self.trace)


@opened_by(Privilege.VIEW_AUDIT)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """The trail, newest first. `check=1` follows the chain from its first line to its last."""
    asked = trail_filter(request)
    page = page_of(request, _narrowed(visible_audit_events(person_of(request)), asked))
    context = {
        "page": page,
        "asked": asked,
        "verdict": chain_verdict() if request.GET.get("check") == "1" else None,
    }
    return render(request, "portal/administration/audit.html", context, status=400 if asked.problem else 200)


def trail_filter(request: HttpRequest) -> TrailFilter:
    """The filter in the address; a trace id that is none is named as a problem."""
    study, actor, action, trace = (
        in_address(request, name, most=80) for name in ("study", "actor", "action", "trace")
    )
    trace_id, problem = None, ""
    try:
        trace_id = uuid.UUID(trace) if trace else None
    except ValueError:
        problem = _("A trace id looks like 123e4567-e89b-12d3-a456-426614174000.")
    return TrailFilter(study, actor, action, trace, trace_id, problem)


def chain_verdict() -> Word:
    """Whether every sealed line follows from the one before it."""
    broken = first_broken_position()
    if broken is None:
        return Word(_("The chain is whole: every sealed line follows from the one before."), "lock", "ok")
    return Word(
        _("The chain is broken at line %(position)d: a line was changed or is missing.")
        % {"position": broken},
        "shield-alert",
        "critical",
    )


def _narrowed(events: QuerySet[AuditEvent], asked: TrailFilter) -> QuerySet[AuditEvent]:
    wanted = {"study_instance_uid": asked.study, "actor": asked.actor, "trace_id": asked.trace_id}
    events = events.filter(**{name: value for name, value in wanted.items() if value})
    return events.filter(action__startswith=asked.action) if asked.action else events
