from __future__ import annotations

import threading
from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import close_old_connections

from compute import execution
from compute.scheduling import devices

log = structlog.get_logger(__name__)

ANNOUNCE_SECONDS = 30.0
_leaving = threading.Event()


@shared_task(name="compute.run_job", ignore_result=True)  # type: ignore[untyped-decorator]
def run_job(job_uid: str) -> None:
    """Run a queued job; a message for a job in other hands does nothing."""
    execution.run_job(job_uid)


def nudge(job_uid: str, queue: str) -> None:
    """Tell the workers of a queue that a job waits."""
    run_job.apply_async((job_uid,), queue=queue)


@worker_ready.connect  # type: ignore[untyped-decorator]
def announce_devices(sender: Any = None, **_: object) -> None:
    """A worker that serves a compute queue tells, as long as it lives, what it offers."""
    queues = {queue.name for queue in sender.task_consumer.queues}
    offered = ([devices.local_cpu()] if "cpu" in queues else []) + (
        devices.local_gpus() if "gpu" in queues else []
    )
    if offered:
        threading.Thread(target=_keep_announcing, args=(offered,), name="devices", daemon=True).start()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def stop_announcing(**_: object) -> None:
    _leaving.set()


def _keep_announcing(offered: list[devices.Device]) -> None:
    while True:
        try:
            close_old_connections()
            devices.announce(offered)
        except Exception:
            log.exception("devices.announce_failed")
        if _leaving.wait(ANNOUNCE_SECONDS):
            return
