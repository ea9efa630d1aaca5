"""Storage commitment with Orthanc, each of us asking the other."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from pynetdicom.presentation import build_context

from archive.studies.models import Instance
from archive.studies.selectors import read_dataset
from archive.studies.services import store_part10
from integrations.dicom.commitment.services import ask_commitment
from integrations.dicom.models import AERole, ApplicationEntity, Commitment, Notice
from integrations.dicom.nodes.calling import peer_of
from integrations.dicom.notices import delivery
from integrations.dicom.scu.association import associate
from tests.archive.studies.objects import ct_slice, part10
from tests.integrations.dicom.test_commitment import CT, IMAGES
from tests.waiting import wait_until

ORTHANC = Path("/usr/sbin/Orthanc")

pytestmark = pytest.mark.skipif(not ORTHANC.exists(), reason="Orthanc is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Orthanc:
    """One Orthanc of its own, which knows us as the modality `consilium`."""

    def __init__(self, folder: Path, *, our_title: str, our_port: int) -> None:
        self.dicom_port, self.http_port = free_port(), free_port()
        configuration = {
            "Name": "peer", "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"),
            "DicomAet": "ORTHANC", "DicomPort": self.dicom_port, "HttpPort": self.http_port,
            "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomCheckCalledAet": False,
            "DicomAlwaysAllowStore": True, "Plugins": [],
            "DicomModalities": {
                "consilium": {
                    "AET": our_title, "Host": "127.0.0.1", "Port": our_port,
                    "AllowStorageCommitment": True, "AllowEcho": True, "AllowStore": True,
                }
            },
        }  # fmt: skip
        file = folder / "orthanc.json"
        file.write_text(json.dumps(configuration))
        self.process = subprocess.Popen(
            [ORTHANC, file], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers)

    def rest(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", data, timeout=10) as answer:
            return json.load(io.BytesIO(answer.read()))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)

    def _answers(self) -> bool:
        try:
            return bool(self.rest("/system"))
        except (URLError, OSError):
            return False


@pytest.fixture
def orthanc(peer, cast, tmp_path, monkeypatch):
    monkeypatch.setenv("TCP_NODELAY", "1")
    folder = tmp_path / "orthanc"
    folder.mkdir()
    running = Orthanc(folder, our_title=peer.called_ae_title, our_port=peer.port)
    ApplicationEntity.objects.create(
        ae_title="ORTHANC", site=cast.county, host="127.0.0.1", port=running.dicom_port,
        roles=[AERole.STORAGE_SCU, AERole.STORAGE_SCP, AERole.COMMITMENT_SCU, AERole.COMMITMENT_SCP],
    )  # fmt: skip
    yield running
    running.stop()


@pytest.fixture
def stored(orthanc, cast):
    """Three slices here, and the first two of them at Orthanc too."""
    for number in (1, 2, 3):
        store_part10(part10(ct_slice(number)), site=cast.county, actor=CT)
    node = ApplicationEntity.objects.get(ae_title="ORTHANC")
    own = peer_of(node)
    context = build_context("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")
    with associate(own, [context]) as assoc:
        for instance in Instance.objects.filter(sop_instance_uid__in=IMAGES[:2]):
            assert assoc.send_c_store(read_dataset(instance)).Status == 0x0000
    return node


def test_orthanc_commits_what_it_holds_and_names_what_it_lacks(stored):
    commitment = ask_commitment(stored, IMAGES, actor=CT)

    delivery.deliver_due()

    wait_until(lambda: Commitment.objects.get(pk=commitment.pk).state != "asked")
    commitment.refresh_from_db()
    assert commitment.state == "partly"
    assert [(uid, reason) for _, uid, reason in commitment.failures] == [(IMAGES[2], 0x0112)]


@pytest.mark.parametrize(("absent", "status"), [([], "Success"), (["1.2.3.4"], "Failure")])
def test_orthanc_asks_us_and_learns_what_we_keep(orthanc, stored, absent, status):
    named = [["1.2.840.10008.5.1.4.1.1.2", uid] for uid in [*IMAGES[:2], *absent]]

    transaction = orthanc.rest("/modalities/consilium/storage-commitment", {"DicomInstances": named})["ID"]
    wait_until(Notice.objects.exists)
    Notice.objects.update(next_attempt_at=Notice.objects.get().queued_at)
    delivery.deliver_due()

    report: dict[str, Any] = {}

    def has_come() -> bool:
        report.update(orthanc.rest(f"/storage-commitment/{transaction}"))
        return str(report["Status"]) != "Pending"

    wait_until(has_come)
    assert report["Status"] == status
    assert [one["SOPInstanceUID"] for one in report["Success"]] == IMAGES[:2]
    assert [one["SOPInstanceUID"] for one in report["Failures"]] == absent
