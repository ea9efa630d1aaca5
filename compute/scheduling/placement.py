"""Which queue a job goes to: a pure policy that gives its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compute.scheduling.devices import Device


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will need at most. `is_accelerated`: a graphics processor makes it faster."""

    memory_bytes: int
    seconds: float
    is_accelerated: bool


@dataclass(frozen=True, slots=True)
class Placement:
    queue: str
    reason: str


def place(estimate: Estimate, devices: Sequence[Device]) -> Placement:
    """The queue for a job, and why.

    A graphics processor is chosen only for a job that gains by it and fits its memory; everything else
    runs on processors, where a job larger than the memory set aside waits to run alone.
    """
    need = _gib(estimate.memory_bytes)
    gpus = [device for device in devices if device.kind == "gpu"]
    if estimate.is_accelerated and gpus:
        fitting = [device for device in gpus if device.memory_bytes >= estimate.memory_bytes]
        if fitting:
            return Placement(fitting[0].queue, f"Needs {need}; {fitting[0].name} has room and is faster.")
        return Placement("cpu", f"Needs {need}, more than any graphics processor has.")
    cpus = [device for device in devices if device.kind == "cpu"]
    if not cpus:
        return Placement("cpu", f"Needs {need}; no worker has announced itself lately, so it waits for one.")
    if all(device.memory_bytes < estimate.memory_bytes for device in cpus):
        return Placement("cpu", f"Needs {need}, more than is set aside for jobs, so it runs alone.")
    if estimate.is_accelerated:
        return Placement("cpu", f"Needs {need}; there is no graphics processor.")
    return Placement("cpu", f"Needs {need}; a processor does it as fast as a graphics processor would.")


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.1f} GiB"
