"""Writing a script: the draft, its tests, and putting it in force."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages as told
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.privileges import Privilege
from common.errors import InvalidInput, ServiceError
from portal.gate import opened_by
from portal.scripts.views import as_text
from portal.shell.person import person_of
from portal.shell.posted import typed
from workflows.scripting import check_script
from workflows.scripting.library.models import ScriptVersion
from workflows.scripting.library.selectors import visible_scripts
from workflows.scripting.library.services import discard_draft, publish_script, save_draft
from workflows.scripting.library.testing import check_tests, run_tests

EXAMPLE = "accession = prefix.upper() + '-' + f'{number:05d}'\n"
EXAMPLE_TESTS = [
    {"name": "five digits", "data": {"prefix": "ct", "number": 42}, "gives": {"accession": "CT-00042"}}
]

_FIELDS = ("source", "tests", "note")


@dataclass
class Form:
    """What stands in the fields, as typed, and what is wrong with it."""

    name: str = ""
    source: str = ""
    tests: str = ""
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def posted(cls, request: HttpRequest, name: str = "") -> Form:
        source, tests, note = (typed(request, key).replace("\r\n", "\n") for key in _FIELDS)
        return cls(name or typed(request, "name").strip(), source, tests, note)

    @classmethod
    def of(cls, version: ScriptVersion) -> Form:
        note = version.note if version.state == ScriptVersion.State.DRAFT else ""
        return cls(
            version.name, version.source, json.dumps(version.tests, ensure_ascii=False, indent=2), note
        )

    def parsed_tests(self) -> Any:
        """The tests as JSON. Raises InvalidInput where they are none."""
        try:
            return json.loads(self.tests or "[]")
        except (ValueError, RecursionError) as error:
            sentence = _("The tests are not JSON.")
            raise InvalidInput(sentence, code="BAD_TESTS", fields={"tests": sentence}) from error


@opened_by(Privilege.DESIGN_PROCESSES)
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Begin a script."""
    if request.method == "POST":
        form = Form.posted(request)
        if visible_scripts(person_of(request)).filter(name=form.name).exists():
            form.errors["name"] = _("There is such a script already.")
            return _page(request, form, is_new=True)
        return _save(request, form, is_new=True)
    tests = json.dumps(EXAMPLE_TESTS, indent=2)
    return _page(request, Form(source=EXAMPLE, tests=tests), is_new=True)


@opened_by(Privilege.DESIGN_PROCESSES)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Change a script's draft; where there is none, one begins from the version in force."""
    latest = visible_scripts(person_of(request)).filter(name=name).order_by("-number").first()
    if latest is None:
        raise Http404
    if request.method == "POST":
        return _save(request, Form.posted(request, name), is_new=False)
    return _page(request, Form.of(latest), is_new=False)


@opened_by(Privilege.DESIGN_PROCESSES)
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Run the tests as they stand in the fields, saved or not."""
    form, person = Form.posted(request), person_of(request)
    name = form.name[:60] or "draft"
    try:
        tests = check_tests(form.parsed_tests())
        check_script(form.source, name=name, actor=person)
        results = run_tests(form.source, tests, name=name, actor=person)
    except ServiceError as refusal:
        context = {"refusal": refusal.message, "line": getattr(refusal, "line", None)}
        return render(request, "portal/scripts/_results.html", context)
    rows = [(each, as_text(each.expected), each.refusal or as_text(each.given)) for each in results]
    return render(request, "portal/scripts/_results.html", {"rows": rows})


@opened_by(Privilege.DESIGN_PROCESSES)
@require_POST
def publish(request: HttpRequest, name: str) -> HttpResponse:
    """Put the draft in force, if its tests pass."""
    draft = _draft(request, name)
    if draft is None:
        told.error(request, _("There is no draft to publish."))
        return redirect("script", name=name)
    try:
        published = publish_script(draft, actor=person_of(request))
    except ServiceError as refusal:
        told.error(request, refusal.message)
    else:
        told.success(request, _("Version %(number)s is in force.") % {"number": published.number})
    return redirect("script", name=name)


@opened_by(Privilege.DESIGN_PROCESSES)
@require_POST
def discard(request: HttpRequest, name: str) -> HttpResponse:
    """Throw the draft away; the version in force stays."""
    draft = _draft(request, name)
    if draft is not None:
        discard_draft(draft, actor=person_of(request))
        told.success(request, _("The draft was thrown away."))
    is_left = visible_scripts(person_of(request)).filter(name=name).exists()
    return redirect("script", name=name) if is_left else redirect("scripts")


def _save(request: HttpRequest, form: Form, *, is_new: bool) -> HttpResponse:
    person = person_of(request)
    try:
        tests = form.parsed_tests()
        save_draft(form.name, source=form.source, tests=tests, note=form.note, actor=person)
    except InvalidInput as refusal:
        form.errors = refusal.fields or {"source": refusal.message}
        return _page(request, form, is_new=is_new)
    except ServiceError as refusal:
        form.errors = {"source": refusal.message}
        return _page(request, form, is_new=is_new)
    told.success(request, _("The draft is kept."))
    return redirect("script", name=form.name)


def _page(request: HttpRequest, form: Form, *, is_new: bool) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "portal/scripts/write.html", {"form": form, "is_new": is_new}, status=status)


def _draft(request: HttpRequest, name: str) -> ScriptVersion | None:
    found = visible_scripts(person_of(request)).filter(name=name, state=ScriptVersion.State.DRAFT)
    return found.first()
