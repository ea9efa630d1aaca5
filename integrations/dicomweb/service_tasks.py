"""Steps that a diagram can name: `dicomweb.schedule_workitem`."""

from __future__ import annotations

from archive.studies.selectors import visible_studies
from archive.workitems.creation import create_workitem
from archive.workitems.on_studies import workitem_on_study
from common.errors import Conflict, NotFound
from common.uids import derived_uid
from events.tracing import trace
from workflows.service_tasks import TaskContext, service_task


@service_task("dicomweb.schedule_workitem")
def schedule_workitem(
    context: TaskContext,
    *,
    study_instance_uid: str,
    label: str,
    worklist_label: str = "",
    priority: str = "MEDIUM",
    station: str = "",
) -> dict[str, str]:
    """Put work on a study on the worklist of its site, for whichever program claims it there.

    A repeated attempt of the step finds the workitem it made.

    Returns  {"workitem": its UID}.
    Raises   NotFound for an unknown study; InvalidInput for a priority other than HIGH, MEDIUM and LOW, or no label.
    Reference  PS3.4 §CC.2.5.3 (an SCP may create workitems by itself)
    """
    study = (
        visible_studies(context.actor)
        .filter(study_instance_uid=study_instance_uid)
        .select_related("site", "patient__merged_into", "order")
        .first()
    )
    if study is None:
        raise NotFound("There is no such study.", code="STUDY_UNKNOWN")
    uid = derived_uid("workitem", context.run_uid)
    model = workitem_on_study(
        study, label=label, worklist_label=worklist_label, priority=priority, station=station
    )
    try:
        with trace(context.trace_id):
            create_workitem(context.actor, uid, model, site_code=study.site.code)
    except Conflict as error:
        if error.code != "WORKITEM_EXISTS":
            raise
    return {"workitem": uid}
