"""The loop that keeps every daemon running until it is told to end."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import structlog

from config.supervision import status
from config.supervision.child import Child
from config.supervision.daemons import Daemon

TICK_S = 0.2

log = structlog.get_logger(__name__)


class Supervisor:
    """Starts daemons, starts again those that die, stops all on SIGTERM or SIGINT.

    One thread: the kernel sends a child its SIGTERM when the *thread* that started it ends.
    """

    def __init__(self, daemons: Sequence[Daemon], *, var: Path, ports: Mapping[str, int]) -> None:
        self.children = [Child(daemon, var / "log") for daemon in daemons]
        self._status_file = var / "run" / "daemons.json"
        self._ports = ports
        self._selector = selectors.DefaultSelector()
        self._is_ending = False
        self._said: dict[str, object] = {}

    def run(self) -> None:
        """Run until asked to end; returns once every daemon has ended."""
        with self._signals():
            try:
                while not self._is_ending:
                    self._start_due()
                    self._listen(TICK_S)
                    self._reap()
                    self._tell("running")
            finally:
                self._stop_all()
                self._tell("ended")

    def end(self) -> None:
        """Have `run` stop every daemon and return."""
        self._is_ending = True

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None and now >= child.due_at:
                descriptor = child.start(now)
                self._selector.register(descriptor, selectors.EVENT_READ, child)

    def _listen(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            if not isinstance(key.data, Child):
                os.read(key.fd, 64)  # a signal woke us
            elif key.data.hear():
                log.info("daemon.ready", daemon=key.data.daemon.name)

    def _reap(self) -> None:
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            if child.process.stdout is not None:
                self._selector.unregister(child.process.stdout.fileno())
            child.note_exit(time.monotonic())
            log.warning(
                "daemon.ended",
                daemon=child.daemon.name,
                status=child.last_exit,
                restart_in_s=round(max(child.due_at - time.monotonic(), 0), 1),
            )

    def _stop_all(self) -> None:
        """SIGTERM to all at once; each finishes the work in hand within its own time, or is killed."""
        for child in self.children:
            child.signal(signal.SIGTERM)
        began = time.monotonic()
        while running := [child for child in self.children if child.process is not None]:
            self._listen(TICK_S)
            late = [child for child in running if time.monotonic() - began > child.daemon.stop_within_s]
            for child in late:
                log.warning("daemon.killed", daemon=child.daemon.name)
                child.signal(signal.SIGKILL)
            self._reap_ended()

    def _reap_ended(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                if child.process.stdout is not None:
                    self._selector.unregister(child.process.stdout.fileno())
                child.note_exit(time.monotonic())

    def _tell(self, state: str) -> None:
        facts = status.describe(self.children, ports=self._ports, state=state)
        stable = {name: {**facts["daemons"][name], "since": None} for name in facts["daemons"]}
        news: dict[str, object] = {"state": state, "daemons": stable}
        if news != self._said:
            status.write(self._status_file, facts)
            self._said = news

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals end the loop; each also wakes it from waiting."""
        reader, writer = os.pipe()
        for descriptor in (reader, writer):
            os.set_blocking(descriptor, False)
        woken_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        handled = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
        before = {number: signal.signal(number, self._on_signal) for number in handled}
        self._selector.register(reader, selectors.EVENT_READ, None)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(woken_before)
            self._selector.unregister(reader)
            os.close(reader)
            os.close(writer)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._is_ending = True
