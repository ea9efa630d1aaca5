"""Routing a series: ask the table in force, write down what it said, and put objects on their way - at once.

Facts, decision and deliveries are written in the transaction in hand, so that none is without the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import transaction

from accounts.actors import SystemActor
from accounts.audit import record_audit
from accounts.models import Site
from archive.lifecycle.routed import place_series
from archive.studies.facts import series_facts_for_routing
from archive.studies.models import Series, Study
from common import clock
from common.errors import ServiceError
from events.services import publish
from events.tracing import trace
from integrations.routing.actions import Action, Verdict
from integrations.routing.destinations import destinations_named, group_meant
from integrations.routing.models import (
    Destination,
    RecordedFacts,
    RoutingDecision,
    RoutingTableVersion,
)
from integrations.routing.queueing import queue_series, urgency_of
from integrations.routing.rules import ask, load_table
from workflows.services import start_process

log = structlog.get_logger(__name__)

ACTOR = SystemActor("routing")


@dataclass(frozen=True, slots=True)
class _Shipment:
    """What is to be queued: a series, a destination, and what is done to the objects on the way."""

    destination: Destination
    series: Series
    transforms: tuple[dict[str, Any], ...]
    group: str


@dataclass(slots=True)
class _Plan:
    urgency: int
    shipments: dict[tuple[int, int], _Shipment] = field(default_factory=dict)
    actions: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)

    def ship(self, destination: Destination, series: Series, action: Action) -> None:
        """Add a shipment; of two ways of sending the same series to the same place the first stays."""
        group = group_meant(destination, action.destination)
        shipment = _Shipment(destination, series, action.transforms, group)
        self.shipments.setdefault((destination.pk, series.pk), shipment)


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
        plan = _Plan(urgency_of(study), problems=list(verdict.problems))
        for action in verdict.actions:
            _plan(action, series, decision, plan)
        _queue(plan, decision)
        decision.actions, decision.problems = plan.actions, plan.problems
        decision.save(update_fields=["actions", "problems"])
        _tell(decision)
    return decision


def _plan(action: Action, series: Series, decision: RoutingDecision, plan: _Plan) -> None:
    """Work out what one wish of the table means; what cannot be done is written down and spares the rest."""
    steps = (
        (action.destination, _plan_sending),
        (action.storage_tier, _place),
        (action.template, _request_template),
        (action.process, _start_process),
    )
    for wanted, step in steps:
        if not wanted:
            continue
        try:
            with transaction.atomic():
                step(action, series, decision, plan)
        except ServiceError as error:
            plan.problems.append(
                {"code": error.code, "detail": error.message[:200], "rows": list(action.rows), "for": wanted}
            )


def _plan_sending(action: Action, series: Series, _decision: RoutingDecision, plan: _Plan) -> None:
    study = series.study
    found = destinations_named(
        action.destination,
        site=study.site,
        study_instance_uid=study.study_instance_uid,
        is_thin=series.is_thin_slice,
    )
    priors = _priors(study, action.priors) if action.priors else []
    for destination in found:
        for one in (series, *priors):
            plan.ship(destination, one, action)
    plan.actions.append(
        {**action.as_json(), "sent_to": [one.key for one in found], "prior_series": len(priors)}
    )


def _priors(study: Study, count: int) -> list[Series]:
    """The series of the patient's latest other studies, the newest study first."""
    others = Study.objects.filter(patient_id=study.patient_id).exclude(pk=study.pk)
    newest = list(others.order_by("-study_date", "-pk").values_list("pk", flat=True)[:count])
    series = Series.objects.select_related("study").filter(study__in=newest)
    return sorted(series, key=lambda one: (newest.index(one.study_id), one.series_number or 0, one.pk))


def _place(action: Action, series: Series, decision: RoutingDecision, plan: _Plan) -> None:
    """Have the bytes of the series lie on a tier of storage; the move follows by the archive's own duties."""
    is_news = place_series(series, tier=action.storage_tier, cause=decision.uid)
    plan.actions.append({"rows": list(action.rows), "storage_tier": action.storage_tier, "is_news": is_news})


def _request_template(action: Action, series: Series, decision: RoutingDecision, plan: _Plan) -> None:
    """Ask for post-processing by an event: who computes listens to it, and runs it once for each decision."""
    publish(
        "TemplateRequested",
        {
            "template": action.template,
            "site_code": series.study.site.code,
            "cause": str(decision.uid),
        },
        subjects={"series": series.series_instance_uid, "study": series.study.study_instance_uid},
    )
    plan.actions.append({"rows": list(action.rows), "template": action.template})


def _start_process(action: Action, series: Series, _decision: RoutingDecision, plan: _Plan) -> None:
    study = series.study
    subjects = {"study": study.study_instance_uid, "patient": str(study.patient.uid)}
    if study.order is not None:
        subjects["order"] = str(study.order.uid)
    instance = start_process(
        action.process,
        data={
            "series_instance_uid": series.series_instance_uid,
            "study_instance_uid": study.study_instance_uid,
            "modality": series.modality,
            "site_code": study.site.code,
        },
        site=study.site,
        subjects=subjects,
        start_key=f"routing:{action.process}:{series.series_instance_uid}",
        actor=ACTOR,
    )
    plan.actions.append({"rows": list(action.rows), "process": action.process, "case": str(instance.uid)})


def _queue(plan: _Plan, decision: RoutingDecision) -> None:
    """Queue in the order of destinations, so that two decisions at once cannot lock each other up.

    Earlier studies are as urgent as the one they are fetched for.
    """
    counts: dict[str, int] = {}
    for _, shipment in sorted(plan.shipments.items(), key=lambda pair: pair[0][0]):
        queued = queue_series(
            shipment.series,
            destination=shipment.destination,
            decision=decision,
            transforms=shipment.transforms,
            group=shipment.group,
            urgency=plan.urgency,
        )
        counts[shipment.destination.key] = counts.get(shipment.destination.key, 0) + queued
    for action in plan.actions:
        if "sent_to" in action:
            action["queued"] = {key: counts.get(key, 0) for key in action["sent_to"]}


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
