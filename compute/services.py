"""Jobs: submit, claim, report progress, finish, fail, cancel, take back from a lost worker."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from accounts.actors import Actor, SystemActor, actor_name
from accounts.audit import record_audit
from accounts.models import AuditEvent
from archive.studies.models import Series
from archive.studies.selectors import visible_series
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from common.nudges import Nudge
from compute.models import Job
from compute.scheduling.devices import Device, known_devices
from compute.scheduling.leases import has_room
from compute.scheduling.placement import place
from compute.selectors import series_facts
from compute.templates.library import (
    SeriesFacts,
    Template,
    complete_parameters,
    estimate_for,
    find_template,
    reasons_against,
)
from events.services import publish
from events.tracing import current_trace, trace

log = structlog.get_logger(__name__)

ACTOR = SystemActor("compute")
NUDGE_AGAIN = dt.timedelta(seconds=15)
_nudge = Nudge[str, str]()
"""Told of a queued job, by its UID and queue; a sweep repeats what was lost."""
use_nudge = _nudge.use


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to a job, until another attempt is made: results of an older one are refused."""

    job_pk: int
    job_uid: uuid.UUID
    attempt: int
    device: str


def submit_job(
    template_key: str,
    *,
    series_instance_uid: str,
    parameters: dict[str, Any] | None = None,
    run_uid: uuid.UUID | None = None,
    case_uid: uuid.UUID | None = None,
    actor: Actor,
) -> Job:
    """Queue a template for a series; the same `run_uid` always gives the same job.

    A request equal to one already completed (template version, parameters, input bytes) is completed at once
    with the results there are.
    Raises  NotFound for a template or series the actor cannot know of; InvalidInput TEMPLATE_DOES_NOT_FIT
            with the reasons, BAD_PARAMETERS with the fields.
    """
    template = find_template(template_key)
    with transaction.atomic():
        earlier = Job.objects.filter(run_uid=run_uid).first() if run_uid else None
        if earlier is not None:
            return earlier
        series = _series(series_instance_uid, actor)
        facts = series_facts(series)
        reasons = reasons_against(template, facts)
        if reasons:
            raise InvalidInput(" ".join(reasons), code="TEMPLATE_DOES_NOT_FIT")
        complete = complete_parameters(template, parameters or {})
        job = _new_job(template, series, facts, parameters=complete)
        job.run_uid, job.case_uid, job.submitted_by = run_uid, case_uid, actor_name(actor)
        job.save(force_insert=True)
        _audit(actor, "job.submitted", job, template=template.key)
        if not _reuse(job):
            _announce(job)
            _send_nudge(job)
    return job


def claim_job(job_uid: uuid.UUID | str, *, worker: str, device: Device) -> Claim | None:
    """Take a queued job for this worker; None if it is in other hands, done, or has no room yet."""
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(skip_locked=True)
            .filter(uid=job_uid, status=Job.Status.QUEUED)
            .first()
        )
        if job is None or _reuse(job) or not has_room(job, device):
            return None
        now = clock.now()
        job.status, job.step = Job.Status.RUNNING, "starting"
        job.attempts += 1
        job.worker, job.device = worker[:120], device.name
        job.started_at = job.started_at or now
        job.lease_until = now + lease()
        job.nudge_at = None
        job.save()
        with trace(job.trace_id):
            _announce(job)
        return Claim(job.pk, job.uid, job.attempts, device.name)


def renew_lease(claim: Claim) -> bool:
    """Tell that the worker is alive; False if the job is no longer its own: cancelled, or taken back."""
    return bool(_held(claim).update(lease_until=clock.now() + lease()))


def report_progress(claim: Claim, *, percent: int, step: str) -> bool:
    """Note how far the job is; people are told at each new step. False if it is no longer the worker's."""
    with transaction.atomic():
        job = _held(claim).select_for_update().first()
        if job is None:
            return False
        is_new = step != job.step
        job.progress_percent, job.step = min(max(percent, 0), 99), step
        job.save(update_fields=["progress_percent", "step"])
        if is_new:
            with trace(job.trace_id):
                _announce(job)
        return True


def finish_job(claim: Claim, *, result_series_uid: str, result_count: int) -> bool:
    """Mark the job completed; False if the claim is stale, and then nothing changes."""
    with transaction.atomic():
        job = _held(claim).select_for_update().first()
        if job is None:
            return False
        _complete(job, result_series_uid=result_series_uid, result_count=result_count)
        return True


def fail_job(claim: Claim, *, code: str) -> bool:
    """Mark the job failed for good; False if the claim is stale."""
    with transaction.atomic():
        job = _held(claim).select_for_update().first()
        if job is None:
            return False
        _end(job, Job.Status.FAILED, error_code=code)
        return True


def release_job(claim: Claim, *, code: str) -> bool:
    """Give a job back after a failure that may pass; it fails for good after its last attempt."""
    with transaction.atomic():
        job = _held(claim).select_for_update().first()
        if job is None:
            return False
        _requeue(job, code=code)
        return True


def cancel_job(job: Job, *, actor: Actor) -> Job:
    """Stop a job that is not done; a worker that is at it stops at its next step. Raises Conflict."""
    with transaction.atomic():
        held = Job.objects.select_for_update().get(pk=job.pk)
        if held.status == Job.Status.CANCELLED:
            return held
        if held.is_final:
            raise Conflict(gettext("The job has ended already."), code="JOB_ENDED")
        _end(held, Job.Status.CANCELLED, actor=actor)
        return held


