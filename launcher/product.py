"""The installed product as seen from outside: its management commands and its daemons."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher import ports
from launcher.commands import failure_sentence, run_logged
from launcher.embedded import children
from launcher.paths import PYTHON, ROOT, STATIC, VENV
from launcher.problems import Problem
from launcher.services import EXTERNAL
from launcher.steps import step
from launcher.var import Var

READY_WITHIN_S = 120.0
STOP_WITHIN_S = 45.0
PUBLIC = {
    "HTTP_PORT": (8080, "the portal", "by --port, or HTTP_PORT in the environment"),
    "DICOM_PORT": (11112, "the DICOM listener", "by DICOM_PORT in the environment"),
    "HL7_PORT": (2575, "the HL7 listener", "by HL7_PORT in the environment"),
}


@dataclass
class Product:
    """A var folder with its servers up, and the ports that daemons are to use."""

    var: Var
    ports: Mapping[str, int]
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What every program of the product is started with."""
        inherited = dict(os.environ)
        if self.var.is_thrown_away:
            for name in (*EXTERNAL.values(), "BROKER_URL", "STORAGE_URL", "SECRET_KEY"):
                inherited.pop(name, None)
            inherited["DJANGO_SETTINGS_MODULE"] = "config.settings.embedded"
        inherited.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")
        if "HTTP_PORT" in self.ports:
            inherited.setdefault("PUBLIC_URL", f"http://localhost:{self.ports['HTTP_PORT']}")
        return {
            **inherited,
            "PATH": f"{VENV / 'bin'}{os.pathsep}{inherited.get('PATH', os.defpath)}",
            "VIRTUAL_ENV": str(VENV),
            "CONSILIUM_VAR": str(self.var.folder),
            "STATIC_ROOT": str(STATIC),
            **{name: str(port) for name, port in self.ports.items()},
        }

    def manage(self, *arguments: str, doing: str) -> None:
        """Run a management command quietly.

        Raises  Problem with its last words when it fails.
        """
        log = self.var.logs / f"{arguments[0]}.log"
        run_logged(self.command(*arguments), log=log, doing=doing, environment=self.environment)

    def manage_aloud(self, *arguments: str) -> int:
        """Run a management command that talks to the person; its exit status."""
        return subprocess.run(
            self.command(*arguments), cwd=ROOT, env=self.environment, check=False
        ).returncode

    def spoken_lines(self, *arguments: str) -> Iterator[str]:
        """The lines a management command prints, as it prints them.

        Raises  Problem at the end when it failed.
        """
        log = self.var.logs / f"{arguments[0]}.log"
        with log.open("wb") as errors, subprocess.Popen(
            self.command(*arguments), cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=errors,
            stdin=subprocess.DEVNULL, text=True,
        ) as process:  # fmt: skip
            try:
                yield from (line.rstrip("\n") for line in process.stdout or ())
            except BaseException:
                process.terminate()
                raise
        if process.returncode != 0:
            raise Problem(failure_sentence(log, doing=f"manage.py {arguments[0]}"))

    def command(self, *arguments: str) -> list[str]:
        """The command line of a management command."""
        return [str(PYTHON), str(ROOT / "manage.py"), *arguments]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Every daemon started and serving; all ended, each with its work in hand done, afterwards."""
        try:
            with step("Daemons"):
                self.start()
                self.wait_ready()
            yield
        finally:
            self.stop()

    def start(self) -> None:
        """Start the supervisor of the daemons."""
        self.status_file.unlink(missing_ok=True)
        self.process = children.spawn(
            self.command("up"), log=self.var.logs / "up.log", environment=self.environment, folder=ROOT
        )

    def stop(self) -> None:
        """End the daemons."""
        if self.process is not None:
            children.stop(self.process, within_s=STOP_WITHIN_S)
            self.process = None

    @property
    def status_file(self) -> Path:
        return self.var.run / "daemons.json"

    def status(self) -> dict[str, Any]:
        """What the supervisor wrote about its daemons; empty before it did."""
        try:
            status: dict[str, Any] = json.loads(self.status_file.read_text())
        except FileNotFoundError:
            return {}
        return status

    def wait_ready(self, *, within_s: float = READY_WITHIN_S) -> None:
        """Return once every daemon serves.

        Raises  Problem that names the one that does not, with its log.
        """
        deadline = time.monotonic() + within_s
        while True:
            daemons = self.status().get("daemons", {})
            waiting = [name for name, daemon in daemons.items() if not daemon["ready"]]
            if daemons and not waiting:
                return
            if self.process is None or self.process.poll() is not None:
                raise Problem(failure_sentence(self.var.logs / "up.log", doing="Starting the daemons"))
            late = time.monotonic() > deadline
            for name in waiting:
                if late or daemons[name]["restarts"] >= 3:
                    raise Problem(failure_sentence(self.var.logs / f"{name}.log", doing=f"Starting {name}"))
            if late:
                raise Problem(
                    f"The daemons did not start in {within_s:.0f} s: see {self.var.logs / 'up.log'}."
                )
            time.sleep(0.1)


def chosen_ports(http_port: int | None = None) -> dict[str, int]:
    """The public ports: from the command line, the environment, or the usual ones.

    Raises  Problem for a port that is taken or none at all.
    """
    chosen = {}
    for name, (usual, purpose, remedy) in PUBLIC.items():
        said = os.environ.get(name) or str(usual)
        if name == "HTTP_PORT" and http_port is not None:
            said = str(http_port)
        if not said.isdigit():
            raise Problem(f"{name} is not a number: {said}.")
        host = os.environ.get(name.replace("PORT", "HOST")) or ports.LOOPBACK
        ports.require_free(int(said), purpose=purpose, remedy=remedy, host=host)
        chosen[name] = int(said)
    return chosen


def ephemeral_ports() -> dict[str, int]:
    """Ports that nobody uses now, for a product that is thrown away."""
    return {name: ports.free_port() for name in (*PUBLIC, "HL7_EMR_PORT")}
