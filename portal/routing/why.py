"""Why the series of a study went where they went: the table, its version, the row, and the values it asked for."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Person
from accounts.privileges import Privilege
from archive.studies.models import Series, Study
from archive.studies.selectors import visible_studies
from integrations.routing.models import RoutingDecision
from integrations.routing.selectors import Explanation, progress_of, visible_decisions
from portal.gate import opened_by
from portal.routing.gathering import Why, whys_of
from portal.shell.person import person_of, standing_of

MOST_DECISIONS = 200


@dataclass(frozen=True, slots=True)
class Routed:
    """A series with the decisions about it, the newest first."""

    series: Series
    whys: list[Why]


@login_required
@require_safe
def of_study(request: HttpRequest, study_uid: str) -> HttpResponse:
    """A part of the study's page: each series with the decisions about it."""
    person = person_of(request)
    study = get_object_or_404(visible_studies(person), study_instance_uid=study_uid)
    context = {
        "routed": routed_of(study, person),
        "may_manage": Privilege.MANAGE_ROUTING in standing_of(request).privileges,
    }
    return render(request, "portal/routing/_why.html", context)


@opened_by(Privilege.MANAGE_ROUTING)
@require_safe
def of_series(request: HttpRequest, series_uid: str) -> HttpResponse:
    """Every decision about a series, for those who manage routing and need not see the images. UIDs and codes only."""
    person = person_of(request)
    decisions = list(
        visible_decisions(person)
        .filter(series_instance_uid=series_uid.replace("\0", ""))
        .select_related("version__table", "site")
        .defer("version__xml")
        .order_by("-pk")[:MOST_DECISIONS]
    )
    if not decisions:
        raise Http404
    progress = progress_of([series_uid])
    context = {
        "series_uid": series_uid,
        "study_uid": decisions[0].study_instance_uid,
        "whys": whys_of([_explained(one, progress.get(one.pk, {})) for one in decisions]),
        "may_view": Privilege.VIEW_STUDIES in standing_of(request).privileges,
    }
    return render(request, "portal/routing/series.html", context)


def routed_of(study: Study, person: Person) -> list[Routed]:
    """Every series of a study, with why it went where it went. Three statements."""
    decisions = list(
        visible_decisions(person)
        .filter(study_instance_uid=study.study_instance_uid)
        .select_related("version__table", "site")
        .defer("version__xml")
        .order_by("-decided_at", "-pk")[:MOST_DECISIONS]
    )
    series = list(study.series.order_by("series_number", "pk"))
    progress = progress_of([one.series_instance_uid for one in series])
    by_series: dict[str, list[Explanation]] = {}
    for decision in decisions:
        explained = _explained(decision, progress.get(decision.pk, {}))
        by_series.setdefault(decision.series_instance_uid, []).append(explained)
    return [Routed(one, whys_of(by_series.get(one.series_instance_uid, []))) for one in series]


def _explained(decision: RoutingDecision, progress: dict[str, dict[str, int]]) -> Explanation:
    version = decision.version
    return Explanation(
        decision, version.table if version else None, version.number if version else None,
        decision.matched, decision.actions, decision.problems, {}, progress,
    )  # fmt: skip
