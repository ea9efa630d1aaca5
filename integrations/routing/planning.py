"""From what a table asks of a series to what is to be done: shipments, a tier, a template, a process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from accounts.actors import SystemActor
from archive.lifecycle.routed import place_series
from archive.studies.models import Series, Study
from common.errors import ServiceError
from events.services import publish
from integrations.routing.actions import Action
from integrations.routing.destinations import destinations_named, group_meant
from integrations.routing.models import Destination, RoutingDecision
from integrations.routing.queueing import queue_series
from workflows.services import start_process

ACTOR = SystemActor("routing")


@dataclass(frozen=True, slots=True)
class Shipment:
    """What is to be queued: a series, a destination, and what is done to the objects on the way."""

    destination: Destination
    series: Series
    transforms: tuple[dict[str, Any], ...]
    group: str


@dataclass(slots=True)
class Plan:
    """What is to be queued, what was done, and what could not be done."""

    urgency: int
    shipments: dict[tuple[int, int], Shipment] = field(default_factory=dict)
    actions: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)

    def ship(self, destination: Destination, series: Series, action: Action) -> None:
        """Add a shipment; of two ways of sending the same series to the same place the first stays."""
        group = group_meant(destination, action.destination)
        shipment = Shipment(destination, series, action.transforms, group)
        self.shipments.setdefault((destination.pk, series.pk), shipment)


def plan_action(action: Action, series: Series, decision: RoutingDecision, plan: Plan) -> None:
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


def _plan_sending(action: Action, series: Series, _decision: RoutingDecision, plan: Plan) -> None:
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


def _place(action: Action, series: Series, decision: RoutingDecision, plan: Plan) -> None:
    """Have the bytes of the series lie on a tier of storage; the move follows by the archive's own duties."""
    is_news = place_series(series, tier=action.storage_tier, cause=decision.uid)
    plan.actions.append({"rows": list(action.rows), "storage_tier": action.storage_tier, "is_news": is_news})


def _request_template(action: Action, series: Series, decision: RoutingDecision, plan: Plan) -> None:
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


def _start_process(action: Action, series: Series, _decision: RoutingDecision, plan: Plan) -> None:
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


def queue_planned(plan: Plan, decision: RoutingDecision) -> None:
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
