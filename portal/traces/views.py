from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.audit import record_audit
from portal.shell.person import person_of
from portal.traces.gathering import lines_of


@login_required
@require_safe
def page(request: HttpRequest, trace_id: uuid.UUID) -> HttpResponse:
    """Everything under one trace id that the person may see; 404 where that is nothing."""
    person = person_of(request)
    lines = lines_of(person, trace_id)
    if not lines:
        raise Http404
    record_audit(person, "trace.opened", object_kind="trace", object_uid=str(trace_id))
    return render(request, "portal/traces/trace.html", {"trace_id": trace_id, "lines": lines})
