"""Performed procedure steps: a modality starts a step, tells what it made, and completes or discontinues it.

Reference  PS3.4 §F.7 (Modality Performed Procedure Step), IHE RAD-6, RAD-7
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from archive.orders.models import Order, PerformedProcedureStep, ScheduledProcedureStep
from common import clock
from common.errors import Conflict, NotFound
from events.services import publish
from events.tracing import current_trace, trace

Status = PerformedProcedureStep.Status
_STEP = {
    Status.IN_PROGRESS: ScheduledProcedureStep.Status.STARTED,
    Status.COMPLETED: ScheduledProcedureStep.Status.COMPLETED,
    Status.DISCONTINUED: ScheduledProcedureStep.Status.DISCONTINUED,
}
_EVENTS = {
    Status.IN_PROGRESS: "ProcedureStepStarted",
    Status.COMPLETED: "ProcedureStepCompleted",
    Status.DISCONTINUED: "ProcedureStepDiscontinued",
}
_MAY_CHANGE = {
    Order.Status.SCHEDULED,
    Order.Status.IN_PROGRESS,
    Order.Status.PERFORMED,
    Order.Status.DISCONTINUED,
}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A reference to a scheduled step; blank where the modality gave none."""

    study_instance_uid: str
    accession_number: str = ""
    scheduled_procedure_step_id: str = ""
    requested_procedure_id: str = ""


@dataclass(frozen=True, slots=True)
class PerformedSeries:
    """A series the step made."""

    series_instance_uid: str
    instance_uids: tuple[str, ...]
    description: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "series_instance_uid": self.series_instance_uid,
            "description": self.description,
            "instance_uids": list(self.instance_uids),
        }


