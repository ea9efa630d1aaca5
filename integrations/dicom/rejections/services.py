"""Rejection notes on the wire: what received ones do, and who is sent ours.

Reference  IHE RAD TF-2 §4.66 (Rejection Note Stored)
"""

from __future__ import annotations

import io

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from pydicom import dcmread
from pynetdicom.presentation import build_context

from accounts.audit import record_audit
from accounts.models import AuditEvent
from archive.storage.objects import read_object
from archive.studies.corrections.models import Correction, WithdrawnInstance
from archive.studies.corrections.rejection import apply_note
from archive.studies.models import Instance, Study
from archive.studies.outgoing import coerced, identity_of
from common.errors import InvalidInput, NotPermitted, ServiceError, Unavailable
from events.services import Event
from integrations.dicom.models import AERole, ApplicationEntity, Commitment, Notice
from integrations.dicom.nodes.calling import Purpose, node_association
from integrations.dicom.notices.delivery import queue_notice, sends
from integrations.dicom.scp.peers import acting

log = structlog.get_logger(__name__)


def apply_received_note(event: Event) -> None:
    """A node sent a key object document: if it rejects, and the node may, do what it says.

    One that may not be followed stays an ordinary document, and the audit trail says why.
    """
    uid = event.payload["sop_instance_uid"]
    instance = Instance.objects.select_related("series__study__site").filter(sop_instance_uid=uid).first()
    node = ApplicationEntity.objects.select_related("site").filter(ae_title=event.payload["ae_title"]).first()
    if instance is None or node is None:
        return
    try:
        if not node.may(AERole.REJECTION_SCU):
            raise NotPermitted("This AE may not reject", code="AE_MAY_NOT")
        apply_note(instance, site=node.site, actor=acting(node))
    except ServiceError as error:
        if not error.permanent:
            raise
        study_uid = instance.series.study.study_instance_uid
        log.warning("rejection_note.not_applied", code=error.code, sop_instance_uid=uid)
        record_audit(
            acting(node), "rejection_note.refused", object_kind="instance", object_uid=uid,
            study_instance_uid=study_uid, outcome=AuditEvent.Outcome.REFUSED, code=error.code,
        )  # fmt: skip


def pass_on_note(event: Event) -> None:
    """Instances were withdrawn: send the note to the nodes that are told of rejections or have committed to them."""
    correction = Correction.objects.select_related("study__site").get(uid=event.payload["correction"])
    if correction.study is None:
        return
    committed = Commitment.objects.filter(
        direction=Commitment.Direction.THEIRS, study_instance_uid=correction.study_instance_uid
    ).values("node")
    nodes = ApplicationEntity.objects.filter(
        Q(site=correction.study.site, roles__contains=[AERole.REJECTION_SCP.value]) | Q(pk__in=committed),
        is_enabled=True,
    )
    queue_note(correction, nodes)


def queue_note(correction: Correction, nodes: QuerySet[ApplicationEntity]) -> None:
    """Send the note of a correction, if it has one, to these nodes: once to each, and not to who sent it to us."""
    note = correction.detail.get("note")
    if not note:
        return
    lane = f"note:{note}"
    with transaction.atomic():
        Correction.objects.select_for_update(of=("self",), no_key=True).get(pk=correction.pk)
        known = set(Notice.objects.filter(lane=lane, node__in=nodes).values_list("node_id", flat=True))
        for node in nodes.exclude(ae_title=correction.made_by.removeprefix("dicom:")).distinct():
            if node.pk not in known:
                queue_notice(
                    node, Notice.Kind.REJECTION_NOTE, {"instance": note}, lane=lane,
                    study_instance_uid=correction.study_instance_uid,
                )  # fmt: skip


@sends(Notice.Kind.REJECTION_NOTE)
def send_note(notice: Notice) -> None:
    """C-STORE of the note, with the patient its study has now."""
    study = Study.all_objects.filter(study_instance_uid=notice.study_instance_uid).first()
    data = read_object(_note_key(notice.body["instance"]))
    dataset = dcmread(io.BytesIO(coerced(data, identity_of(study) if study is not None else None)))
    context = build_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    with node_association(notice.node, [context], purpose=Purpose.SEND) as assoc:
        try:
            status = assoc.send_c_store(dataset).get("Status")
        except ValueError as error:
            raise InvalidInput("The node takes no rejection notes", code="SERVICE_NOT_OFFERED") from error
    if status is None or status & 0xFF00 == 0xA700:
        raise Unavailable("The node did not take the note now", code="NOTE_NOT_TAKEN")
    if status not in {0x0000, 0xB000, 0xB006, 0xB007}:
        raise InvalidInput(f"The node answers 0x{status:04X}", code=f"STATUS_{status:04X}")


def _note_key(sop_instance_uid: str) -> str:
    for table in (WithdrawnInstance, Instance):
        key = (
            table.objects.filter(sop_instance_uid=sop_instance_uid)
            .values_list("storage_key", flat=True)
            .first()
        )
        if key:
            return str(key)
    raise InvalidInput("The rejection note is gone", code="NOTE_GONE")
