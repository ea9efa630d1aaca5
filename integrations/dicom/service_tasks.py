"""The steps a diagram names to have studies sent to a node, or fetched from one."""

from __future__ import annotations

from django.utils.translation import gettext

from accounts.audit import record_audit
from archive.studies.models import Study
from archive.studies.selectors import visible_studies
from common.errors import InvalidInput, NotFound, Unavailable
from integrations.dicom.fetching import fetch_study
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.querying import studies_at
from integrations.dicom.retrieval import Progress, instances_of_study
from integrations.dicom.sending import send_to
from workflows.service_tasks import TaskContext, service_task

_LATER = range(0xA700, 0xA800)


@service_task("dicom.send_study", queue="transfer", retries=4, timeout_s=900)
def send_study(context: TaskContext, *, study_instance_uid: str, destination: str) -> dict[str, int]:
    """Send every instance of a study to an Application Entity by C-STORE.

    Instances the peer already holds are accepted again by it, so a retry may resend them.

    Returns  counts of completed and warned sub-operations, for the process data.
    Raises   Unavailable if the association fails or the peer has no room (retried); NotFound for an unknown
             study or destination; InvalidInput if the peer refuses an object for good.
    Reference  PS3.4 §B.2
    """
    study = _study(context, study_instance_uid)
    node = _node(destination, AERole.STORAGE_SCP)
    wanted = instances_of_study(study)
    progress, refused = Progress(len(wanted)), set[int]()
    for one, status in send_to(node, wanted):
        progress.note(one, status)
        if status in _LATER:
            raise Unavailable(gettext("The node has no room now."), code="SEND_FAILED")
        if one.sop_instance_uid in progress.failed_uids[-1:]:
            refused.add(status)
    record_audit(
        context.actor, "study.sent", object_kind="study", object_uid=study_instance_uid,
        study_instance_uid=study_instance_uid, destination=destination, completed=progress.completed,
        failed=progress.failed, statuses=sorted(f"0x{status:04X}" for status in refused),
    )  # fmt: skip
    if progress.failed:
        raise InvalidInput(gettext("The node refuses images of the study."), code="SEND_REFUSED")
    return {"completed": progress.completed, "warning": progress.warning}


@service_task("dicom.retrieve_study", queue="transfer", retries=4, timeout_s=1800)
def retrieve_study(
    context: TaskContext, *, study_instance_uid: str, source: str, patient_id: str = ""
) -> dict[str, int]:
    """Have a node send a study to us by C-MOVE, or fetch it by C-GET from one that cannot call us.

    What we hold already it may send again without effect. The patient's ID there is needed only by a node
    that knows no other model than Patient Root.

    Returns  counts of completed, failed and warned sub-operations.
    Raises   Unavailable if the node cannot be reached or sends only a part (retried); NotFound for an unknown
             node, or where it does not know us as a destination; InvalidInput if it refuses.
    Reference  PS3.4 §C.4.2, §C.4.3
    """
    node = _node(source, AERole.QUERY_SCP)
    outcome = fetch_study(node, study_instance_uid=study_instance_uid, patient_id=patient_id)
    record_audit(
        context.actor, "study.fetched", object_kind="study", object_uid=study_instance_uid,
        study_instance_uid=study_instance_uid, source=source, completed=outcome.completed, failed=outcome.failed,
    )  # fmt: skip
    if outcome.failed:
        raise Unavailable(gettext("The node has sent only a part of the study."), code="RETRIEVE_INCOMPLETE")
    return {"completed": outcome.completed, "failed": outcome.failed, "warning": outcome.warning}


@service_task("dicom.find_studies", queue="transfer", retries=4, timeout_s=300)
def find_studies(
    context: TaskContext, *, patient_id: str, source: str
) -> dict[str, list[dict[str, str | list[str]]]]:
    """Ask a node which studies it holds of a patient, by the patient's ID there (C-FIND).

    Returns  for each its `study_instance_uid`, `study_date` and `modalities`, the latest first.
    Raises   Unavailable if the node cannot be reached (retried); NotFound for an unknown node; InvalidInput
             if it refuses the query, or there is no ID to ask by.
    Reference  PS3.4 §C.4.1
    """
    node = _node(source, AERole.QUERY_SCP)
    found = studies_at(node, patient_id=patient_id)
    record_audit(
        context.actor, "node.queried", object_kind="application_entity", object_uid=source,
        site_code=node.site.code, found=len(found),
    )  # fmt: skip
    return {
        "studies": [
            {
                "study_instance_uid": one.study_instance_uid,
                "study_date": one.study_date,
                "modalities": list(one.modalities),
            }
            for one in found
        ]
    }


def _study(context: TaskContext, study_instance_uid: str) -> Study:
    study = visible_studies(context.actor).filter(study_instance_uid=study_instance_uid).first()
    if study is None:
        raise NotFound(gettext("There is no such study."), code="STUDY_UNKNOWN")
    return study


def _node(ae_title: str, role: AERole) -> ApplicationEntity:
    node = ApplicationEntity.objects.select_related("site").filter(ae_title=ae_title, is_enabled=True).first()
    if node is None or not node.may(role):
        raise NotFound(gettext("There is no such node."), code="NODE_UNKNOWN")
    return node
