"""Writing series anew into another study, under new UIDs that follow from the old ones.

The copies have UIDs derived from the correction, so copying goes on where it broke off: what was written before is
found to be here. Only when all are here are the old ones rejected, in one transaction with the correction's end.
Objects that came meanwhile stay where they are, in sight.

Reference  PS3.3 §C.12.1.1.9 (Original Attributes Sequence), IHE RAD TF-1 §34.4 (change of series to study)
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping

from django.db import transaction
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset

from accounts.actors import Actor, SystemActor
from accounts.audit import record_audit
from accounts.models import Site
from archive.mpi.models import Patient
from archive.storage.objects import read_object
from archive.studies.corrections.models import Correction
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.rejection import reject
from archive.studies.models import Instance, Study
from archive.studies.news import announce_corrected
from archive.studies.services import store_part10
from common import clock
from common.clock import format_da
from common.errors import ServiceError
from common.uids import derived_uid
from events.services import Event, publish
from events.tracing import trace

REASON = "CORRECT"  # (0400,0565): attributes were wrong


def plan_copy(correction: Correction, *, target_study_uid: str) -> None:
    """Have the copying done by whoever hears of it, in the transaction in hand."""
    correction.detail = {**correction.detail, "target": target_study_uid}
    correction.save(update_fields=["detail"])
    publish(
        "CorrectionPlanned",
        {"correction": str(correction.uid)},
        subjects={"study": correction.study_instance_uid},
    )


def perform_planned(event: Event) -> None:
    """Copy and reject: all or nothing, and once."""
    correction = (
        Correction.objects.select_for_update(of=("self",))
        .select_related("study__site", "study__patient", "person")
        .get(uid=event.payload["correction"])
    )
    if correction.performed_at is None and correction.undone_at is None:
        with transaction.atomic():
            _perform(correction)


def _perform(correction: Correction) -> None:
    study = correction.study
    if study is None:
        raise ServiceError("The study is gone", code="STUDY_GONE")
    actor: Actor = correction.person or SystemActor(correction.made_by, study.site.code)
    old = Instance.objects.filter(
        series__study=study, series__series_instance_uid__in=correction.detail["series"]
    ).order_by("series_id", "instance_number", "pk")
    uids = {uid: derived_uid("copy", correction.uid, uid) for uid in _uids_of(correction, old)}
    target = Study.objects.filter(study_instance_uid=correction.detail["target"]).first()
    patient = Patient.objects.get(pk=correction.detail["patient"])
    is_of_another = patient.pk != study.patient_id or study.corrected_at is not None
    copies: dict[str, str] = {}
    with trace(study.trace_id):
        for instance in old.iterator(chunk_size=200):
            data = rewritten(
                read_object(instance.storage_key), uids, target_study_uid=correction.detail["target"],
                moment=correction.made_at, like=target, patient=patient if is_of_another else None,
                site=study.site,
            )  # fmt: skip
            store_part10(data, site=study.site, actor=actor)
            copies[instance.sop_instance_uid] = uids[instance.sop_instance_uid]
        made = Study.objects.select_for_update(of=("self",)).get(
            study_instance_uid=correction.detail["target"]
        )
        made.patient = patient
        if target is None:
            made.match_reason = "Split from another study by a person"
        made.save(update_fields=["patient", "match_reason"])
        reject(
            study, reason=ReasonCode(correction.reason), actor=actor, sop_instance_uids=list(copies),
            comment=correction.comment, correction=correction,
        )  # fmt: skip
        correction.detail = {**correction.detail, "copies": copies}
        correction.performed_at = clock.now()
        correction.save(update_fields=["detail", "performed_at"])
        record_audit(
            actor, f"study.{correction.kind}", object_kind="study", object_uid=study.study_instance_uid,
            study_instance_uid=study.study_instance_uid, site_code=study.site.code,
            correction=str(correction.uid), target=correction.detail["target"], instances=len(copies),
        )  # fmt: skip
        announce_corrected(study, correction)
        announce_corrected(made, correction)


def rewritten(
    data: bytes,
    uids: Mapping[str, str],
    *,
    target_study_uid: str,
    moment: dt.datetime,
    like: Study | None = None,
    patient: Patient | None = None,
    site: Site | None = None,
) -> bytes:
    """The object in its new study. What was changed is kept in it as it was; references among the moved follow.

    A patient's identifier is the one issued by `site`, which owns the study, if there is one.
    """
    dataset = dcmread(io.BytesIO(data), force=True)
    dataset.decode()
    before = Dataset()
    _replace(dataset, before, "StudyInstanceUID", target_study_uid)
    for keyword in ("SeriesInstanceUID", "SOPInstanceUID"):
        _replace(dataset, before, keyword, uids[str(dataset[keyword].value)])
    if like is not None or patient is not None:
        _replace(dataset, before, "SpecificCharacterSet", "ISO_IR 192")
    if like is not None:
        _replace(dataset, before, "AccessionNumber", like.accession_number)
        _replace(dataset, before, "StudyID", like.study_id)
        _replace(dataset, before, "StudyDescription", like.study_description)
        _replace(dataset, before, "StudyDate", format_da(like.study_date) if like.study_date else "")
        _replace(dataset, before, "StudyTime", like.study_time.strftime("%H%M%S") if like.study_time else "")
    if patient is not None:
        _of_patient(dataset, before, patient, site)
    dataset.walk(lambda _, element: _follow(element, uids))
    _keep_original(dataset, before, moment)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _of_patient(dataset: FileDataset, before: Dataset, patient: Patient, site: Site | None) -> None:
    identifiers = list(patient.identifiers.order_by("pk"))
    own = [one for one in identifiers if site and one.authority_namespace == site.authority_namespace]
    identifier = next(iter(own or identifiers), None)
    _replace(dataset, before, "PatientName", patient.person_name)
    _replace(dataset, before, "PatientID", identifier.value if identifier else "")
    _replace(dataset, before, "IssuerOfPatientID", identifier.authority_namespace if identifier else "")
    _replace(dataset, before, "PatientBirthDate", format_da(patient.birth_date) if patient.birth_date else "")
    _replace(dataset, before, "PatientSex", patient.sex if patient.sex in {"F", "M", "O"} else "")


def _uids_of(correction: Correction, instances: object) -> list[str]:
    """Every UID that gets another: of the instances and of their series."""
    found = list(instances.values_list("sop_instance_uid", flat=True))  # type: ignore[attr-defined]
    return [*found, *correction.detail["series"]]


def _replace(dataset: FileDataset, before: Dataset, keyword: str, value: str) -> None:
    """Set a value and remember what stood there."""
    if str(dataset.get(keyword) or "") == value:
        return
    if keyword in dataset:
        setattr(before, keyword, dataset[keyword].value)
    setattr(dataset, keyword, value)


def _follow(element: object, uids: Mapping[str, str]) -> None:
    """References to what moves with the object name its copies."""
    if getattr(element, "VR", "") != "UI":
        return
    value = element.value  # type: ignore[attr-defined]
    if isinstance(value, str) and value in uids:
        element.value = uids[value]  # type: ignore[attr-defined]


def _keep_original(dataset: FileDataset, before: Dataset, moment: dt.datetime) -> None:
    item = Dataset()
    item.AttributeModificationDateTime = moment.astimezone(dt.UTC).strftime("%Y%m%d%H%M%S+0000")
    item.ModifyingSystem, item.SourceOfPreviousValues = "Consilium", ""
    item.ReasonForTheAttributeModification = REASON
    item.ModifiedAttributesSequence = [before]
    dataset.OriginalAttributesSequence = [*(dataset.get("OriginalAttributesSequence") or []), item]
