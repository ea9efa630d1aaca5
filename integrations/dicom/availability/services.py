"""Instance availability: nodes are told what can be retrieved here, and tell us what they hold.

Reference  PS3.4 §R (Instance Availability Notification), PS3.3 §C.4.23, IHE RAD-49
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import InstanceAvailabilityNotification  # type: ignore[attr-defined]

from accounts.audit import record_audit
from archive.studies.corrections.models import WithdrawnInstance
from archive.studies.evidence import Kind as Evidence
from archive.studies.evidence import note_named
from archive.studies.models import Instance, Study
from archive.studies.references import instance_reference, series_references
from common.errors import Conflict, InvalidInput
from common.uids import derived_uid, is_uid_lenient
from events.services import Event
from integrations.dicom.models import AERole, ApplicationEntity, Notice
from integrations.dicom.nodes.calling import Purpose, node_association
from integrations.dicom.notices.delivery import queue_notice, sends
from integrations.dicom.scp.peers import acting
from integrations.dicom.scu.normalised import n_create

MOST_REFERENCES = 100_000
STATES = {"ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE"}


def tell_of_series(event: Event) -> None:
    """A series is complete: it can be retrieved here."""
    series = event.subjects["series"]
    _tell(event, {"series": series, "event": str(event.uid)}, lane=f"series:{series}")


def tell_of_correction(event: Event) -> None:
    """Instances were withdrawn or put back: what can be retrieved of the study has changed."""
    body = {"correction": event.payload["correction"], "event": str(event.uid)}
    _tell(event, body, lane=f"study:{event.subjects['study']}")


@sends(Notice.Kind.AVAILABILITY)
def send_availability(notice: Notice) -> None:
    """N-CREATE at the node; one that has the notification already got it from an earlier try."""
    dataset = notification(notice.study_instance_uid, notice.body)
    if dataset is None:
        return
    instance = derived_uid("availability", notice.body["event"], notice.node_id)
    with node_association(
        notice.node, [build_context(InstanceAvailabilityNotification)], purpose=Purpose.AVAILABILITY
    ) as assoc:
        try:
            n_create(assoc, dataset, sop_class=InstanceAvailabilityNotification, instance=instance)
        except Conflict:
            return


def notification(study_instance_uid: str, body: dict[str, Any]) -> Dataset | None:
    """The notification as things stand now: what is among the instances can be had, what was withdrawn cannot."""
    here = Instance.objects.filter(series__study__study_instance_uid=study_instance_uid)
    gone = WithdrawnInstance.objects.filter(study_instance_uid=study_instance_uid)
    if "series" in body:
        here = here.filter(series__series_instance_uid=body["series"])
        gone = gone.none()
    rows = [
        (*row, "ONLINE")
        for row in here.values_list("series__series_instance_uid", "sop_class_uid", "sop_instance_uid")
    ]
    rows += [
        (*row, "UNAVAILABLE")
        for row in gone.values_list("series_instance_uid", "sop_class_uid", "sop_instance_uid")
    ]
    return _dataset(study_instance_uid, rows) if rows else None


def receive_notification(node: ApplicationEntity, said: Dataset) -> None:
    """Keep which instances a node says there are of each series: evidence of what is to come or has come.

    Raises  InvalidInput with the keyword that is missing or wrong.
    """
    study_instance_uid = _uid(said, "StudyInstanceUID")
    series = [
        (_uid(item, "SeriesInstanceUID"), list(_available(item)))
        for item in _items(said, "ReferencedSeriesSequence")
    ]
    count = sum(len(uids) for _, uids in series)
    if not count or count > MOST_REFERENCES:
        raise _wrong("ReferencedSeriesSequence", "VALUE_MISSING" if not count else "VALUE_INVALID")
    with transaction.atomic():
        note_named(
            Evidence.AVAILABILITY, reference=study_instance_uid, said_by=node.ae_title,
            series=[(uid, uids) for uid, uids in series if uids],
        )  # fmt: skip
        record_audit(
            acting(node), "availability.notified", object_kind="study", object_uid=study_instance_uid,
            study_instance_uid=study_instance_uid, instances=count,
        )  # fmt: skip


def _tell(event: Event, body: dict[str, Any], *, lane: str) -> None:
    study = Study.all_objects.filter(study_instance_uid=event.subjects["study"]).first()
    if study is None:
        return
    nodes = ApplicationEntity.objects.filter(
        site_id=study.site_id, is_enabled=True, roles__contains=[AERole.AVAILABILITY_SCP.value]
    )
    for node in nodes:
        queue_notice(
            node, Notice.Kind.AVAILABILITY, body, lane=lane, study_instance_uid=study.study_instance_uid
        )


def _dataset(study_instance_uid: str, rows: Iterable[tuple[str, str, str, str]]) -> Dataset:
    dataset = Dataset()
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.StudyInstanceUID = study_instance_uid
    dataset.ReferencedSeriesSequence = series_references(
        (series_uid, _reference(sop_class, uid, state)) for series_uid, sop_class, uid, state in rows
    )
    return dataset


def _reference(sop_class_uid: str, sop_instance_uid: str, state: str) -> Dataset:
    item = instance_reference(sop_class_uid, sop_instance_uid)
    item.InstanceAvailability, item.RetrieveAETitle = state, settings.DICOM_AE_TITLE
    return item


def _available(series: Dataset) -> Iterable[str]:
    for reference in _items(series, "ReferencedSOPSequence"):
        state = str(reference.get("InstanceAvailability") or "").strip()
        if state not in STATES:
            raise _wrong("InstanceAvailability", "VALUE_INVALID" if state else "VALUE_MISSING")
        if state != "UNAVAILABLE":
            yield _uid(reference, "ReferencedSOPInstanceUID")


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    if keyword not in dataset:
        raise _wrong(keyword, "FIELD_MISSING")
    return list(dataset.get(keyword) or [])


def _uid(dataset: Dataset, keyword: str) -> str:
    if keyword not in dataset:
        raise _wrong(keyword, "FIELD_MISSING")
    value = str(dataset.get(keyword) or "").strip(" \0")
    if not is_uid_lenient(value):
        raise _wrong(keyword, "VALUE_INVALID")
    return value


def _wrong(keyword: str, code: str) -> InvalidInput:
    return InvalidInput(f"{keyword} is missing or wrong", code=code, fields={keyword: "is missing or wrong"})
