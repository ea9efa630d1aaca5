"""Orders come in, are worked on, reported or cancelled.

Reference  IHE RAD-2, RAD-3 (placer and filler order management), RAD-4 (procedure scheduled)
"""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from archive.mpi.models import Patient
from archive.orders import accession
from archive.orders.models import Order, ScheduledProcedureStep
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from common.uids import derived_uid, is_uid_lenient
from events.services import publish
from events.tracing import current_trace


def receive_order(
    *,
    site: Site,
    patient: Patient,
    placer_order_number: str,
    procedure_code: str,
    procedure_description: str = "",
    service: str,
    priority: str,
    modality: str,
    station_ae_title: str = "",
    scheduled_at: dt.datetime,
    study_instance_uid: str = "",
    accession_number: str = "",
    requested_procedure_id: str = "",
    reason: str = "",
    referring_physician: str = "",
    ordered_at: dt.datetime,
    actor: Actor,
) -> Order:
    """The placer's order, with its step on the modality worklist; published once as OrderReceived.

    The same placer order number at the same site is the same order: sending it again changes nothing.
    Numbers that the placer did not give follow from site and placer order number.

    Raises  InvalidInput with `fields` for a number DICOM cannot hold; Conflict where the order number is of
            another patient, or study UID or accession number are of another order.
    """
    order = Order(
        site=site,
        patient=patient,
        placer_order_number=placer_order_number,
        accession_number=accession_number,
        study_instance_uid=study_instance_uid,
        requested_procedure_id=requested_procedure_id,
        procedure_code=procedure_code,
        procedure_description=procedure_description[:120],
        reason=reason,
        service=service,
        priority=priority,
        referring_physician=referring_physician[:120],
        ordered_at=ordered_at,
        received_at=clock.now(),
        trace_id=current_trace(),
    )
    _number(order)
    _check(order, modality=modality, station_ae_title=station_ae_title)
    step = _step(order, modality, station_ae_title, scheduled_at)
    return _received_before(order) or _place(order, step, actor)


def _number(order: Order) -> None:
    """Give the order the numbers that its placer did not give."""
    named = (order.site.code, order.placer_order_number)
    order.accession_number = order.accession_number or accession.accession_number(*named)
    order.study_instance_uid = order.study_instance_uid or derived_uid("study", *named)
    order.requested_procedure_id = order.requested_procedure_id or accession.requested_procedure_id(*named)


def _place(order: Order, step: ScheduledProcedureStep, actor: Actor) -> Order:
    """Write the order with its step and announce it; somebody else's, if they were quicker with the same one.

    Raises  Conflict ORDER_NUMBER_TAKEN
    """
    try:
        with transaction.atomic():
            order.save(force_insert=True)
            step.order = order
            step.save(force_insert=True)
            _announce(order, step.modality, actor)
    except IntegrityError:
        existing = _received_before(order)
        if existing is not None:
            return existing
        raise Conflict(
            _("The study UID or accession number belongs to another order."), code="ORDER_NUMBER_TAKEN"
        ) from None
    return order


def cancel_order(*, site: Site, placer_order_number: str, actor: Actor) -> Order:
    """Take an order back; its steps leave the worklist. Cancelling twice changes nothing.

    Raises  NotFound for an unknown order; Conflict ORDER_UNDER_WAY once images have come.
    """
    with transaction.atomic():
        order = (
            Order.objects.select_for_update()
            .filter(site=site, placer_order_number=placer_order_number)
            .first()
        )
        if order is None:
            raise NotFound(_("There is no such order."), code="ORDER_UNKNOWN")
        if order.status == Order.Status.CANCELLED:
            return order
        if order.status != Order.Status.SCHEDULED:
            raise Conflict(_("The order is already being carried out."), code="ORDER_UNDER_WAY")
        order.status = Order.Status.CANCELLED
        order.save(update_fields=["status"])
        order.steps.update(status=ScheduledProcedureStep.Status.CANCELLED)
        _audit(order, "order.cancelled", actor)
        publish(
            "OrderCancelled",
            {"site_code": site.code, "accession_number": order.accession_number},
            subjects=_subjects(order),
        )
    return order


