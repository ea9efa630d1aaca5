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

from config.demo.problems import JourneyFailed
from config.demo.waiting import wait_for
from config.supervision.daemons import OURS_READY, product_daemons
from tests.workflows.drills.left_behind import next_taken_up_at

ROOT = Path(__file__).resolve().parents[3]
DEADLY = "tests.workflows.drills.deadly"
NAMES = ("worker-default", "worker-transfer", "timers")
MANAGE = (
    f"import sys, django; django.setup(); import {DEADLY}; "
    "from django.core.management import execute_from_command_line as manage; manage(['manage.py', *sys.argv[1:]])"
)
"""`manage.py` with what makes it deadly."""
LEAPS = 4
"""After a death a lease runs out, what is tried again has waited, a nudge is repeated; and once more."""
PAUSE_S = 0.5
"""How long nothing that waits for time may change before the clock leaps: else somebody is at it."""
PATIENCE_S = 120


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
    _starting: set[str] = field(default_factory=set)
    _seen: int = 0
    _leaps: int = 0
    _waited_for: dt.datetime | None = None
    _leaps_at: float = 0.0

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
        self._starting = {
            name for name in self._starting if OURS_READY not in self._logs[name].read_text(errors="replace")
        }
        return not self._starting

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

    def until(self, reached: Callable[[], bool], *, otherwise: str) -> None:
        """Return once it is so. Meanwhile who died is started again, and the time passes that follows a death.

        Patience ends where nobody has died or was started for a while: a slow machine is given its time.
        """

        def look() -> bool:
            self._go_on()
            return reached()

        while True:
            before = self._seen, self.starts
            try:
                wait_for(look, within_s=PATIENCE_S, otherwise=otherwise)
            except JourneyFailed:
                if before == (self._seen, self.starts):
                    raise
            else:
                return

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
            self._seen, self._leaps = count, LEAPS
        if self._leaps and self.are_ready():
            self._leap()

    def _leap(self) -> None:
        """Let the time pass that is waited for, and no more: the timers of the cases run meanwhile."""
        moment = next_taken_up_at()
        if moment != self._waited_for:
            self._waited_for, self._leaps_at = moment, time.monotonic() + PAUSE_S
        elif moment is not None and moment > self.now and time.monotonic() >= self._leaps_at:
            self._leaps -= 1
            self.advance(moment - self.now)

    def _start(self, name: str) -> None:
        self.starts += 1
        self._starting.add(name)
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
