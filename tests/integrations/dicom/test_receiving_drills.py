"""Receiving while the disk, the database, a process or the peer breaks: nothing acknowledged is lost or doubled."""

import contextlib
import os
import signal
import socket
import subprocess
from typing import Any

import pytest
from django.db import connection

from archive.storage.models import Segment
from archive.storage.objects import object_exists, read_object
from archive.studies.models import Instance
from integrations.dicom.scu.association import Peer, associate
from integrations.dicom.scu.echo import echo
from integrations.dicom.scu.store import StorageSCU, contexts_for, stored_files
from integrations.simulators.modality import send_study
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.dicom.test_daemon import Sending, children_of
from tests.waiting import wait_until

pytestmark = pytest.mark.stack


def study_of(folder, count, *, pixels=128):
    folder.mkdir()
    for number in range(1, count + 1):
        (folder / f"{number:04}.dcm").write_bytes(part10(ct_slice(number, PixelData=os.urandom(pixels))))
    return stored_files(folder)


def is_all_there(files) -> bool:
    """Each file is held once, byte for byte."""
    held = dict(Instance.objects.values_list("sop_instance_uid", "storage_key"))
    return len(held) == len(files) and all(
        read_object(held[file.sop_instance_uid]).endswith(file.read()[-100:]) for file in files
    )


@pytest.fixture
def small_disk(own_storage):
    """The object store on a file system of 3 MB; what it may grow to is up to the test."""
    own_storage.mkdir()
    command = ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(own_storage)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    yield own_storage
    subprocess.run(["/usr/bin/umount", "-l", str(own_storage)], check=True)


def test_a_disk_that_fills_up_refuses_for_now_and_takes_the_rest_once_there_is_room(
    small_disk, peer, tmp_path
):
    files = study_of(tmp_path / "study", 30, pixels=200_000)
    with associate(peer, contexts_for(files)) as assoc:
        statuses = [StorageSCU(assoc).send(file) for file in files]
    assert set(statuses) == {0x0000, 0xA700}
    assert Instance.objects.count() == statuses.count(0x0000)
    assert all(object_exists(key) for key in Instance.objects.values_list("storage_key", flat=True))

    subprocess.run(["/usr/bin/mount", "-o", "remount,size=30m", str(small_disk)], check=True)

    assert send_study(peer, files).is_complete
    assert is_all_there(files)


def cut_database_connections() -> None:
    """Cut them as a proxy or a fail-over does; a server that really goes down is `test_database_restart`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_database_that_goes_away_in_mid_series_costs_time_only(start_daemon, settings, tmp_path):
    files = study_of(tmp_path / "study", 60)
    daemon = start_daemon()
    peer = Peer("127.0.0.1", daemon.port, settings.DICOM_AE_TITLE, "COUNTY_CT1", timeout_s=10)
    sending = Sending(peer, files)
    sending.start()
    wait_until(lambda: sending.acknowledged >= len(files) // 4)
    cut_database_connections()
    wait_until(lambda: sending.acknowledged >= len(files) // 2)
    cut_database_connections()

    sending.join(timeout=60)

    assert sending.outcome is not None
    assert sending.outcome.is_complete
    assert is_all_there(files)


def test_a_process_killed_in_mid_series_costs_its_association_and_no_more(start_daemon, settings, tmp_path):
    files = study_of(tmp_path / "study", 60)
    daemon = start_daemon()
    peer = Peer("127.0.0.1", daemon.port, settings.DICOM_AE_TITLE, "COUNTY_CT1", timeout_s=10)
    sending = Sending(peer, files)
    sending.start()
    wait_until(lambda: sending.acknowledged >= len(files) // 4)

    for child in children_of(daemon.process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    sending.join(timeout=60)

    assert sending.outcome is not None
    assert sending.outcome.is_complete
    assert is_all_there(files)
    echo(peer)


def test_a_peer_that_dies_leaves_its_segment_sealed_and_nothing_half(peer, tmp_path):
    files = study_of(tmp_path / "study", 3)
    with contextlib.suppress(Exception), associate(peer, contexts_for(files)) as assoc:
        for file in files[:2]:
            StorageSCU(assoc).send(file)
        wire: Any = assoc.dul.socket
        wire.socket.shutdown(socket.SHUT_RDWR)

    wait_until(lambda: not Segment.objects.filter(sealed_at=None).exists())
    assert Segment.objects.get().object_count == Instance.objects.count() == 2


def test_the_listeners_memory_stays_flat(start_daemon, settings, tmp_path):
    files = study_of(tmp_path / "study", 700)
    daemon = start_daemon()
    peer = Peer("127.0.0.1", daemon.port, settings.DICOM_AE_TITLE, "COUNTY_CT1", timeout_s=10)
    send_study(peer, files[:100])
    before = resident_mb(daemon.process.pid)

    assert send_study(peer, files[100:]).is_complete

    assert resident_mb(daemon.process.pid) - before < 50


def resident_mb(pid: int) -> float:
    """Memory the processes under this one hold."""
    pages = 0
    for child in children_of(pid):
        with open(f"/proc/{child}/statm") as file:  # noqa: PTH123
            pages += int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
