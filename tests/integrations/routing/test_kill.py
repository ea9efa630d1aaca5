"""A sender killed in the middle: the next goes on, nothing is lost, and the receiver holds every object once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from common import clock
from integrations.dicom.models import ApplicationEntity
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.services import queue_series
from tests.integrations.dicom.conftest import database_url
from tests.integrations.routing.peers import Orthanc, recording_node, running_orthanc
from tests.integrations.routing.test_sending import uids
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
OBJECTS = 150
SENDER = """
import django; django.setup()
import time
from integrations.routing import queueing, sending
queueing.use_nudge(None)
while True:
    sending.send_due()
    time.sleep(0.05)
"""


@pytest.fixture
def start_sender(settings):
    """A process that sends what is due; its lease is short, so that the next need not wait long."""
    started = []

    def start() -> subprocess.Popen[bytes]:
        environment = {
            **os.environ, "DATABASE_URL": database_url(), "STORAGE_URL": settings.STORAGE_URL,
            "ROUTING_LEASE_SECONDS": "1.5",
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-c", SENDER], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def holds_at_least(orthanc: Orthanc, count: int) -> bool:
    return orthanc.count() >= count


def destination_at(port: int, title: str, cast) -> Destination:
    node = ApplicationEntity.objects.create(
        ae_title=title, site=cast.county, roles=["storage_scp"], host="127.0.0.1", port=port, timeout_s=5
    )
    return Destination.objects.create(
        key=title.lower(), name=title, kind="dimse", node=node, created_at=clock.now()
    )


@pytest.mark.django_db(transaction=True)
def test_a_killed_sender_loses_nothing_and_doubles_nothing(cast, make_series, start_sender, tmp_path):
    series = make_series(OBJECTS)
    with running_orthanc(tmp_path / "orthanc") as orthanc:
        queue_series(series, destination=destination_at(orthanc.port, "ORTHANC", cast))

        for share in (0.2, 0.5):
            sender = start_sender()
            wait_until(partial(holds_at_least, orthanc, int(share * OBJECTS)))
            sender.send_signal(signal.SIGKILL)
            sender.wait()
        assert Delivery.objects.exclude(state="sent").exists(), "it was killed in the middle"
        start_sender()
        wait_until(lambda: not Delivery.objects.exclude(state="sent").exists())

        assert orthanc.count() == OBJECTS
        assert orthanc.sop_instance_uids() == set(uids(series))
    wait_until(lambda: Lane.objects.get().next_at is None)
    assert Delivery.objects.count() == OBJECTS


@pytest.mark.django_db(transaction=True)
def test_what_is_repeated_after_a_kill_is_only_what_was_in_the_air(cast, make_series, start_sender):
    series = make_series(OBJECTS)
    with recording_node() as recorder:
        queue_series(series, destination=destination_at(recorder.port, "RECORDER", cast))
        sender = start_sender()
        wait_until(lambda: len(recorder.received) >= OBJECTS // 3)
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        start_sender()
        wait_until(lambda: not Delivery.objects.exclude(state="sent").exists())

        first_times = list(dict.fromkeys(recorder.received))
        assert first_times == uids(series), "in order, each of them"
        assert len(recorder.received) - len(first_times) <= 1
