"""The step a diagram names to have a template run."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext

from archive.studies.models import Series
from archive.studies.selectors import visible_series
from common.errors import InvalidInput, NotFound
from compute.models import Job
from compute.selectors import series_facts
from compute.services import result_of, submit_job
from compute.templates.library import Template, find_template, reasons_against
from workflows.service_tasks import Pending, TaskContext, service_task


@service_task("compute.run_template", retries=2, timeout_s=900)
def run_template(
    context: TaskContext,
    *,
    template: str,
    study_instance_uid: str,
    series_instance_uid: str = "",
    parameters: dict[str, Any] | None = None,
) -> dict[str, Any] | Pending:
    """Have a template run on a series of the study, by default the one it fits best: most slices.

    Returns  Pending with the job's UID; at once `job_uid`, `result_series_uid` and `result_count` if an equal
             job was completed before.
    Raises   NotFound for an unknown template, study or series; InvalidInput NO_FITTING_SERIES,
             TEMPLATE_DOES_NOT_FIT or BAD_PARAMETERS.
    """
    chosen = series_instance_uid or _best_series(context, find_template(template), study_instance_uid)
    job = submit_job(
        template,
        series_instance_uid=chosen,
        parameters=parameters,
        run_uid=context.run_uid,
        case_uid=_case(context),
        actor=context.actor,
    )
    if job.status == Job.Status.COMPLETED:
        return result_of(job)
    return Pending(str(job.uid))


def _best_series(context: TaskContext, template: Template, study_instance_uid: str) -> str:
    candidates = list(
        visible_series(context.actor)
        .filter(study__study_instance_uid=study_instance_uid, is_derived=False)
        .order_by("series_number", "pk")
    )
    if not candidates:
        raise NotFound(gettext("The study has no series."), code="NO_SERIES")
    fitting = [(_slices(s), s) for s in candidates if not reasons_against(template, series_facts(s))]
    if not fitting:
        raise InvalidInput(gettext("No series of the study fits the template."), code="NO_FITTING_SERIES")
    return max(fitting, key=lambda pair: pair[0])[1].series_instance_uid


def _slices(series: Series) -> int:
    return int(series.geometry.get("slices", 0))


def _case(context: TaskContext) -> uuid.UUID:
    named = context.subjects.get("case")
    return uuid.UUID(named) if named else context.instance_uid
