"""A listener on a real socket: in this process, or as the daemon itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.scp.server import Listener
from integrations.dicom.scu.association import Peer
from tests.integrations.dicom.retrieving import Receiver, receiving

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def modality(transactional_db, cast) -> ApplicationEntity:
    return ApplicationEntity.objects.create(ae_title="COUNTY_CT1", site=cast.county)


@pytest.fixture
def peer(modality, settings) -> Iterator[Peer]:
    """The running listener, as the county's CT calls it."""
    listener = Listener(host="127.0.0.1", port=0, ae_title=settings.DICOM_AE_TITLE)
    listener.start()
    yield Peer("127.0.0.1", listener.port, settings.DICOM_AE_TITLE, modality.ae_title, timeout_s=15)
    listener.stop(patience_s=5)


class Daemon:
    """`manage.py run_dicom_scp` against the test database."""

    def __init__(self, *, port: int, storage_url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run_dicom_scp", "--port", str(port), "--processes", "2"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_url(), "STORAGE_URL": storage_url},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.port = int(json.loads(self.process.stdout.readline())["port"])

    def kill(self, number: int) -> None:
        """Send a signal to the daemon and every process of it."""
        os.killpg(self.process.pid, number)
        self.process.wait(timeout=30)


def database_url() -> str:
    facts = connection.settings_dict
    user, password = quote(facts["USER"]), quote(facts["PASSWORD"])
    return f"postgres://{user}:{password}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"


@pytest.fixture
def start_daemon(modality, settings) -> Iterator[object]:
    started: list[Daemon] = []

    def start(port: int = 0) -> Daemon:
        daemon = Daemon(port=port, storage_url=settings.STORAGE_URL)
        started.append(daemon)
        return daemon

    yield start
    for daemon in started:
        if daemon.process.poll() is None:
            daemon.kill(9)
        if daemon.process.stdout is not None:
            daemon.process.stdout.close()


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def reader(cast, receiver):
    with receiving("READER", receiver) as port:
        yield ApplicationEntity.objects.create(
            ae_title="READER", site=cast.county, roles=[AERole.STORAGE_SCP], host="127.0.0.1", port=port,
            timeout_s=10,
        )  # fmt: skip
