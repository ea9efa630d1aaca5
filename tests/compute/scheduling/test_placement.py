from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from compute.models import Job
from compute.scheduling.devices import FRESH, Device, announce, known_devices, local_cpu
from compute.scheduling.leases import has_room, held_bytes
from compute.scheduling.placement import Estimate, place

GIB = 2**30
CPU = Device("node/cpu", "cpu", "cpu", 8 * GIB, 4)
GPU = Device("node/gpu0", "gpu", "gpu", 16 * GIB)


@pytest.mark.parametrize(
    ("estimate", "devices", "queue", "because"),
    [
        (Estimate(2 * GIB, 5, is_accelerated=False), [CPU, GPU], "cpu", "as fast"),
        (Estimate(2 * GIB, 5, is_accelerated=True), [CPU, GPU], "gpu", "node/gpu0 has room"),
        (Estimate(20 * GIB, 5, is_accelerated=True), [CPU, GPU], "cpu", "more than any graphics processor"),
        (Estimate(2 * GIB, 5, is_accelerated=True), [CPU], "cpu", "no graphics processor"),
        (Estimate(9 * GIB, 5, is_accelerated=False), [CPU], "cpu", "runs alone"),
        (Estimate(2 * GIB, 5, is_accelerated=True), [], "cpu", "no worker has announced itself"),
    ],
)
def test_job_goes_where_it_fits_and_says_why(estimate, devices, queue, because):
    placement = place(estimate, devices)
    assert placement.queue == queue
    assert because in placement.reason
    assert "GiB" in placement.reason


def test_device_not_heard_of_for_a_while_no_longer_counts(db, clock):
    announce([CPU])
    assert known_devices() == [CPU]
    clock.advance(FRESH * 1.5)
    assert known_devices() == []


def test_own_processor_offers_a_share_of_its_memory(settings):
    settings.COMPUTE_MEMORY_SHARE = 0.5
    half = local_cpu().memory_bytes
    settings.COMPUTE_MEMORY_SHARE = 1.0
    assert local_cpu().memory_bytes == pytest.approx(2 * half, abs=1)


def running(clock, size: int, *, lease_s: float = 30) -> Job:
    return Job.objects.create(
        template_key="t", template_version="1", fingerprint="", queue="cpu", submitted_by="x", trace_id=uuid4(),
        submitted_at=clock.now, status=Job.Status.RUNNING, device=CPU.name, memory_bytes=size,
        lease_until=clock.now + timedelta(seconds=lease_s),
    )  # fmt: skip


def test_second_job_waits_until_the_first_gives_its_memory_back(db, clock):
    first = running(clock, 5 * GIB)
    second = Job(memory_bytes=4 * GIB)
    assert not has_room(second, CPU)
    assert has_room(Job(memory_bytes=3 * GIB), CPU)
    Job.objects.filter(pk=first.pk).update(status=Job.Status.COMPLETED)
    assert has_room(second, CPU)


def test_memory_of_a_lost_worker_is_free_again(db, clock):
    running(clock, 5 * GIB, lease_s=-1)
    assert held_bytes(CPU.name) == 0


def test_job_larger_than_the_device_runs_alone(db, clock):
    giant = Job(memory_bytes=9 * GIB)
    assert has_room(giant, CPU)
    running(clock, GIB)
    assert not has_room(giant, CPU)
