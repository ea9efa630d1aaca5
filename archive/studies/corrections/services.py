"""Putting studies right: another patient or order, another study, rejected; each with its reason, and undone if wrong.

Bytes are kept as they were received. A reassigned study answers with the patient the index names, and its objects
leave with that patient (`archive/studies/outgoing.py`). Series that go to another study are written there anew
under new UIDs, and the old ones are rejected.

Reference  IHE RAD TF-1 §34 (IOCM), IHE RAD-7 (PIR), PS3.3 §C.12.1.1.9 (Original Attributes)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor, actor_name
from accounts.audit import record_audit
from archive.mpi.models import Patient
from archive.orders.models import Order
from archive.studies.corrections.access import locked_for_correction
from archive.studies.corrections.copying import plan_copy
from archive.studies.corrections.models import Correction
from archive.studies.corrections.reasons import NOTES, ReasonCode
from archive.studies.corrections.rejection import reject
from archive.studies.corrections.withdrawal import begin_correction, restore_instances, withdraw_instances
from archive.studies.models import Instance, Series, Study
from archive.studies.news import announce_corrected
from common import clock
from common.errors import Conflict, InvalidInput
from common.uids import derived_uid
from events.tracing import trace

Kind = Correction.Kind


def reassign_study(
    study: Study, *, patient: Patient, order: Order | None = None, actor: Actor, comment: str
) -> Correction:
    """File a study under another patient, and the order it answers if there is one.

    Raises  NotFound for a study the actor may not correct; InvalidInput for an order of somebody else, a blank
            comment, or what is so already.
    """
    _explained(comment)
    with transaction.atomic():
        study = locked_for_correction(study, actor)
        if order is not None and order.patient_id != patient.pk:
            raise InvalidInput(_("The order is for another patient."), code="ORDER_OF_OTHER_PATIENT")
        if (study.patient_id, study.order_id) == (patient.pk, order.pk if order else None):
            raise InvalidInput(_("The study is filed so already."), code="NOTHING_TO_CORRECT")
        with trace(study.trace_id):
            correction = begin_correction(
                Kind.REASSIGN, study, comment=comment, actor=actor,
                before=_filing(study), after={"patient": patient.pk, "order": order.pk if order else None},
            )  # fmt: skip
            _file(
                study, patient_pk=patient.pk, order_pk=order.pk if order else None,
                why="Reassigned by a person", accession_number=_accession_number(study, order),
                corrected_at=clock.now(),
            )  # fmt: skip
            _finish(correction, study, actor)
    return correction


def reject_instances(
    study: Study,
    *,
    reason: ReasonCode,
    actor: Actor,
    comment: str,
    series: Collection[str] = (),
    sop_instance_uids: Collection[str] | None = None,
) -> Correction:
    """Reject a study, some of its series, or named instances by a rejection note. Raises as `reject`, or NotFound."""
    _explained(comment)
    with transaction.atomic():
        study = locked_for_correction(study, actor)
        uids = sop_instance_uids
        if series:
            held = Instance.objects.filter(series__study=study, series__series_instance_uid__in=list(series))
            uids = list(held.values_list("sop_instance_uid", flat=True))
        return reject(study, reason=reason, actor=actor, sop_instance_uids=uids, comment=comment)


def split_study(
    study: Study, series: Sequence[str], *, patient: Patient | None = None, actor: Actor, comment: str
) -> Correction:
    """Move series into a study of their own, of the same patient or another.

    The copying is done beside; `performed_at` tells when it is. Raises as `merge_studies`.
    """
    _explained(comment)
    with transaction.atomic():
        study = locked_for_correction(study, actor)
        chosen = _chosen(study, series)
        if len(chosen) == study.series.count():
            raise InvalidInput(_("A study is not split by moving all of it."), code="NOTHING_TO_CORRECT")
        with trace(study.trace_id):
            correction = begin_correction(
                Kind.SPLIT, study, reason=ReasonCode.WRONG_WORKLIST_ENTRY, comment=comment, actor=actor,
                series=[one.series_instance_uid for one in chosen],
                patient=patient.pk if patient else study.patient_id,
            )  # fmt: skip
            target = derived_uid("split", correction.uid)
            plan_copy(correction, target_study_uid=target)
    return correction


def merge_studies(study: Study, into: Study, *, actor: Actor, comment: str) -> Correction:
    """Move everything of a study into another one. The copying is done beside, as with a split.

    Raises  NotFound for studies the actor may not correct; InvalidInput for a study and itself, studies of two
            patients, or a blank comment; Conflict CORRECTION_UNDER_WAY.
    """
    _explained(comment)
    if study.pk == into.pk:
        raise InvalidInput(_("A study is not merged into itself."), code="NOTHING_TO_CORRECT")
    with transaction.atomic():
        locked = {
            one.pk: locked_for_correction(one, actor) for one in sorted([study, into], key=lambda one: one.pk)
        }
        study, into = locked[study.pk], locked[into.pk]
        if study.patient_id != into.patient_id:
            raise InvalidInput(_("The studies are of two patients: reassign one first."), code="TWO_PATIENTS")
        chosen = _chosen(study, None)
        with trace(study.trace_id):
            correction = begin_correction(
                Kind.MERGE, study, reason=ReasonCode.WRONG_WORKLIST_ENTRY, comment=comment, actor=actor,
                series=[one.series_instance_uid for one in chosen], patient=into.patient_id,
            )  # fmt: skip
            plan_copy(correction, target_study_uid=into.study_instance_uid)
    return correction


def undo_correction(correction: Correction, *, actor: Actor) -> None:
    """Make a correction undone: rows come back, copies go, the study is filed as before.

    Raises  Conflict ALREADY_UNDONE, CORRECTION_UNDER_WAY, CHANGED_SINCE where somebody filed the study anew, or
            BYTES_GONE.
    """
    with transaction.atomic():
        correction = Correction.objects.select_for_update(of=("self",)).get(pk=correction.pk)
        if correction.undone_at is not None:
            raise Conflict(_("The correction is undone already."), code="ALREADY_UNDONE")
        if correction.performed_at is None:
            raise Conflict(_("The correction is still being made."), code="CORRECTION_UNDER_WAY")
        study = Study.all_objects.select_for_update(of=("self",)).get(corrections=correction)
        with trace(study.trace_id):
            if correction.kind == Kind.REASSIGN:
                _file_as_before(study, correction)
            else:
                restore_instances(correction, actor=actor)
                _withdraw_copies(correction, actor)
            correction.undone_at, correction.undone_by = clock.now(), actor_name(actor)
            correction.save(update_fields=["undone_at", "undone_by"])
            _audit(correction, study, actor, "correction.undone")
            announce_corrected(study, correction)


def _finish(correction: Correction, study: Study, actor: Actor) -> None:
    correction.performed_at = clock.now()
    correction.save(update_fields=["performed_at"])
    _audit(correction, study, actor, f"study.{correction.kind}ed")
    announce_corrected(study, correction)


def _filing(study: Study) -> dict[str, Any]:
    return {
        "patient": study.patient_id, "order": study.order_id, "match_reason": study.match_reason,
        "accession_number": study.accession_number,
        "corrected_at": study.corrected_at.isoformat() if study.corrected_at else None,
    }  # fmt: skip


def _accession_number(study: Study, order: Order | None) -> str:
    """That of the order; none where the study answers no order any more."""
    if order is not None:
        return order.accession_number
    return study.accession_number if study.order_id is None else ""


def _file(
    study: Study,
    *,
    patient_pk: int,
    order_pk: int | None,
    why: str,
    accession_number: str,
    corrected_at: dt.datetime | None,
) -> None:
    study.patient_id, study.order_id, study.match_reason = patient_pk, order_pk, why
    study.accession_number, study.corrected_at = accession_number, corrected_at
    study.save(update_fields=["patient", "order", "match_reason", "accession_number", "corrected_at"])
    study.refresh_from_db(fields=["patient", "order"])


def _file_as_before(study: Study, correction: Correction) -> None:
    before, after = correction.detail["before"], correction.detail["after"]
    if (study.patient_id, study.order_id) != (after["patient"], after["order"]):
        raise Conflict(_("The study was filed anew since."), code="CHANGED_SINCE")
    since = before.get("corrected_at")
    _file(
        study, patient_pk=before["patient"], order_pk=before["order"], why=before["match_reason"],
        accession_number=before.get("accession_number", study.accession_number),
        corrected_at=dt.datetime.fromisoformat(since) if since else None,
    )  # fmt: skip


def _withdraw_copies(correction: Correction, actor: Actor) -> None:
    """What a split or merge wrote is taken out of sight; nobody is to take it for an instance of its own."""
    copies = list(correction.detail.get("copies", {}).values())
    held = Instance.objects.filter(sop_instance_uid__in=copies)
    if held.exists():
        withdraw_instances(reason=ReasonCode.DELETED, actor=actor, sop_instance_uids=copies)


def _chosen(study: Study, series: Sequence[str] | None) -> list[Series]:
    """The series meant. Raises InvalidInput for none, Conflict while another correction moves some of them."""
    chosen = study.series.select_for_update(of=("self",)).order_by("pk")
    if series is not None:
        chosen = chosen.filter(series_instance_uid__in=list(series))
    found = list(chosen)
    if not found or (series is not None and len(found) != len(set(series))):
        raise InvalidInput(_("These are not series of the study."), code="SERIES_UNKNOWN")
    under_way = Correction.objects.filter(study=study, performed_at=None, undone_at=None)
    if under_way.exists():
        raise Conflict(_("Another correction of the study is still being made."), code="CORRECTION_UNDER_WAY")
    return found


def _explained(comment: str) -> None:
    if not comment.strip():
        raise InvalidInput(
            _("Say why the study is corrected."),
            code="FIELD_MISSING",
            fields={"comment": _("This field is required.")},
        )


def _audit(correction: Correction, study: Study, actor: Actor, action: str) -> None:
    record_audit(
        actor, action, object_kind="study", object_uid=study.study_instance_uid,
        study_instance_uid=study.study_instance_uid, site_code=study.site.code,
        correction=str(correction.uid), kind=correction.kind, reason=correction.reason,
    )  # fmt: skip


NOTE_REASONS = [reason for reason in ReasonCode if reason in NOTES]
