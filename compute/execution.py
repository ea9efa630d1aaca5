"""One job from claim to end, in a worker: run the template, store what it made, tell how it ended.

What touches pixels is found by name when a job runs, so only a worker ever loads torch.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog
from django.conf import settings
from django.db import close_old_connections, connection
from django.utils.module_loading import import_string

from archive.studies.models import Series
from common.errors import NotFound, ServiceError
from compute import services
from compute.models import Job
from compute.scheduling.devices import Device, local_cpu, local_gpus
from compute.services import Claim
from events.tracing import trace

log = structlog.get_logger(__name__)


_RUN_TEMPLATE = "compute.running.run_template"


class JobGoneError(Exception):
    """The job was cancelled or taken back while it ran."""


def run_job(job_uid: str, *, device: Device | None = None) -> bool:
    """Run a job if it is to be had; True if this call completed it.

    A permanent refusal fails the job; anything else gives it back for another attempt.
    """
    place = device or _own_device(job_uid)
    worker = f"{socket.gethostname()}:{os.getpid()}"
    claim = services.claim_job(job_uid, worker=worker, device=place)
    if claim is None:
        return False
    job = Job.objects.get(pk=claim.job_pk)
    with trace(job.trace_id), _heartbeat(claim):
        try:
            series_uid, count = _perform(job, claim, place)
        except JobGoneError:
            log.info("job.gone", job=str(job.uid))
            return False
        except ServiceError as error:
            log.warning("job.refused", job=str(job.uid), code=error.code)
            end = services.fail_job if error.permanent else services.release_job
            end(claim, code=error.code)
            return False
        except (
            Exception
        ) as error:  # a template is code of anybody's: whatever it raises, the job is given back
            log.exception("job.broken", job=str(job.uid))
            services.release_job(claim, code=type(error).__name__[:80])
            return False
        return services.finish_job(claim, result_series_uid=series_uid, result_count=count)


def _perform(job: Job, claim: Claim, device: Device) -> tuple[str, int]:
    series = (
        Series.objects.select_related("study__site")
        .filter(series_instance_uid=job.series_instance_uid)
        .first()
    )
    if series is None:
        raise NotFound("The series is no longer in the archive", code="SERIES_GONE")
    run_template = import_string(_RUN_TEMPLATE)
    stored: tuple[str, int] = run_template(job, series, device=device, progress=partial(_report, claim))
    return stored


def _report(claim: Claim, percent: int, step: str) -> None:
    if not services.report_progress(claim, percent=percent, step=step):
        raise JobGoneError


def _own_device(job_uid: str) -> Device:
    """The device this worker runs the job on: a card for what was queued for one, else the processor."""
    wants_gpu = Job.objects.filter(uid=uuid.UUID(job_uid), queue="gpu").exists()
    cards = local_gpus() if wants_gpu else []
    return cards[0] if cards else local_cpu()


@contextmanager
def _heartbeat(claim: Claim) -> Iterator[None]:
    """Renew the lease from a thread of its own while the enclosed work goes on."""
    stopped = threading.Event()

    def beat() -> None:
        try:
            while not stopped.wait(settings.COMPUTE_LEASE_SECONDS / 4):
                try:
                    close_old_connections()
                    if not services.renew_lease(claim):
                        return
                except Exception:
                    log.exception("job.heartbeat_failed", job=str(claim.job_uid))
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name="job-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(timeout=5)
