"""Who holds how much of which device: running jobs with a lease in force."""

from __future__ import annotations

import hashlib

from django.db import connection
from django.db.models import Sum

from common import clock
from compute.models import Job
from compute.scheduling.devices import Device


def held_bytes(device_name: str) -> int:
    """The memory of a device that running jobs hold."""
    held = Job.objects.filter(
        status=Job.Status.RUNNING, device=device_name, lease_until__gt=clock.now()
    ).aggregate(total=Sum("memory_bytes"))["total"]
    return int(held or 0)


def has_room(job: Job, device: Device) -> bool:
    """Whether the job may start on the device now; a job larger than the device may start alone.

    Takes a lock on the device for the transaction in hand, so two workers never count the same room twice.
    """
    _lock(device.name)
    held = held_bytes(device.name)
    return held == 0 or held + job.memory_bytes <= device.memory_bytes


def _lock(name: str) -> None:
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