def mark_in_progress(order: Order) -> None:
    """Images of the order have come."""
    Order.objects.filter(pk=order.pk, status=Order.Status.SCHEDULED).update(status=Order.Status.IN_PROGRESS)
    ScheduledProcedureStep.objects.filter(order=order, status=ScheduledProcedureStep.Status.SCHEDULED).update(
        status=ScheduledProcedureStep.Status.STARTED
    )
    order.refresh_from_db(fields=["status"])


def mark_reported(order: Order) -> None:
    """The order's study has a final report."""
    Order.objects.filter(pk=order.pk).exclude(status=Order.Status.CANCELLED).update(
        status=Order.Status.REPORTED
    )
    over = [ScheduledProcedureStep.Status.CANCELLED, ScheduledProcedureStep.Status.DISCONTINUED]
    ScheduledProcedureStep.objects.filter(order=order).exclude(status__in=over).update(
        status=ScheduledProcedureStep.Status.COMPLETED
    )
    order.refresh_from_db(fields=["status"])


def _check(order: Order, *, modality: str, station_ae_title: str) -> None:
    fields: dict[str, str] = {}
    if not order.placer_order_number:
        fields["placer_order_number"] = _("This field is required.")
    if not modality:
        fields["modality"] = _("This field is required.")
    if not order.procedure_code:
        fields["procedure_code"] = _("This field is required.")
    if fields:
        raise InvalidInput(_("The order is not complete."), code="FIELD_MISSING", fields=fields)
    limits = {
        "placer_order_number": (order.placer_order_number, 64),
        "procedure_code": (order.procedure_code, 32),
        "accession_number": (order.accession_number, 16),
        "requested_procedure_id": (order.requested_procedure_id, 16),
        "modality": (modality, 16),
        "station_ae_title": (station_ae_title, 16),
    }
    for name, (value, longest) in limits.items():
        if len(value) > longest:
            fields[name] = _("At most %(longest)s characters.") % {"longest": longest}
    if not is_uid_lenient(order.study_instance_uid):
        fields["study_instance_uid"] = _("Not a DICOM UID.")
    if fields:
        raise InvalidInput(_("The order cannot be used as it is."), code="DATA_TYPE", fields=fields)


def _received_before(order: Order) -> Order | None:
    existing = Order.objects.filter(site=order.site, placer_order_number=order.placer_order_number).first()
    if existing is not None and existing.patient_id != order.patient_id:
        raise Conflict(
            _("This order number belongs to another patient's order."), code="ORDER_OF_OTHER_PATIENT"
        )
    return existing


def _step(
    order: Order, modality: str, station_ae_title: str, scheduled_at: dt.datetime
) -> ScheduledProcedureStep:
    return ScheduledProcedureStep(
        order=order,
        scheduled_procedure_step_id=accession.scheduled_procedure_step_id(
            order.site.code, order.placer_order_number
        ),
        description=order.procedure_description,
        modality=modality,
        station_ae_title=station_ae_title,
        scheduled_at=scheduled_at,
    )


def _announce(order: Order, modality: str, actor: Actor) -> None:
    _audit(order, "order.received", actor)
    expert_site = order.site.expert_site
    publish(
        "OrderReceived",
        {
            "site_code": order.site.code,
            "expert_site_code": expert_site.code if expert_site else "",
            "accession_number": order.accession_number,
            "procedure_code": order.procedure_code,
            "modality": modality,
            "service": order.service,
            "priority": order.priority,
        },
        subjects=_subjects(order),
    )


def _subjects(order: Order) -> dict[str, str]:
    return {
        "order": str(order.uid),
        "patient": str(order.patient.uid),
        "study": order.study_instance_uid,
    }


def _audit(order: Order, action: str, actor: Actor) -> None:
    record_audit(
        actor,
        action,
        object_kind="order",
        object_uid=str(order.uid),
        study_instance_uid=order.study_instance_uid,
        site_code=order.site.code,
    )
