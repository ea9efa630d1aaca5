"""Modality Performed Procedure Step: N-CREATE and N-SET.

Reference  PS3.4 §F.7 (service), PS3.7 Annex C (statuses), IHE RAD-6, RAD-7
"""

from __future__ import annotations

from django.db import transaction
from pydicom.dataset import Dataset
from pynetdicom.events import Event

from archive.orders.models import PerformedProcedureStep
from archive.orders.performed import Performed, locked_step, start_step, update_step
from archive.studies.evidence import Kind, note_named
from common.errors import InvalidInput
from common.uids import is_uid_lenient, new_uid
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.performed.datasets import created, updated
from integrations.dicom.performed.forwarding import forward_step
from integrations.dicom.scp.peers import acting
from integrations.dicom.scp.requests import Answer, answered, decoded, instance_named
from integrations.dicom.status import UNRECOGNISED_OPERATION


def handle_mpps_create(event: Event) -> Answer:
    """Start a performed step (PS3.4 §F.7.2.1).

    0x0111 for a UID that is known, 0x0120 and 0x0121 for what is missing, 0x0106 for a wrong value, 0x0124 for
    a node that may not report. A UID the modality left out is given by us.
    """
    uid = instance_named(event)

    def create(node: ApplicationEntity) -> Dataset | None:
        if uid and not is_uid_lenient(uid):
            raise InvalidInput("The SOP Instance UID is no UID", code="INSTANCE_INVALID")
        known_as = uid or new_uid()
        attributes = decoded(lambda: event.attribute_list)
        performed = created(attributes)
        with transaction.atomic():
            step = start_step(known_as, performed, site=node.site, said_by=node.ae_title, actor=acting(node))
            _note(step, performed)
            forward_step(step, attributes, is_new=True)
        return None if uid else _naming(known_as)

    return answered(event, AERole.MPPS_SCU, create, what="mpps")


def handle_mpps_set(event: Event) -> Answer:
    """Change a performed step, or end it (PS3.4 §F.7.2.2).

    0x0112 for a step nobody created, 0x0110 with Error ID 0xA710 for one that has ended; others as N-CREATE.
    """
    uid = instance_named(event)

    def change(node: ApplicationEntity) -> Dataset | None:
        changes = decoded(lambda: event.modification_list)
        with transaction.atomic():
            step = locked_step(uid, site=node.site)
            performed = updated(step.attributes, changes)
            update_step(step, performed, actor=acting(node))
            _note(step, performed)
            forward_step(step, changes, is_new=False)
        return None

    return answered(event, AERole.MPPS_SCU, change, what="mpps")


def handle_mpps_get(_event: Event) -> Answer:
    """N-GET belongs to the retrieve SOP class, which is not offered: 0x0211, Unrecognised Operation."""
    return UNRECOGNISED_OPERATION, None


def _note(step: PerformedProcedureStep, performed: Performed) -> None:
    note_named(
        Kind.MPPS,
        reference=step.sop_instance_uid,
        said_by=step.said_by,
        series=[(one.series_instance_uid, one.instance_uids) for one in performed.series],
        is_final=performed.status != PerformedProcedureStep.Status.IN_PROGRESS,
    )


def _naming(uid: str) -> Dataset:
    answer = Dataset()
    answer.AffectedSOPInstanceUID = uid
    return answer
