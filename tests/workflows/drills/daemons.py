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

from django.conf import settings
from redis import Redis

from config.demo.problems import JourneyFailed
from config.demo.waiting import wait_for
from config.supervision.daemons import OURS_READY, product_daemons
from tests.workflows.drills.left_behind import next_taken_up_at
from tests.workflows.drills.slow_clock import SlowClock

ROOT = Path(__file__).resolve().parents[3]
DEADLY = "tests.workflows.drills.deadly"
NAMES = ("worker-default", "worker-transfer", "timers")
MANAGE = (
    f"import sys, django; django.setup(); import {DEADLY}; "
    "from django.core.management import execute_from_command_line as manage; manage(['manage.py', *sys.argv[1:]])"
)
"""`manage.py` with what makes it deadly."""
TICK = dt.timedelta(seconds=0.2)
"""What passes between two looks at daemons that are idle."""
LOOKS = 8
"""After so many looks that find them idle they have been told all, and wait for time alone."""
PATIENCE_S = 120


def commands() -> dict[str, list[str]]:
    """How the supervisor starts each daemon, with what makes it deadly."""
    with socket.socket() as web, socket.socket() as live:
        found = {
            each.name: list(each.command) for each in product_daemons(caddyfile=ROOT, web=web, live=live)
        }
    deadly = {name: [*found[name], "--include", DEADLY] for name in NAMES if name.startswith("worker")}
    return deadly | {"timers": [sys.executable, "-c", MANAGE, *found["timers"][2:]]}


def _queues(command: list[str]) -> list[str]:
    return command[command.index("--queues") + 1].split(",") if "--queues" in command else []


@dataclass
class Daemons:
    """Daemons that are started again when they die, and the clock that they share with the test."""

    folder: Path
    database_url: str
    storage_url: str
    queues: str = field(default_factory=lambda: f"drill-{uuid.uuid4().hex}:")
    clock: SlowClock = field(default_factory=lambda: SlowClock(time.time()))
    starts: int = 0
    _commands: dict[str, list[str]] = field(default_factory=dict)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _logs: dict[str, Path] = field(default_factory=dict)
    _starting: set[str] = field(default_factory=set)
    _idle_looks: int = 0
    _waited_for: dt.datetime | None = None

    def __post_init__(self) -> None:
        for name in ("deaths", "effects", "at_work"):
            (self.folder / name).mkdir(parents=True)
        self.clock.tell(self.folder / "clock")

    def start(self) -> None:
        """Start them, and return once all of them serve."""
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
        """The test's clock."""
        return self.clock.now

    def advance(self, span: dt.timedelta) -> None:
        self.clock.ahead_s += span.total_seconds()
        self.clock.tell(self.folder / "clock")

    def until(self, reached: Callable[[], bool], *, otherwise: str) -> None:
        """Return once it is so. Meanwhile who died is started again, and time passes for who waits for it.

        Patience ends where nobody has died or was started for a while: a slow machine is given its time.
        """

        def look() -> bool:
            self._go_on()
            return reached()

        while True:
            before = self._deaths_and_starts()
            try:
                wait_for(look, within_s=PATIENCE_S, otherwise=otherwise)
            except JourneyFailed:
                if before == self._deaths_and_starts():
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
        if self._are_idle():
            self._let_time_pass()
        else:
            self._idle_looks = 0

    def _are_idle(self) -> bool:
        """Whether nobody starts, is called or is at work: whatever comes next then comes by time."""
        return self.are_ready() and not self._calls() and not self._at_work()

    def _let_time_pass(self) -> None:
        """A little, and once nothing else is to come all that is waited for: but no more, for cases have timers too."""
        moment = next_taken_up_at()
        self._idle_looks = self._idle_looks + 1 if moment == self._waited_for else 0
        self._waited_for = moment
        leap = moment - self.now if moment is not None and self._idle_looks >= LOOKS else TICK
        self.advance(max(leap, TICK))

    def _calls(self) -> int:
        """The messages that wait for a worker."""
        queues = {queue for command in self._commands.values() for queue in _queues(command)}
        with Redis.from_url(settings.CELERY_BROKER_URL) as broker:
            return sum(int(broker.llen(f"{self.queues}{queue}")) for queue in queues)

    def _at_work(self) -> bool:
        return any(Path("/proc", each.stem).exists() for each in (self.folder / "at_work").iterdir())

    def _deaths_and_starts(self) -> tuple[int, int]:
        return len(self.deaths()), self.starts

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
