"""Tell the process that waits for a job how it ended. News travels as an event, so it is not lost."""

from __future__ import annotations

import structlog

from accounts.actors import SystemActor
from common.errors import InvalidInput
from compute.models import Job
from compute.services import result_of, submit_job
from events.services import Event, subscribe
from workflows import services as workflows

log = structlog.get_logger(__name__)


def register() -> None:
    subscribe("JobChanged", subscriber="compute.settle_step", handler=settle_step)
    subscribe("TemplateRequested", subscriber="compute.run_template", handler=run_template)


def settle_step(event: Event) -> None:
    """Complete or fail the service task that waits for the job, once the job has ended."""
    if event.payload["status"] not in (Job.Status.COMPLETED, Job.Status.FAILED, Job.Status.CANCELLED):
        return
    job = Job.objects.filter(uid=event.subjects["job"]).first()
    if job is None or job.run_uid is None:
        return
    if job.status == Job.Status.COMPLETED:
        workflows.complete_service_task(job.run_uid, result=result_of(job))
    elif job.is_final:
        code = job.error_code or "JOB_CANCELLED"
        workflows.fail_service_task(
            job.run_uid, code=code, message="The post-processing job did not complete.", permanent=True
        )


def run_template(event: Event) -> None:
    """Run the template a routing table asks for, once, as the event is handled once; what does not fit is left."""
    try:
        submit_job(
            event.payload["template"],
            series_instance_uid=event.subjects["series"],
            actor=SystemActor("routing"),
        )
    except InvalidInput as error:
        if error.code != "TEMPLATE_DOES_NOT_FIT":
            raise
        log.info("template.does_not_fit", template=event.payload["template"], series=event.subjects["series"])
