"""A PostgreSQL of a test's own, which it may stop as a power failure would, and processes of the product on it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from launcher.embedded import children
from launcher.embedded.owner import server_home, server_owner
from launcher.embedded.postgres import Postgres
from launcher.ports import free_port
from launcher.var import throw_away_var

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class OwnDatabase:
    """The product's schema on a server that no other test knows."""

    server: Postgres
    storage: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ, "DATABASE_URL": self.server.url, "STORAGE_URL": f"file://{self.storage}",
            "ROUTING_LEASE_SECONDS": "1.5",
        }  # fmt: skip

    def crash(self) -> None:
        """End the server at once, as `pg_ctl stop -m immediate`: no checkpoint, and recovery at the next start."""
        assert self.server.process is not None
        assert children.stop(self.server.process, by=signal.SIGQUIT)

    def restart(self) -> None:
        self.server.start(self.server.port)

    def count(self, statement: str) -> int:
        """The number a statement comes to; -1 while there is no answer."""
        try:
            with psycopg.connect(self.server.url, connect_timeout=5) as connection:
                row = connection.execute(statement.encode()).fetchone()
        except psycopg.OperationalError:
            return -1
        assert row is not None
        return int(row[0])

    def manage(self, *arguments: str) -> str:
        """What a command of the product prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, capture_output=True,
            text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def perform(self, code: str) -> Any:
        """Run code within the product; what its last printed line says, read as JSON."""
        said = self.manage("shell", "-v", "0", "-c", code).strip().splitlines()
        return json.loads(said[-1]) if said else None

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """A process of the product that lasts; ended with the database."""
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def listen(self) -> int:
        """The DICOM listener, and its port."""
        process = self.start("manage.py", "run_dicom_scp", "--port", "0", "--processes", "2")
        assert process.stdout is not None
        port = int(json.loads(process.stdout.readline())["port"])
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return port

    def end_processes(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self.processes.clear()


@contextmanager
def own_database(storage: Path) -> Iterator[OwnDatabase]:
    owner = server_owner()
    with throw_away_var() as var:
        home = server_home(var.folder, owner)
        folder = home / "postgres"
        folder.mkdir(parents=True)
        server = Postgres(
            folder=folder, packages=Path(sysconfig.get_path("purelib")), owner=owner,
            password=secrets.token_urlsafe(16), log=var.logs / "postgres.log",
        )  # fmt: skip
        database = OwnDatabase(server, storage)
        try:
            server.start(free_port())
            database.manage("migrate", "-v", "0")
            yield database
        finally:
            database.end_processes()
            server.stop()
            if home != var.folder:
                shutil.rmtree(home, ignore_errors=True)
