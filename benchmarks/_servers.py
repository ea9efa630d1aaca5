"""Servers a benchmark starts for itself, on loopback, stopped when it is done."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from launcher.embedded.owner import server_owner
from launcher.embedded.postgres import Postgres
from launcher.embedded.valkey import Valkey
from launcher.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
RAM_DISK, DISK = Path("/dev/shm"), Path("/var/tmp")  # noqa: S108 - one of each kind is what is wanted


@contextlib.contextmanager
def folder_on(parent: Path) -> Iterator[Path]:
    """A folder for one run on the RAM disk or on the disk; removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="consilium-bench-", dir=parent) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def postgres(folder: Path) -> contextlib.AbstractContextManager[str]:
    """A PostgreSQL of our own with its data in `folder`, fsync on; its DATABASE_URL."""
    return _embedded(Postgres, folder, "postgres")


def valkey(folder: Path) -> contextlib.AbstractContextManager[str]:
    """A broker of our own with its data in `folder`; its REDIS_URL."""
    return _embedded(Valkey, folder, "valkey")


@contextlib.contextmanager
def _embedded(kind: type[Postgres | Valkey], folder: Path, name: str) -> Iterator[str]:
    home = folder / name
    home.mkdir()
    server = kind(
        folder=home,
        owner=server_owner(),
        packages=Path(sysconfig.get_paths()["purelib"]),
        password=secrets.token_hex(8),
        log=folder / f"{name}.log",
    )
    try:
        server.start(free_port())
        yield server.url
    finally:
        server.stop()


def manage(*arguments: str, environment: Mapping[str, str]) -> None:
    """Run a management command to its end in another process."""
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


@contextlib.contextmanager
def running(
    command: list[str],
    *,
    port: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    pid: Path | None = None,
) -> Iterator[None]:
    """A server process, from when its port answers until the block ends; its number is written to `pid`.

    Raises  RuntimeError with the end of its log if it does not come up.
    """
    with spawned(command, log=log, environment=environment) as process:
        if pid is not None:
            pid.write_text(str(process.pid))
        _await_port(process, port, log)
        yield


@contextlib.contextmanager
def spawned(
    command: list[str], *, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own group until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"A server did not start: {log.read_text(errors='replace')[-500:]}")
