"""Routing a series: ask the table in force, write down what it said, and put objects on their way - at once.

Facts, decision and deliveries are written in the transaction in hand, so that none is without the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from django.db import transaction

from accounts.audit import record_audit
from accounts.models import Site
from archive.studies.facts import series_facts_for_routing
from archive.studies.models import Series
from common import clock
from common.errors import ServiceError
from events.tracing import trace
from integrations.routing.actions import Verdict
from integrations.routing.models import (
    RecordedFacts,
    RoutingDecision,
    RoutingTableVersion,
)
from integrations.routing.planning import ACTOR, Plan, plan_action, queue_planned
from integrations.routing.queueing import urgency_of
from integrations.routing.rules import ask, load_table

log = structlog.get_logger(__name__)


def version_in_force(site: Site | None) -> RoutingTableVersion | None:
    """The published version of the site's table; of the region's table where the site has none in force."""
    published = RoutingTableVersion.objects.select_related("table").filter(
        state=RoutingTableVersion.State.PUBLISHED
    )
    own = published.filter(table__site=site).first() if site is not None else None
    return own or published.filter(table__site=None).first()


def verdict_of(version: RoutingTableVersion | None, facts: dict[str, Any]) -> Verdict:
    """What a version says; one that can no longer be read says so as its problem."""
    if version is None:
        return Verdict()
    try:
        return ask(load_table(version.xml), facts)
    except ServiceError as error:
        return Verdict(problems=[{"code": error.code, "detail": error.message[:200]}])


def route_series(series: Series, *, event: str = "SeriesComplete") -> RoutingDecision:
    """Ask the table of the series' site, and put on the way what it asks for.

    Routed again, because late instances came, only objects go that the destinations have not got.
    """
    study = series.study
    with trace(study.trace_id), transaction.atomic():
        version = version_in_force(study.site)
        facts = series_facts_for_routing(series, event=event)
        verdict = verdict_of(version, facts)
        decision = RoutingDecision(
            series_instance_uid=series.series_instance_uid,
            study_instance_uid=study.study_instance_uid,
            site=study.site,
            version=version,
            facts=RecordedFacts.objects.create(
                series_instance_uid=series.series_instance_uid,
                site=study.site,
                facts=facts,
                recorded_at=clock.now(),
            ),
            event=event,
            matched=verdict.matched,
            decided_at=clock.now(),
            trace_id=study.trace_id,
        )
        decision.save()
        plan = Plan(urgency_of(study), problems=list(verdict.problems))
        for action in verdict.actions:
            plan_action(action, series, decision, plan)
        queue_planned(plan, decision)
        decision.actions, decision.problems = plan.actions, plan.problems
        decision.save(update_fields=["actions", "problems"])
        _tell(decision)
    return decision


def _tell(decision: RoutingDecision) -> None:
    rows = [match["row"] for match in decision.matched]
    if decision.problems:
        log.warning(
            "routing.problems",
            series_instance_uid=decision.series_instance_uid,
            codes=_codes(decision.problems),
        )
    if not (decision.actions or decision.problems):
        return
    record_audit(
        ACTOR, "series.routed", object_kind="series", object_uid=decision.series_instance_uid,
        study_instance_uid=decision.study_instance_uid, site_code=decision.site.code,
        rows=rows, version=decision.version.number if decision.version else 0,
        destinations=sorted({key for action in decision.actions for key in action.get("sent_to", [])}),
        storage_tier=next((one["storage_tier"] for one in decision.actions if "is_news" in one), ""),
        problems=_codes(decision.problems),
    )  # fmt: skip


def _codes(problems: Sequence[dict[str, Any]]) -> list[str]:
    return [str(problem["code"]) for problem in problems]
