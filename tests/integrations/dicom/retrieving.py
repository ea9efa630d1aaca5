"""Studies in the archive for query and retrieve tests, and a receiver for what is sent."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt

from accounts.actors import SystemActor
from accounts.models import Site
from archive.studies.services import store_part10
from integrations.dicom.scu.association import Peer
from tests.archive.studies.objects import ct_slice, part10

FINDSCU, MOVESCU, GETSCU = "/usr/bin/findscu", "/usr/bin/movescu", "/usr/bin/getscu"


def hold(site: Site, *datasets: Dataset) -> list[bytes]:
    """Store objects as this site's; their bytes."""
    encoded = [part10(dataset) for dataset in datasets]
    for data in encoded:
        store_part10(data, site=site, actor=SystemActor("test", site.code), calling_ae_title="TEST")
    return encoded


def hold_series(
    site: Site, count: int = 3, *, study: str = "study", series: str = "series", **elements: object
):
    return hold(
        site, *(ct_slice(number, study=study, series=series, **elements) for number in range(1, count + 1))
    )


def dcmtk(
    tool: str, peer: Peer, *arguments: object, within_s: float = 60
) -> subprocess.CompletedProcess[str]:
    command = [tool, "-aet", peer.calling_ae_title, "-aec", peer.called_ae_title]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, errors="replace", timeout=within_s,
        check=False,
    )  # fmt: skip


class Receiver:
    """A Storage SCP that keeps data sets by SOP Instance UID; `status_of` may refuse one or delay it."""

    def __init__(self) -> None:
        self.received: dict[str, bytes] = {}
        self.syntaxes: dict[str, str] = {}
        self.times: dict[str, int] = {}
        self.originators: set[tuple[str, int]] = set()
        self.before = lambda _uid: 0x0000

    def __call__(self, event: evt.Event) -> int:
        request: Any = event.request
        uid = str(request.AffectedSOPInstanceUID)
        status = self.before(uid)
        if status:
            return status
        self.received[uid] = request.DataSet.getvalue()
        self.syntaxes[uid] = str(event.context.transfer_syntax)
        self.times[uid] = self.times.get(uid, 0) + 1
        self.originators.add((request.MoveOriginatorApplicationEntityTitle, request.MoveOriginatorMessageID))
        return 0x0000


@contextlib.contextmanager
def receiving(ae_title: str, receiver: Receiver, *, syntaxes: list[str] | None = None) -> Iterator[int]:
    """The receiver on a port of its own."""
    ae = AE(ae_title)
    for context in AllStoragePresentationContexts:
        ae.add_supported_context(str(context.abstract_syntax), syntaxes or context.transfer_syntax)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, receiver)])
    assert server is not None
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def installed(program: str) -> bool:
    return shutil.which(program) is not None


def found_by(output: str, keyword: str) -> list[str]:
    """The values DCMTK printed for an attribute of the responses."""
    lines = [line for line in output.splitlines() if line.rstrip().endswith(f" {keyword}")]
    return [line.split("[", 1)[1].split("]", 1)[0].strip("\0 ") for line in lines if "[" in line]


def folder_of(path: Path) -> list[Path]:
    return sorted(item for item in path.iterdir() if item.is_file())
