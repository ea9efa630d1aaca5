"""The inventory of processors, taken without torch, so that web processes may ask too."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import subprocess
from dataclasses import dataclass

from django.conf import settings

from common import clock
from compute.models import ComputeDevice

FRESH = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Device:
    """A processor with the memory jobs may use of it. `name` is unique in the region."""

    name: str
    kind: str
    queue: str
    memory_bytes: int
    cores: int = 0
    description: str = ""


def local_cpu() -> Device:
    """This machine's processor, with the share of its memory set aside for jobs."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0))
    share = int(total * settings.COMPUTE_MEMORY_SHARE)
    return Device(f"{socket.gethostname()}/cpu", "cpu", "cpu", share, cores, f"{cores} cores")


def local_gpus() -> list[Device]:
    """The graphics processors the driver's own tool tells of; none where there is no such tool."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=index,name,memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [_gpu(line) for line in told.splitlines() if line.count(",") == 2]


def _gpu(line: str) -> Device:
    index, name, mebibytes = (part.strip() for part in line.split(","))
    return Device(
        f"{socket.gethostname()}/gpu{index}", "gpu", "gpu", int(float(mebibytes)) << 20, description=name
    )


def announce(devices: list[Device]) -> None:
    """Write down what this worker offers; devices not heard of for two minutes no longer count."""
    for device in devices:
        ComputeDevice.objects.update_or_create(
            name=device.name,
            defaults={
                "machine": socket.gethostname(),
                "kind": device.kind,
                "queue": device.queue,
                "description": device.description,
                "memory_bytes": device.memory_bytes,
                "cores": device.cores,
                "seen_at": clock.now(),
            },
        )


def known_devices() -> list[Device]:
    """The devices heard of lately, over all machines."""
    fresh = ComputeDevice.objects.filter(seen_at__gte=clock.now() - FRESH).order_by("name")
    return [
        Device(row.name, row.kind, row.queue, row.memory_bytes, row.cores, row.description) for row in fresh
    ]
