"""The script library to read: what there is, and who put which version in force."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.privileges import Privilege
from portal.cases.words import Word
from portal.gate import opened_by
from portal.scripts.words import VERSION
from portal.shell.person import person_of
from workflows.scripting.library.models import ScriptVersion
from workflows.scripting.library.selectors import visible_scripts

LISTED = 200
VERSIONS_SHOWN = 30
State = ScriptVersion.State


@dataclass
class Row:
    """A script with the version in force and the draft, as far as there are any."""

    name: str
    in_force: ScriptVersion | None = None
    draft: ScriptVersion | None = None


@opened_by(Privilege.DESIGN_PROCESSES)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every script, by name."""
    rows: dict[str, Row] = {}
    found = visible_scripts(person_of(request)).exclude(state=State.RETIRED).defer("source", "tests")
    for version in found.order_by("name")[: 2 * LISTED]:
        row = rows.setdefault(version.name, Row(version.name))
        if version.state == State.DRAFT:
            row.draft = version
        else:
            row.in_force = version
    return render(request, "portal/scripts/scripts.html", {"rows": list(rows.values())[:LISTED]})


@opened_by(Privilege.DESIGN_PROCESSES)
@require_safe
def script(request: HttpRequest, name: str) -> HttpResponse:
    """A script: what it says in force, or in its draft where it never was, and its versions."""
    versions = list(
        visible_scripts(person_of(request)).filter(name=name).order_by("-number")[:VERSIONS_SHOWN]
    )
    if not versions:
        raise Http404
    in_force = next((one for one in versions if one.state == State.PUBLISHED), None)
    context: dict[str, Any] = {
        "name": name,
        "draft": next((one for one in versions if one.state == State.DRAFT), None),
        "in_force": in_force,
        "versions": [(one, VERSION[one.state]) for one in versions],
        "shown": shown(in_force or versions[0]),
    }
    return render(request, "portal/scripts/script.html", context)


@opened_by(Privilege.DESIGN_PROCESSES)
@require_safe
def version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """One version to read."""
    found = get_object_or_404(visible_scripts(person_of(request)), name=name, number=number)
    return render(request, "portal/scripts/version.html", {"name": name, "shown": shown(found)})


@dataclass(frozen=True, slots=True)
class Shown:
    """A version as a page reads it out."""

    version: ScriptVersion
    state: Word
    lines: list[str]
    tests: list[tuple[str, str, str]]


def shown(version: ScriptVersion) -> Shown:
    """The lines of the source, and each test as name, data and expectation."""
    tests = [
        (test["name"], as_text(test["data"]), test.get("ends") or as_text(test["gives"]))
        for test in version.tests
    ]
    return Shown(version, VERSION[version.state], version.source.splitlines(), tests)


def as_text(value: Any) -> str:
    """JSON for people: letters of every script as themselves."""
    return json.dumps(value, ensure_ascii=False)
