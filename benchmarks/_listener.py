"""Our DICOM listener as it ships, on a database and an object store of its own; and what it costs."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks._servers import manage, postgres, running, valkey
from benchmarks._slices import CALLING
from launcher.ports import free_port

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
_INTRODUCE = f"""
from accounts.models import Site
from integrations.dicom.models import ApplicationEntity
site = Site.objects.create(code="bench", name="Bench", kind="county", authority_namespace="BENCH")
ApplicationEntity.objects.create(
    ae_title="{CALLING}", site=site, roles=["storage_scu", "query_scu"], maximum_associations=16)
"""


@dataclass(frozen=True, slots=True)
class OurListener:
    """A running daemon: where it listens, where its index is, and the folder both live in."""

    port: int
    database_url: str
    folder: Path
    environment: dict[str, str]

    def counts(self) -> tuple[int, int, int]:
        """Instances, different storage keys, and refused objects in the index."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(
                "SELECT count(*), count(DISTINCT storage_key), (SELECT count(*) FROM studies_rejectedobject)"
                " FROM studies_instance"
            ).fetchone()
        assert row is not None
        return row

    def cpu_seconds(self) -> float:
        """CPU time of the daemon's processes and of its database, so far."""
        wanted = {self._daemon(), self._database()}
        found = {pid: stat for pid, stat in _processes().items() if wanted & _ancestry(pid)}
        return sum(user + system + waited for user, system, waited in found.values()) / _TICKS

    def resident_mb(self, program: str = "ours") -> float:
        """Memory the daemon's processes hold for themselves, or those of another program beside it."""
        first = self._number(program)
        return sum(_own_pages(pid) for pid in _processes() if first in _ancestry(pid)) * _PAGE_MB

    def _daemon(self) -> int:
        return self._number("ours")

    def _number(self, program: str) -> int:
        return int((self.folder / f"{program}.pid").read_text())

    def _database(self) -> int:
        (pid_file,) = (self.folder / "postgres").rglob("postmaster.pid")
        return int(pid_file.read_text().split()[0])


@contextlib.contextmanager
def our_listener(folder: Path) -> Iterator[OurListener]:
    """`manage.py run_dicom_scp` with one node that may store, until the block ends.

    Raises  AssertionError if anything that was acknowledged is not in the index: speed without that
            would mean nothing.
    """
    with postgres(folder) as url, valkey(folder) as broker:
        environment = {
            "DATABASE_URL": url,
            "STORAGE_URL": f"file://{folder / 'objects'}",
            "SECRET_KEY": "benchmark",
            "REDIS_URL": broker,
            "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
        }
        manage("migrate", "-v0", "--skip-checks", environment=environment)
        manage("shell", "-v0", "-c", _INTRODUCE, environment=environment)
        port = free_port()
        command = [sys.executable, "manage.py", "run_dicom_scp", "--port", str(port)]
        ours = OurListener(port, url, folder, environment)
        with running(
            command, port=port, log=folder / "ours.log", environment=environment, pid=folder / "ours.pid"
        ):
            yield ours
            stored, keys, refused = ours.counts()
            assert stored == keys
            assert refused == 0


def _processes() -> dict[int, tuple[int, int, int]]:
    """User, system and reaped children's ticks of every process, by its number."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            fields = path.read_text().rpartition(")")[2].split()
            found[int(path.parent.name)] = int(fields[11]), int(fields[12]), int(fields[13]) + int(fields[14])
    return found


def _ancestry(pid: int) -> set[int]:
    """A process and all above it."""
    line = set()
    while pid > 1:
        line.add(pid)
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            break
    return line


def _own_pages(pid: int) -> int:
    try:
        resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
    except OSError:
        return 0
    return int(resident) - int(shared)
