"""Passing performed procedure steps on to the nodes that want to know of them, as the modality said them.

Reference  PS3.4 §F.7, IHE RAD-6 (the Performed Procedure Step Manager forwards what it gets)
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import ModalityPerformedProcedureStep  # type: ignore[attr-defined]

from archive.orders.models import PerformedProcedureStep
from common.errors import Conflict
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.nodes.calling import Purpose, node_association
from integrations.dicom.notices.delivery import queue_notice, sends
from integrations.dicom.notices.models import Notice
from integrations.dicom.scu.normalised import n_create, n_set

Kind = Notice.Kind


def forward_step(step: PerformedProcedureStep, said: Dataset, *, is_new: bool) -> None:
    """Queue what was said for every node of the site that is told of performed steps, but not its sender."""
    nodes = ApplicationEntity.objects.filter(
        site=step.site, is_enabled=True, roles__contains=[AERole.MPPS_SCP.value]
    ).exclude(ae_title=step.said_by)
    for node in nodes:
        queue_notice(
            node,
            Kind.STEP_CREATED if is_new else Kind.STEP_CHANGED,
            {"instance": step.sop_instance_uid, "attributes": said.to_json_dict()},
            lane=f"step:{step.sop_instance_uid}",
            study_instance_uid=step.study_instance_uid,
        )


@sends(Kind.STEP_CREATED)
def send_created(notice: Notice) -> None:
    """N-CREATE at the node; one that holds the step already has it from an earlier try."""
    with node_association(
        notice.node, [build_context(ModalityPerformedProcedureStep)], purpose=Purpose.PERFORMED
    ) as assoc:
        try:
            n_create(
                assoc, Dataset.from_json(notice.body["attributes"]),
                sop_class=ModalityPerformedProcedureStep, instance=notice.body["instance"],
            )  # fmt: skip
        except Conflict:
            return


@sends(Kind.STEP_CHANGED)
def send_changed(notice: Notice) -> None:
    """N-SET at the node."""
    with node_association(
        notice.node, [build_context(ModalityPerformedProcedureStep)], purpose=Purpose.PERFORMED
    ) as assoc:
        n_set(
            assoc, Dataset.from_json(notice.body["attributes"]),
            sop_class=ModalityPerformedProcedureStep, instance=notice.body["instance"],
        )  # fmt: skip
