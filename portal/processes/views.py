"""Processes for workflow designers: their versions, what keeps one from running, its drawing, and its fate."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.privileges import Privilege
from common.errors import InvalidInput
from portal.acting import act
from portal.downloads import as_download
from portal.gate import opened_by
from portal.listing import page_of
from portal.processes.gathering import blocked_in, contents_of, drawing_of, remarked_in, state_of
from portal.shell.person import person_of
from workflows.deployment import bundles
from workflows.deployment.bundle_files import MAX_BUNDLE_BYTES, as_archive, diagram_of, read_upload
from workflows.deployment.definitions import visible_definitions
from workflows.models import ProcessDefinition

designing = opened_by(Privilege.DESIGN_PROCESSES)
VERSIONS_SHOWN = 20


@designing
@require_safe
def processes(request: HttpRequest) -> HttpResponse:
    """Every version of every process, newest first."""
    return _list(request)


@designing
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Keep a file or bundle as a version, and show what keeps it from running."""
    sent = request.FILES.get("file")
    try:
        if sent is None or sent.size is None or sent.size > MAX_BUNDLE_BYTES:
            sentence = _("Choose a .bpmn file, or a zip archive of a bundle, of 8 MB at most.")
            raise InvalidInput(sentence, fields={"bundle": sentence})
        files = read_upload(str(sent.name), sent.read())
        kept = bundles.keep_bundle(files, actor=person_of(request))
    except InvalidInput as refusal:
        return _list(request, refusal=refusal.message, status=422)
    return redirect("process", pk=kept.pk)


@designing
@require_safe
def process(request: HttpRequest, pk: int) -> HttpResponse:
    """One version: its drawing, its problems by element, its files and its brothers."""
    found = _found(request, pk)
    versions = visible_definitions(person_of(request)).filter(key=found.key).defer("files")
    blocked = blocked_in(found)
    context = {
        "definition": found,
        "state": state_of(found),
        "blocked": blocked,
        "remarked": remarked_in(found),
        "contents": contents_of(found),
        "files": sorted(found.files),
        "versions": [(each, state_of(each)) for each in versions.order_by("-version")[:VERSIONS_SHOWN]],
        "may_deploy": not found.is_active and not blocked,
        "may_retire": found.status == ProcessDefinition.Status.DEPLOYED,
    }
    return render(request, "portal/processes/process.html", context)


@designing
@require_safe
def diagram(request: HttpRequest, pk: int) -> JsonResponse:
    """The drawing, with the elements that keep the version from running."""
    return JsonResponse(drawing_of(_found(request, pk)))


@designing
@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """The BPMN file, as it came."""
    found = _found(request, pk)
    content = diagram_of(found.files).encode()
    return as_download(content, f"{found.key}.bpmn", "application/xml; charset=utf-8")


@designing
@require_safe
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """Every file of the version, as an archive that can be uploaded again."""
    found = _found(request, pk)
    return as_download(as_archive(found.files), f"{found.key}-{found.version}.zip", "application/zip")


@designing
@require_POST
def deploy(request: HttpRequest, pk: int) -> HttpResponse:
    """Let new cases run on the version."""
    found = _found(request, pk)
    sentence = _("New cases run on version %(number)d.") % {"number": found.version}
    return act(request, lambda: bundles.deploy(found, actor=person_of(request)), sentence, "process", pk=pk)


@designing
@require_POST
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Let no new case begin on the version."""
    found = _found(request, pk)
    sentence = _("No new case begins on this version; running ones go on to their end.")
    return act(request, lambda: bundles.retire(found, actor=person_of(request)), sentence, "process", pk=pk)


def _list(request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
    found = visible_definitions(person_of(request)).defer("files")
    page = page_of(request, found)
    rows = [(each, state_of(each)) for each in page.rows]
    context = {"page": page, "rows": rows, "refusal": refusal}
    return render(request, "portal/processes/processes.html", context, status=status)


def _found(request: HttpRequest, pk: int) -> ProcessDefinition:
    return get_object_or_404(visible_definitions(person_of(request)), pk=pk)
