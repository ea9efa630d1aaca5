"""PostgreSQL is stopped in immediate mode and started again while objects come in and go out.

Connections that are merely cut are `test_receiving_drills`; here the server goes through crash recovery. What
is asked of the database is asked by processes of the product: pytest's own database stays another one.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings as product

from common.errors import Unavailable
from integrations.dicom.scu.association import Peer
from integrations.dicom.scu.echo import echo
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.own_database import OwnDatabase, own_database
from tests.integrations.routing.peers import Recorder, recording_node
from tests.waiting import wait_until

STORESCU = Path("/usr/bin/storescu")
pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
OBJECTS = 200
BACK_WITHIN_S = 4.0

CAST = """
from tests.personas import make_cast
from integrations.dicom.models import ApplicationEntity
cast = make_cast()
ApplicationEntity.objects.create(ae_title="STORESCU", site=cast.county)
"""
HELD = """
import hashlib, json
from archive.storage.objects import read_object
from archive.studies.models import Instance, Series
print(json.dumps({
    "instances": Instance.objects.count(),
    "series": Series.objects.count(),
    "tails": {one.sop_instance_uid: read_object(one.storage_key)[-64:].hex() for one in Instance.objects.all()},
}))
"""
QUEUE = """
from accounts.actors import SystemActor
from accounts.models import Site
from archive.studies.models import Series
from archive.studies.services import complete_series, store_part10
from common import clock
from integrations.dicom.models import ApplicationEntity
from integrations.routing.models import Destination
from integrations.routing.services import queue_series
from tests.archive.studies.objects import ct_slice, part10
county = Site.objects.get(code="county")
for number in range(1, {count} + 1):
    store_part10(part10(ct_slice(number, study="routed")), site=county, actor=SystemActor("test"))
series = Series.objects.get(study__study_instance_uid=ct_slice(1, study="routed").StudyInstanceUID)
complete_series(series, "Made for a test.")
node = ApplicationEntity.objects.create(
    ae_title="RECORDER", site=county, roles=["storage_scp"], host="127.0.0.1", port={port}, timeout_s=5,
)
destination = Destination.objects.create(
    key="recorder", name="Recorder", kind="dimse", node=node, created_at=clock.now(),
)
queue_series(series, destination=destination)
"""
SENDER = """
import time
import django; django.setup()
from django.db import DatabaseError, InterfaceError, close_old_connections
from integrations.routing import queueing, sending
queueing.use_nudge(None)
while True:
    try:  # as a worker does with each of its tasks
        sending.send_due()
    except (DatabaseError, InterfaceError):
        pass
    close_old_connections()
    time.sleep(0.05)
"""
STATES = """
import json
from django.db.models import Count
from integrations.routing.models import Delivery, Destination, Lane
print(json.dumps({
    "states": dict(Delivery.objects.values_list("state").annotate(Count("pk"))),
    "lanes": Lane.objects.exclude(next_at=None).count(),
    "failures": Destination.objects.get(key="recorder").failures,
}))
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnDatabase]:
    with own_database(tmp_path_factory.mktemp("objects")) as running:
        running.perform(CAST)
        yield running


@pytest.fixture
def study(tmp_path: Path) -> dict[Path, tuple[str, str]]:
    """Files, the UID of each and what its pixels end in."""
    found = {}
    for number in range(1, OBJECTS + 1):
        dataset = ct_slice(number, PixelData=os.urandom(128))
        path = tmp_path / f"{number:04}.dcm"
        path.write_bytes(part10(dataset))
        found[path] = (str(dataset.SOPInstanceUID), dataset.PixelData[-64:].hex())
    return found


class Modality(threading.Thread):
    """DCMTK's storescu, started again for what was not acknowledged until everything is."""

    def __init__(self, port: int, files: list[Path]) -> None:
        super().__init__(daemon=True)
        self.port, self.waiting = port, files
        self.acknowledged: set[Path] = set()
        self.answers: list[str] = []
        self.runs = 0
        self.ends_at = time.monotonic() + 120

    def run(self) -> None:
        while self.waiting and time.monotonic() < self.ends_at:
            self.runs += 1
            process = subprocess.Popen(
                [
                    str(STORESCU), "-v", "-nh", "-to", "10", "-aet", "STORESCU", "-aec", product.DICOM_AE_TITLE,
                    "127.0.0.1", str(self.port), *map(str, self.waiting),
                ],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={"TCP_NODELAY": "1"},
            )  # fmt: skip
            assert process.stdout is not None
            file = None
            for line in process.stdout:
                if sending := re.search(r"Sending file: (\S+)", line):
                    file = Path(sending[1])
                elif answer := re.search(r"Received Store Response \((.*)\)", line):
                    self.answers.append(answer[1])
                    if answer[1].startswith("Success") and file is not None:
                        self.acknowledged.add(file)
            process.wait()
            self.waiting = [path for path in self.waiting if path not in self.acknowledged]


@pytest.mark.skipif(not STORESCU.exists(), reason="DCMTK's storescu is not installed")
def test_what_was_acknowledged_before_the_database_crashed_is_there_and_the_rest_comes(database, study):
    port = database.listen()
    modality = Modality(port, list(study))
    modality.start()
    wait_until(lambda: len(modality.acknowledged) >= OBJECTS // 4)

    database.crash()
    before = set(modality.acknowledged)
    assert len(before) < OBJECTS, "it crashed in the middle"
    peer = Peer("127.0.0.1", port, product.DICOM_AE_TITLE, "STORESCU", timeout_s=15)
    for _ in range(2):  # longer than a pool that pauses ever longer would take in its stride
        with pytest.raises(Unavailable, match="CONGESTED"):  # come again, a modality is told
            echo(peer)
    database.restart()
    started = time.monotonic()
    echo(peer)
    assert time.monotonic() - started < BACK_WITHIN_S

    held = database.perform(HELD)
    for path in before:
        uid, tail = study[path]
        assert held["tails"][uid] == tail
    modality.join(timeout=120)

    assert modality.waiting == []
    assert {answer.partition(":")[0] for answer in modality.answers} <= {"Success", "Refused"}
    held = database.perform(HELD)
    assert held["instances"] == OBJECTS
    assert held["series"] == 1
    assert held["tails"] == dict(study.values())


def holds_at_least(recorder: Recorder, count: int) -> bool:
    return len(recorder.received) >= count


def test_deliveries_go_on_where_they_were_when_the_database_crashed(database):
    with recording_node() as recorder:
        database.perform(QUEUE.format(count=OBJECTS, port=recorder.port))
        database.start("-c", SENDER)
        crashes = 2
        for share in range(1, crashes + 1):
            wait_until(partial(holds_at_least, recorder, share * OBJECTS // 4))
            database.crash()
            assert len(set(recorder.received)) < OBJECTS, "it crashed in the middle"
            database.restart()
            sent = database.count("SELECT count(*) FROM routing_delivery WHERE state = 'sent'")
            assert sent <= len(recorder.received)
        wait_until(
            lambda: database.count("SELECT count(*) FROM routing_delivery WHERE state <> 'sent'") == 0,
            within_s=60,
        )

        first_times = list(dict.fromkeys(recorder.received))
        assert first_times == [str(ct_slice(n, study="routed").SOPInstanceUID) for n in range(1, OBJECTS + 1)]
        assert len(recorder.received) - OBJECTS <= crashes, "again only what was in the air"
    wait_until(lambda: database.perform(STATES)["lanes"] == 0)
    assert database.perform(STATES) == {"states": {"sent": OBJECTS}, "lanes": 0, "failures": 0}
