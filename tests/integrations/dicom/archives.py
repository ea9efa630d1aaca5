"""Archives that nobody here wrote, each of its own: Orthanc, and DCMTK's dcmqrscp."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from integrations.dicom.scu.association import Peer
from integrations.dicom.scu.echo import echo
from tests.integrations.dicom.test_orthanc import ORTHANC, Orthanc, free_port
from tests.waiting import wait_until

DCMQRSCP = Path("/usr/bin/dcmqrscp")
WLMSCPFS = Path("/usr/bin/wlmscpfs")


@contextlib.contextmanager
def running_orthanc(folder: Path, *, our_title: str, our_port: int) -> Iterator[Peer]:
    if not ORTHANC.exists():
        pytest.skip("Orthanc is not installed")
    folder.mkdir()
    orthanc = Orthanc(folder, our_port=our_port)
    try:
        yield Peer("127.0.0.1", orthanc.dicom_port, "ORTHANC", our_title, timeout_s=20)
    finally:
        os.killpg(orthanc.process.pid, signal.SIGKILL)
        orthanc.process.wait()


@contextlib.contextmanager
def running_dcmqrscp(
    folder: Path, *, our_title: str, our_port: int, options: Sequence[str] = ()
) -> Iterator[Peer]:
    if not DCMQRSCP.exists():
        pytest.skip("DCMTK's dcmqrscp is not installed")
    (folder / "DCMQRSCP").mkdir(parents=True)
    port = free_port()
    configuration = folder / "dcmqrscp.cfg"
    configuration.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nus = ({our_title}, 127.0.0.1, {our_port})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nDCMQRSCP {folder / 'DCMQRSCP'} RW (200, 1024mb) ANY\nAETable END\n"
    )
    with _running([DCMQRSCP, *options, "-c", configuration], port):
        peer = Peer("127.0.0.1", port, "DCMQRSCP", our_title, timeout_s=20)
        echo(peer)
        yield peer


@contextlib.contextmanager
def running_worklist(folder: Path, entries: Sequence[Path], *, our_title: str) -> Iterator[Peer]:
    """DCMTK's worklist server with these entries."""
    if not WLMSCPFS.exists():
        pytest.skip("DCMTK's wlmscpfs is not installed")
    lists = folder / "WORKLIST"
    lists.mkdir(parents=True)
    (lists / "lockfile").touch()
    for entry in entries:
        (lists / entry.name).write_bytes(entry.read_bytes())
    port = free_port()
    with _running([WLMSCPFS, "-dfp", folder, port], port):
        yield Peer("127.0.0.1", port, "WORKLIST", our_title, timeout_s=20)


@contextlib.contextmanager
def _running(command: Sequence[object], port: int) -> Iterator[None]:
    """A server that forks for each association, and all it forked, until it is no longer needed."""
    process = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"TCP_NODELAY": "1", "PATH": os.defpath}, start_new_session=True,
    )  # fmt: skip
    try:
        wait_until(lambda: _answers(port))
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