@dataclass(frozen=True, slots=True)
class Performed:
    """Everything a modality says of a step, checked and in our words."""

    performed_procedure_step_id: str
    station_ae_title: str
    modality: str
    status: PerformedProcedureStep.Status
    started_at: dt.datetime
    scheduled: tuple[Scheduled, ...]
    ended_at: dt.datetime | None = None
    discontinuation_code: str = ""
    series: tuple[PerformedSeries, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


def start_step(
    sop_instance_uid: str, performed: Performed, *, site: Site, said_by: str, actor: Actor
) -> PerformedProcedureStep:
    """Keep a step that has begun, matched to what was scheduled; one that nobody scheduled is kept too.

    Raises  Conflict DUPLICATE_SOP_INSTANCE if the step is known already.
    """
    steps, order, why = _matched(performed.scheduled, site)
    try:
        with transaction.atomic(), trace(order.trace_id if order else current_trace()):
            now = clock.now()
            row = PerformedProcedureStep(
                sop_instance_uid=sop_instance_uid,
                site=site,
                order=order,
                said_by=said_by,
                match_reason=why,
                created_at=now,
                trace_id=current_trace(),
            )
            _write(row, performed)
            row.save(force_insert=True)
            row.steps.set(steps)
            _follow(row, steps, actor)
    except IntegrityError:
        raise Conflict("The performed step exists already", code="DUPLICATE_SOP_INSTANCE") from None
    return row


def locked_step(sop_instance_uid: str, *, site: Site) -> PerformedProcedureStep:
    """A step that may still change, locked in the transaction in hand.

    Raises  NotFound for a step this site does not know; Conflict STEP_IS_FINAL for one that has ended.
    """
    row = (
        PerformedProcedureStep.objects.select_for_update(of=("self",))
        .select_related("order__patient", "site")
        .filter(sop_instance_uid=sop_instance_uid, site=site)
        .first()
    )
    if row is None:
        raise NotFound("There is no such performed step", code="STEP_UNKNOWN")
    if row.status != Status.IN_PROGRESS:
        raise Conflict("The performed step has ended and may no longer be updated", code="STEP_IS_FINAL")
    return row


def update_step(row: PerformedProcedureStep, performed: Performed, *, actor: Actor) -> None:
    """Write what is now known of a step from `locked_step`, and let the order follow."""
    _write(row, performed)
    with trace(row.trace_id):
        row.save()
        _follow(row, list(row.steps.all()), actor)


def is_under_way(study_instance_uid: str) -> bool:
    """Whether a modality says that it is still at work on the study."""
    return PerformedProcedureStep.objects.filter(
        study_instance_uid=study_instance_uid, status=Status.IN_PROGRESS
    ).exists()


def _matched(
    scheduled: Sequence[Scheduled], site: Site
) -> tuple[list[ScheduledProcedureStep], Order | None, str]:
    """The scheduled steps that are meant, their order, and in a few words why.

    The study UID of the worklist entry or its accession number names the order; the step's ID one step of it.
    """
    found: list[ScheduledProcedureStep] = []
    order: Order | None = None
    why = "no order with this study UID or accession number"
    for one in scheduled:
        named, reason = _order_of(one, site)
        if named is None:
            continue
        order, why = order or named, reason
        steps = named.steps.exclude(status=ScheduledProcedureStep.Status.CANCELLED)
        if one.scheduled_procedure_step_id:
            steps = steps.filter(scheduled_procedure_step_id=one.scheduled_procedure_step_id)
        found.extend(steps)
    return found, order, why if found or order is None else f"{why}; none of its scheduled steps is meant"


def _order_of(one: Scheduled, site: Site) -> tuple[Order | None, str]:
    orders = Order.objects.filter(site=site).exclude(status=Order.Status.CANCELLED)
    for words, wanted in (
        ("study UID of the order", {"study_instance_uid": one.study_instance_uid}),
        ("accession number of the order", {"accession_number": one.accession_number}),
    ):
        order = orders.filter(**wanted).first() if all(wanted.values()) else None
        if order is not None:
            return order, words
    return None, ""


def _write(row: PerformedProcedureStep, performed: Performed) -> None:
    row.study_instance_uid = performed.scheduled[0].study_instance_uid
    row.performed_procedure_step_id = performed.performed_procedure_step_id
    row.station_ae_title = performed.station_ae_title
    row.modality = performed.modality
    row.status = performed.status
    row.started_at, row.ended_at = performed.started_at, performed.ended_at
    row.discontinuation_code = performed.discontinuation_code
    row.series = [one.as_json() for one in performed.series]
    row.attributes = dict(performed.attributes)
    row.changed_at = clock.now()


def _follow(row: PerformedProcedureStep, steps: Sequence[ScheduledProcedureStep], actor: Actor) -> None:
    """Let scheduled steps and order take the state of the performed step; record it and publish it."""
    status = Status(row.status)
    ScheduledProcedureStep.objects.filter(pk__in=[step.pk for step in steps]).exclude(
        status=ScheduledProcedureStep.Status.CANCELLED
    ).update(status=_STEP[status])
    subjects = {"study": row.study_instance_uid}
    if row.order is not None:
        _order_follows(row.order)
        subjects |= {"order": str(row.order.uid), "patient": str(row.order.patient.uid)}
    record_audit(
        actor,
        f"performed_step.{status.name.lower()}",
        object_kind="performed_step",
        object_uid=row.sop_instance_uid,
        study_instance_uid=row.study_instance_uid,
        site_code=row.site.code,
        scheduled=len(steps),
    )
    publish(
        _EVENTS[status],
        {
            "site_code": row.site.code,
            "modality": row.modality,
            "is_scheduled": bool(steps),
            "series_count": len(row.series),
            "instance_count": sum(len(one["instance_uids"]) for one in row.series),
            "discontinuation_code": row.discontinuation_code,
        },
        subjects=subjects,
    )


def _order_follows(order: Order) -> None:
    """Under way while a step is; performed once every step is; discontinued if none is left to be done."""
    steps = set(
        order.steps.exclude(status=ScheduledProcedureStep.Status.CANCELLED).values_list("status", flat=True)
    )
    kind = ScheduledProcedureStep.Status
    if steps & {kind.STARTED, kind.SCHEDULED}:
        status = Order.Status.IN_PROGRESS
    elif kind.COMPLETED in steps:
        status = Order.Status.PERFORMED
    else:
        status = Order.Status.DISCONTINUED
    Order.objects.filter(pk=order.pk, status__in=_MAY_CHANGE).update(status=status)
