"""Rejecting by IOCM: our own rejections leave a note, others' notes withdraw what they name.

Reference  IHE RAD TF-1 §34 (Imaging Object Change Management), TF-2 §4.66
"""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from archive.studies.corrections.models import Correction, WithdrawnInstance
from archive.studies.corrections.notes import Named, make_note, read_note
from archive.studies.corrections.reasons import NOTES, RULES, ReasonCode
from archive.studies.corrections.withdrawal import begin_correction, withdraw_instances
from archive.studies.models import Instance, Series, Study
from archive.studies.selectors import read_dataset
from archive.studies.services import store_part10
from common.errors import InvalidInput, NotFound, NotPermitted
from common.uids import derived_uid
from events.tracing import trace


def reject(
    study: Study,
    *,
    reason: ReasonCode,
    actor: Actor,
    series: Series | None = None,
    sop_instance_uids: Collection[str] | None = None,
    comment: str = "",
    correction: Correction | None = None,
) -> Correction:
    """Reject a study, a series or named instances: a rejection note is stored, and they are out of sight.

    The note is made from what is here when the rejection begins; what it names and the note's own UID are kept in
    the correction's `detail`. Sending the note to those who hold the study is left to who is told of it.

    Raises  InvalidInput for a reason that is none of a note; NotFound if nothing of it is here.
    """
    if reason not in NOTES:
        raise InvalidInput(_("Rejection notes know no such reason."), code="REASON_UNKNOWN")
    with transaction.atomic(), trace(study.trace_id):
        correction = correction or begin_correction(
            Correction.Kind.REJECT, study, reason=reason, comment=comment, actor=actor
        )
        named = _named(study, series, sop_instance_uids)
        if not named:
            raise NotFound(_("None of these instances is here."), code="NOTHING_TO_WITHDRAW")
        note = _store_note(study, named, reason=reason, comment=comment, correction=correction, actor=actor)
        correction.detail = {**correction.detail, "note": note}
        correction.save(update_fields=["detail"])
        uids = [one.sop_instance_uid for one in named]
        return withdraw_instances(
            reason=reason, actor=actor, study=study, sop_instance_uids=[*uids, note], correction=correction
        )


def apply_note(instance: Instance, *, site: Site, actor: Actor) -> Correction | None:
    """Do what a received key object document says, if it is a rejection note; None if there is nothing to do.

    What it names and is not here yet stays out when it comes. A quality rejection changes nothing where the
    site wants to see such images. Applying a note again changes nothing.

    Raises  InvalidInput for a note that cannot be read; NotPermitted for one about another site's study.
    """
    note = read_note(read_dataset(instance))
    if note is None:
        return None
    study = instance.series.study
    if note.study_instance_uid != study.study_instance_uid:
        raise InvalidInput("The note names another study than its own", code="NOTE_UNUSABLE")
    if study.site_id != site.pk:
        raise NotPermitted("The study belongs to another site", code="STUDY_OF_ANOTHER_SITE")
    if RULES[note.reason].may_stay_visible and settings.DICOM_SHOW_QUALITY_REJECTED:
        _note_kept_visible(study, note.reason, actor)
        return None
    with transaction.atomic(), trace(study.trace_id):
        correction = begin_correction(
            Correction.Kind.REJECT, study, reason=note.reason, actor=actor,
            note=instance.sop_instance_uid, is_received=True,
        )  # fmt: skip
        uids = [one.sop_instance_uid for one in note.named]
        withdraw_instances(
            reason=note.reason, actor=actor, study=study, correction=correction,
            sop_instance_uids=[*uids, instance.sop_instance_uid],
        )  # fmt: skip
        _remember_absent(note.named, study, note.reason, correction)
    return correction


def _named(study: Study, series: Series | None, uids: Collection[str] | None) -> list[Named]:
    instances = Instance.objects.filter(series__study=study)
    if series is not None:
        instances = instances.filter(series=series)
    if uids is not None:
        instances = instances.filter(sop_instance_uid__in=list(uids))
    rows = instances.order_by("series_id", "instance_number", "pk").values_list(
        "series__series_instance_uid", "sop_class_uid", "sop_instance_uid", "rows"
    )
    return [
        Named(series_uid, sop_class, uid, is_image=height is not None)
        for series_uid, sop_class, uid, height in rows
    ]


def _store_note(
    study: Study,
    named: list[Named],
    *,
    reason: ReasonCode,
    comment: str,
    correction: Correction,
    actor: Actor,
) -> str:
    """Store the note among the study's objects; its SOP Instance UID. The same correction makes the same note."""
    first = Instance.objects.get(sop_instance_uid=named[0].sop_instance_uid)
    uid = derived_uid("rejection note", correction.uid)
    data = make_note(
        study, named, reason=reason, comment=comment, like=read_dataset(first, stop_before_pixels=True),
        sop_instance_uid=uid, series_instance_uid=derived_uid("rejection notes", study.study_instance_uid),
    )  # fmt: skip
    store_part10(data, site=study.site, actor=actor, is_derived=True)
    return uid


def _remember_absent(
    named: Collection[Named], study: Study, reason: ReasonCode, correction: Correction
) -> None:
    """What a note names before it comes is kept out as what it names after."""
    uids = {one.sop_instance_uid: one for one in named}
    known = set(
        WithdrawnInstance.objects.filter(sop_instance_uid__in=list(uids)).values_list(
            "sop_instance_uid", flat=True
        )
    )
    elsewhere = Instance.objects.filter(sop_instance_uid__in=list(uids)).values_list(
        "sop_instance_uid", flat=True
    )
    known |= set(elsewhere)
    WithdrawnInstance.objects.bulk_create(
        WithdrawnInstance(
            sop_instance_uid=uid, sop_class_uid=one.sop_class_uid, series=None,
            study_instance_uid=study.study_instance_uid, series_instance_uid=one.series_instance_uid,
            storage_key="", size_bytes=0, sha256="", reason=reason, correction=correction,
            withdrawn_at=correction.made_at, purged_at=correction.made_at,
        )
        for uid, one in uids.items()
        if uid not in known
    )  # fmt: skip


def _note_kept_visible(study: Study, reason: ReasonCode, actor: Actor) -> None:
    record_audit(
        actor, "rejection.kept_visible", object_kind="study", object_uid=study.study_instance_uid,
        study_instance_uid=study.study_instance_uid, site_code=study.site.code, reason=str(reason),
    )  # fmt: skip
