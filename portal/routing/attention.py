"""What needs attention: series for which not all could be done that the table asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.privileges import Privilege
from integrations.routing.models import RoutingDecision
from integrations.routing.selectors import DAYS_TO_MEND, decisions_to_mend
from portal.gate import opened_by
from portal.listing import page_of
from portal.routing.words import PROBLEM
from portal.shell.person import person_of


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that could not be done: what was wanted, and why not. `detail` is as it was written down."""

    code: str
    sentence: Any
    detail: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Row:
    """A decision with its problems; `numbers` are the rows of the table that asked for what failed."""

    decision: RoutingDecision
    problems: list[Problem]
    numbers: str


@opened_by(Privilege.MANAGE_ROUTING)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Series of the last weeks for which something could not be done, newest first."""
    found = decisions_to_mend(person_of(request))
    page = page_of(request, found.select_related("version__table", "site").defer("version__xml"))
    context = {
        "page": page,
        "rows": [row_of(decision) for decision in page.rows],
        "count": found.count(),
        "days": DAYS_TO_MEND,
    }
    return render(request, "portal/routing/attention.html", context)


def row_of(decision: RoutingDecision) -> Row:
    numbers = sorted({number for one in decision.problems for number in one.get("rows", [])})
    return Row(decision, [problem_of(one) for one in decision.problems], ", ".join(map(str, numbers)))


def problem_of(written: dict[str, Any]) -> Problem:
    """A problem in words; one without words of its own speaks as it was written down."""
    code, detail = str(written.get("code", "")), str(written.get("detail", ""))
    sentence = PROBLEM.get(code)
    wanted = str(written.get("for") or "")
    return Problem(code, sentence or detail or code, detail if sentence and not wanted else "", wanted)
