"""The product's own daemons, started as the supervisor starts them, on the database and the queues of a test."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from config.demo.waiting import wait_for
from config.supervision.daemons import OURS_READY, product_daemons

ROOT = Path(__file__).resolve().parents[3]
DEADLY = "tests.workflows.drills.deadly"
NAMES = ("worker-default", "worker-transfer", "timers")
MANAGE = (
    f"import sys, django; django.setup(); import {DEADLY}; "
    "from django.core.management import execute_from_command_line as manage; manage(['manage.py', *sys.argv[1:]])"
)
"""`manage.py` with what makes it deadly."""
TIME_AFTER_A_DEATH_S = (31.0, 4.0, 4.0)
"""A dead worker's lease runs out; what waits before it is tried again has waited; and once more."""
PAUSE_S = 0.4


def commands() -> dict[str, list[str]]:
    """How the supervisor starts each daemon, with what makes it deadly."""
    with socket.socket() as web, socket.socket() as live:
        found = {
            each.name: list(each.command) for each in product_daemons(caddyfile=ROOT, web=web, live=live)
        }
    deadly = {name: [*found[name], "--include", DEADLY] for name in NAMES if name.startswith("worker")}
    return deadly | {"timers": [sys.executable, "-c", MANAGE, *found["timers"][2:]]}


@dataclass
class Daemons:
    """Daemons that are started again when they die, and the clock that they share with the test."""

    folder: Path
    database_url: str
    storage_url: str
    queues: str = field(default_factory=lambda: f"drill-{uuid.uuid4().hex}:")
    ahead_s: float = 0.0
    starts: int = 0
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _logs: dict[str, Path] = field(default_factory=dict)
    _seen: int = 0
    _to_pass: list[float] = field(default_factory=list)
    _passes_at: float = 0.0

    def start(self) -> None:
        """Start them, and return once all of them serve."""
        for name in ("deaths", "effects"):
            (self.folder / name).mkdir(parents=True)
        self._tell_clock()
        self._commands = commands()
        for name in self._commands:
            self._start(name)
        wait_for(self.are_ready, within_s=180, otherwise=f"Not all daemons serve, see {self.folder}")

    def are_ready(self) -> bool:
        return all(OURS_READY in log.read_text(errors="replace") for log in self._logs.values())

    def kill_at(self, places: Iterable[str], victims: Iterable[str]) -> None:
        """From now on each step meets a death at each of these places; the victims take turns."""
        wish = self.folder / "wish.new"
        wish.write_text(json.dumps({"places": list(places), "victims": list(victims)}))
        wish.rename(self.folder / "wish")

    def deaths(self, place: str = "") -> dict[str, str]:
        """The steps of which somebody died at a place, or anywhere; and who it was."""
        found = (self.folder / "deaths").glob(f"{place}*")
        return {path.name: path.read_text() for path in found}

    def effects(self) -> int:
        return len(list((self.folder / "effects").iterdir()))

    @property
    def now(self) -> dt.datetime:
        """The test's clock, which runs on by itself."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.ahead_s)

    def advance(self, span: dt.timedelta) -> None:
        self.ahead_s += span.total_seconds()
        self._tell_clock()

    def until(self, reached: Callable[[], bool], *, within_s: float = 120, otherwise: str) -> None:
        """Return once it is so. Meanwhile who died is started again, and the time passes that follows a death."""

        def look() -> bool:
            self._go_on()
            return reached()

        wait_for(look, within_s=within_s, otherwise=otherwise)

    def stop(self) -> None:
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _go_on(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                self._start(name)
        count = len(self.deaths())
        if count > self._seen:
            self._seen, self._to_pass, self._passes_at = count, list(TIME_AFTER_A_DEATH_S), 0.0
        if self._to_pass and time.monotonic() >= self._passes_at:
            self.advance(dt.timedelta(seconds=self._to_pass.pop(0)))
            self._passes_at = time.monotonic() + PAUSE_S

    def _start(self, name: str) -> None:
        self.starts += 1
        log = self._logs[name] = self.folder / f"{name}-{self.starts}.log"
        environment = {
            **os.environ, "DATABASE_URL": self.database_url, "STORAGE_URL": self.storage_url,
            "DRILL_FOLDER": str(self.folder), "DRILL_DAEMON": name, "DRILL_QUEUES": self.queues,
            "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        with log.open("wb") as output:
            self._running[name] = subprocess.Popen(
                self._commands[name], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def _tell_clock(self) -> None:
        told = self.folder / "clock.new"
        told.write_text(str(self.ahead_s))
        told.rename(self.folder / "clock")
