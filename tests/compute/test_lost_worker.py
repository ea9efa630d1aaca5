"""A worker killed in mid-job, as a process of its own: nothing is lost, nothing stored twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as live_settings
from django.db import connection

from archive.studies.models import Series
from compute import execution, services
from compute.models import Job
from tests.compute.conftest import SCANNER
from tests.compute.test_jobs import CPU

ROOT = Path(__file__).resolve().parents[2]

# A worker that stores three results, says so, and then hangs until it is killed.
WORKER = """
import sys
import django
django.setup()
import compute.running as running
from compute import execution, services
from events.services import use_nudge

services.use_nudge(None)
use_nudge(None)
whole = running.secondary_captures

def three(output, origin):
    for number, data in enumerate(whole(output, origin)):
        if number == 3:
            print("three stored", flush=True)
            sys.stdin.read()
        yield data

running.secondary_captures = three
execution.run_job(sys.argv[1])
"""


@pytest.mark.django_db(transaction=True)
def test_worker_killed_in_mid_job_leaves_nothing_lost_and_nothing_doubled(series, clock):
    job = services.submit_job("ct_overview", series_instance_uid=series.series_instance_uid, actor=SCANNER)
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(job.uid)], cwd=ROOT, env=_environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "three stored\n"
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Job.Status.RUNNING, 1)
    assert Series.objects.get(is_derived=True).instances.count() == 3

    assert job.lease_until is not None
    clock.now = job.lease_until  # the dead worker's own clock was the machine's
    clock.advance(services.lease())
    assert services.requeue_lost_jobs() == 1
    assert execution.run_job(str(job.uid), device=CPU)

    job.refresh_from_db()
    assert (job.status, job.attempts, job.result_count) == (Job.Status.COMPLETED, 2, 10)
    results = Series.objects.get(is_derived=True)
    numbers = results.instances.order_by("instance_number").values_list("instance_number", flat=True)
    assert list(numbers) == list(range(1, 11))


def _environment() -> dict[str, str]:
    """This test's database and store, for another process."""
    parts = connection.settings_dict
    url = f"postgres://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
    return {**os.environ, "DATABASE_URL": url, "STORAGE_URL": live_settings.STORAGE_URL}
