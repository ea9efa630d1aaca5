"""DICOMweb servers to measure: our web workers as they ship, and Orthanc with its plugin, filled with the same data.

with folder_on(RAM_DISK) as folder, dicomweb_servers(folder) as servers:
    servers.fill_index(20_000)              # synthetic studies, one tiny instance each, in both
    series = servers.fill_series(200)       # CT slices of 0.53 MB, by C-STORE, in both
    with Client(servers.ours) as client:
        client.get("/studies?limit=25", accept=DICOM_JSON)
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from benchmarks._keepalive import Server
from benchmarks._listener import OurListener, our_listener
from benchmarks._memory import claim_memory
from benchmarks._pacs import ORTHANC, fill, running_orthanc
from benchmarks._servers import manage, running
from benchmarks._slices import CALLING, fresh_slices
from benchmarks.runner import installed
from integrations.dicom.scu.association import Peer, associate
from integrations.dicom.scu.store import StorageSCU, contexts_of
from launcher.ports import free_port

DICOM_JSON = "application/dicom+json"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_READER = """
from pathlib import Path
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from accounts.models import Membership, Person, Role, Site
person = Person.objects.create_user("bench", display_name="Bench")
for role in (Role.RADIOLOGIST, Role.TECHNOLOGIST):
    Membership.objects.create(person=person, site=Site.objects.get(code="bench"), role=role)
session = SessionStore()
session[SESSION_KEY] = str(person.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = person.get_session_auth_hash()
session.create()
Path({path!r}).write_text(session.session_key)
"""
_CSRF = "b" * 32


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """A series that both servers hold."""

    study_uid: str
    series_uid: str
    instance_uids: tuple[str, ...]
    size_bytes: int

    @property
    def path(self) -> str:
        return f"/studies/{self.study_uid}/series/{self.series_uid}"


@dataclass(frozen=True, slots=True)
class DicomwebServers:
    """Ours and, where it is installed, the peer; `dicom_ports` are where each takes C-STORE."""

    ours: Server
    peer: Server | None
    listener: OurListener
    dicom_ports: tuple[int, ...]

    @property
    def all(self) -> list[Server]:
        return [self.ours, *([self.peer] if self.peer else [])]

    def fill_index(self, studies: int) -> None:
        """So many synthetic studies in each: rows in ours, one tiny instance of every study in the peer."""
        arguments = ("make_synthetic_index", "--studies", str(studies), "--site", "bench")
        manage(*arguments, environment=self.listener.environment)
        for port in self.dicom_ports[1:]:
            fill(port, self.listener.database_url)

    def fill_series(self, instances: int, *, side: int = 512) -> StoredSeries:
        """A fresh series of CT slices, by C-STORE."""
        slices = list(fresh_slices(f"{secrets.randbelow(10**10):010}", instances, side=side))
        for port in self.dicom_ports:
            _store(port, slices)
        head = slices[0][1]
        return StoredSeries(
            _uid(head, 0x0020, 0x000D), _uid(head, 0x0020, 0x000E), tuple(uid for uid, _ in slices),
            sum(len(data) for _, data in slices),
        )  # fmt: skip


@contextlib.contextmanager
def dicomweb_servers(folder: Path, *, memory_gib: int = 2) -> Iterator[DicomwebServers]:
    """Both servers with all they keep in `folder`, until the block ends."""
    claim_memory(memory_gib << 30)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(our_listener(folder))
        ours = stack.enter_context(our_web(listener))
        if not (installed(ORTHANC) and PLUGIN.exists()):
            yield DicomwebServers(ours, None, listener, (listener.port,))
            return
        peer, dicom_port = stack.enter_context(orthanc_dicomweb(folder))
        yield DicomwebServers(ours, peer, listener, (listener.port, dicom_port))


@contextlib.contextmanager
def our_web(listener: OurListener) -> Iterator[Server]:
    """gunicorn with the configuration we ship, on the listener's database; a radiologist is signed in."""
    key = listener.folder / "session"
    manage("shell", "-v0", "-c", _READER.format(path=str(key)), environment=listener.environment)
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn",
        "--bind", f"127.0.0.1:{port}", "config.wsgi:application",
    ]  # fmt: skip
    headers = (
        ("Cookie", f"sessionid={key.read_text()}; csrftoken={_CSRF}"),
        ("X-CSRFToken", _CSRF),
    )
    log = listener.folder / "web.log"
    pid = listener.folder / "web.pid"
    with running(command, port=port, log=log, environment=listener.environment, pid=pid):
        yield Server("ours", port, "/dicomweb", headers)


@contextlib.contextmanager
def orthanc_dicomweb(folder: Path) -> Iterator[tuple[Server, int]]:
    """Orthanc with its DICOMweb plugin, as quick as it can be set; and its DICOM port."""
    web = {"Enable": True, "Root": "/dicom-web/", "EnableWado": True, "WadoRoot": "/wado"}
    with running_orthanc(
        folder, answers_http=True, KeepAlive=True, TcpNoDelay=True, Plugins=[str(PLUGIN)], DicomWeb=web
    ) as (port, http):
        yield Server("Orthanc", http, "/dicom-web"), port


def _store(port: int, slices: list[tuple[str, bytes]]) -> None:
    pair = str(CTImageStorage), str(ExplicitVRLittleEndian)
    with associate(Peer("127.0.0.1", port, "CONSILIUM", CALLING), contexts_of([pair])) as assoc:
        scu = StorageSCU(assoc)
        for uid, data in slices:
            status = scu.send_encoded(
                data, sop_class_uid=pair[0], sop_instance_uid=uid, transfer_syntax_uid=pair[1]
            )
            assert status == 0


def _uid(data: bytes, group: int, element: int) -> str:
    """A UID of a small explicit little endian data set (PS3.5 §7.1.2)."""
    head = group.to_bytes(2, "little") + element.to_bytes(2, "little") + b"UI"
    at = data.index(head) + len(head)
    return data[at + 2 : at + 2 + int.from_bytes(data[at : at + 2], "little")].decode().rstrip("\0")
