"""A step taken for one attempt, under a lease that is renewed for as long as the work lasts.

`attempts` is the fencing token: an older attempt that comes back late may still bring a result, but no failure.
"""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import connection, transaction

from common import clock
from workflows.models import ServiceTaskRun

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(seconds=30)
HEARTBEAT_S = 10.0


def claim(run_uid: uuid.UUID) -> ServiceTaskRun | None:
    """Take a queued step for one attempt, under a lease; None if it is not to be done now, or not by us."""
    with transaction.atomic():
        run = (
            ServiceTaskRun.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=run_uid, status=ServiceTaskRun.Status.QUEUED, instance__suspended_at=None)
            .first()
        )
        if run is None:
            return None
        run.status = ServiceTaskRun.Status.RUNNING
        run.attempts += 1
        run.lease_until = clock.now() + LEASE
        run.save(update_fields=["status", "attempts", "lease_until"])
        return run


@contextmanager
def heartbeat(run: ServiceTaskRun) -> Iterator[None]:
    """Renew the lease for as long as the enclosed work lasts."""
    done = threading.Event()

    def renew() -> None:
        try:
            while not done.wait(HEARTBEAT_S):
                ServiceTaskRun.objects.filter(
                    pk=run.pk, status=ServiceTaskRun.Status.RUNNING, attempts=run.attempts
                ).update(lease_until=clock.now() + LEASE)
        except Exception:
            log.exception("step.heartbeat_failed", run=str(run.uid))
        finally:
            connection.close()

    thread = threading.Thread(target=renew, name=f"lease-{run.uid}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=5)
