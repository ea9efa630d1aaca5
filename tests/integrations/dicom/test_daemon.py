"""`run_dicom_scp` as processes: killed in mid-series, stopped in mid-object, one of its processes lost."""

import os
import signal
import threading

import pytest

from archive.storage.objects import object_exists
from archive.studies.models import Instance, Series
from integrations.dicom.scu.association import Peer
from integrations.dicom.scu.echo import echo
from integrations.dicom.scu.store import stored_files
from integrations.simulators.modality import Outcome, send_study
from tests.archive.studies.objects import ct_slice, part10
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

SLICES = 120


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    for number in range(1, SLICES + 1):
        (folder / f"{number:04}.dcm").write_bytes(part10(ct_slice(number, PixelData=os.urandom(128))))
    return stored_files(folder)


def called(daemon, settings) -> Peer:
    return Peer("127.0.0.1", daemon.port, settings.DICOM_AE_TITLE, "COUNTY_CT1", timeout_s=10)


class Sending(threading.Thread):
    """A modality at work in the background, that can be watched."""

    def __init__(self, peer, files):
        super().__init__(daemon=True)
        self.peer, self.files = peer, files
        self.acknowledged = 0
        self.outcome: Outcome | None = None

    def run(self):
        self.outcome = send_study(self.peer, self.files, attempts=200, pause_s=0.1, on_sent=self._note)

    def _note(self, count):
        self.acknowledged = count


def stored_whole() -> bool:
    """Every indexed instance has its bytes."""
    return all(object_exists(key) for key in Instance.objects.values_list("storage_key", flat=True))


def test_killed_in_mid_series_nothing_acknowledged_is_lost_and_nothing_doubled(start_daemon, study, settings):
    daemon = start_daemon()
    sending = Sending(called(daemon, settings), study)
    sending.start()
    wait_until(lambda: sending.acknowledged >= SLICES // 4)

    daemon.kill(signal.SIGKILL)
    acknowledged = sending.acknowledged
    assert acknowledged < SLICES
    assert Instance.objects.count() >= acknowledged
    assert stored_whole()

    start_daemon(daemon.port)
    sending.join(timeout=60)

    assert sending.outcome is not None
    assert (sending.outcome.sent, sending.outcome.unsent) == (SLICES, 0)
    assert sending.outcome.connections >= 2
    assert Instance.objects.count() == SLICES
    assert Series.objects.count() == 1
    assert stored_whole()


def test_told_to_stop_it_answers_what_it_has_in_hand_and_exits_cleanly(start_daemon, study, settings):
    daemon = start_daemon()
    sending = Sending(called(daemon, settings), study)
    sending.start()
    wait_until(lambda: sending.acknowledged >= 5)

    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(timeout=30) == 0

    start_daemon(daemon.port)
    sending.join(timeout=60)
    assert sending.outcome is not None
    assert sending.outcome.unsent == 0
    assert Instance.objects.count() == SLICES


def test_a_process_that_dies_is_replaced(start_daemon, settings):
    daemon = start_daemon()
    children = children_of(daemon.process.pid)
    assert len(children) == 2

    os.kill(children[0], signal.SIGKILL)

    wait_until(lambda: len(set(children_of(daemon.process.pid)) - {children[0]}) == 2)
    echo(called(daemon, settings))


def children_of(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123
        return [int(child) for child in file.read().split()]