def requeue_lost_jobs(*, limit: int = 100) -> int:
    """Take back jobs whose worker is gone, and nudge again for those that wait; how many were dealt with."""
    now = clock.now()
    count = 0
    with transaction.atomic():
        lost = Job.objects.select_for_update(skip_locked=True).filter(
            status=Job.Status.RUNNING, lease_until__lt=now
        )
        for job in lost.order_by("lease_until")[:limit]:
            log.warning("job.lost", job=str(job.uid), worker=job.worker, attempt=job.attempts)
            _requeue(job, code="WORKER_LOST")
            count += 1
        waiting = Job.objects.select_for_update(skip_locked=True).filter(
            status=Job.Status.QUEUED, nudge_at__lt=now
        )
        for job in waiting.order_by("nudge_at")[:limit]:
            job.nudge_at = now + NUDGE_AGAIN
            job.save(update_fields=["nudge_at"])
            _send_nudge(job)
            count += 1
    return count


def lease() -> dt.timedelta:
    """How long a worker may be silent before its job is taken back."""
    return dt.timedelta(seconds=settings.COMPUTE_LEASE_SECONDS)


def result_of(job: Job) -> dict[str, Any]:
    """What a completed job tells a process."""
    return {
        "job_uid": str(job.uid),
        "result_series_uid": job.result_series_uid,
        "result_count": job.result_count,
    }


def _series(series_instance_uid: str, actor: Actor) -> Series:
    seen = visible_series(actor).select_related("study__site")
    series = seen.filter(series_instance_uid=series_instance_uid).first()
    if series is None:
        raise NotFound(gettext("There is no such series."), code="NO_SUCH_SERIES")
    return series


def _new_job(template: Template, series: Series, facts: SeriesFacts, *, parameters: dict[str, Any]) -> Job:
    """A job that is not saved yet, placed by what it will need."""
    estimate, now = estimate_for(template, facts), clock.now()
    placement = place(estimate, known_devices())
    return Job(
        template_key=template.key,
        template_version=template.version,
        study_instance_uid=series.study.study_instance_uid,
        series_instance_uid=series.series_instance_uid,
        site_code=series.study.site.code,
        parameters=parameters,
        fingerprint=_fingerprint(template.key, template.version, parameters, series),
        queue=placement.queue,
        placement_reason=placement.reason[:200],
        memory_bytes=estimate.memory_bytes,
        trace_id=current_trace(),
        submitted_at=now,
        nudge_at=now + NUDGE_AGAIN,
    )


def _held(claim: Claim) -> Any:
    return Job.objects.filter(pk=claim.job_pk, status=Job.Status.RUNNING, attempts=claim.attempt)


def _requeue(job: Job, *, code: str) -> None:
    if job.attempts >= settings.COMPUTE_MAX_ATTEMPTS:
        _end(job, Job.Status.FAILED, error_code=code)
        return
    now = clock.now()
    job.status, job.error_code, job.lease_until = Job.Status.QUEUED, code, None
    job.progress_percent, job.step, job.worker, job.device = 0, "", "", ""
    job.nudge_at = now + NUDGE_AGAIN
    job.save()
    with trace(job.trace_id):
        _announce(job)
    _send_nudge(job)


def _reuse(job: Job) -> bool:
    """Complete the job with the results of an equal one, if those are still in the archive."""
    earlier = (
        Job.objects.filter(fingerprint=job.fingerprint, status=Job.Status.COMPLETED, reused_job=None)
        .exclude(pk=job.pk)
        .order_by("pk")
        .first()
    )
    if earlier is None or not Series.objects.filter(series_instance_uid=earlier.result_series_uid).exists():
        return False
    job.reused_job = earlier
    _complete(job, result_series_uid=earlier.result_series_uid, result_count=earlier.result_count)
    return True


def _complete(job: Job, *, result_series_uid: str, result_count: int) -> None:
    job.result_series_uid, job.result_count, job.progress_percent = result_series_uid, result_count, 100
    _end(job, Job.Status.COMPLETED)


def _end(job: Job, status: str, *, error_code: str = "", actor: Actor = ACTOR) -> None:
    job.status, job.error_code, job.step = status, error_code, ""
    job.lease_until = job.nudge_at = None
    job.finished_at = clock.now()
    job.save()
    failed = status == Job.Status.FAILED
    outcome = AuditEvent.Outcome.FAILED if failed else AuditEvent.Outcome.SUCCESS
    with trace(job.trace_id):
        _audit(actor, f"job.{status}", job, outcome=outcome, code=error_code)
        _announce(job)


def _audit(
    actor: Actor,
    action: str,
    job: Job,
    *,
    outcome: AuditEvent.Outcome = AuditEvent.Outcome.SUCCESS,
    **detail: Any,
) -> None:
    record_audit(
        actor,
        action,
        object_kind="job",
        object_uid=str(job.uid),
        study_instance_uid=job.study_instance_uid,
        site_code=job.site_code,
        outcome=outcome,
        **detail,
    )


def _announce(job: Job) -> None:
    subjects = {"job": str(job.uid), "study": job.study_instance_uid}
    if job.case_uid:
        subjects["case"] = str(job.case_uid)
    publish(
        "JobChanged",
        {
            "status": str(job.status),
            "progress_percent": job.progress_percent,
            "step": job.step,
            "template": job.template_key,
            "site_code": job.site_code,
        },
        subjects=subjects,
    )


def _send_nudge(job: Job) -> None:
    _nudge.after_commit(str(job.uid), job.queue)


def _fingerprint(key: str, version: str, parameters: dict[str, Any], series: Series) -> str:
    """A digest of everything the result depends on."""
    inputs = list(series.instances.order_by("sop_instance_uid").values_list("sop_instance_uid", "sha256"))
    body = json.dumps([key, version, parameters, inputs], sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()
