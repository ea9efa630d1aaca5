"""One supervised process: started, listened to, restarted with back-off, stopped."""

from __future__ import annotations

import ctypes
import logging
import logging.handlers
import math
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from config.supervision.daemons import Daemon

FIRST_BACK_OFF_S = 0.5
LONGEST_BACK_OFF_S = 30.0
STEADY_AFTER_S = 60.0
LOG_BYTES = 10 * 1024**2
LOGS_KEPT = 3

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Child:
    """A daemon and the process that runs it now.

    Units  `started_at` and `due_at` in seconds of the supervisor's monotonic clock.
    """

    daemon: Daemon
    logs: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    restarts: int = -1
    failures: int = 0
    is_ready: bool = False
    last_exit: int | None = None
    _rest: bytes = b""
    _log: logging.Logger = field(init=False)

    def __post_init__(self) -> None:
        self._log = _rotating_log(self.daemon.name, self.logs / f"{self.daemon.name}.log")

    def start(self, now: float) -> int:
        """Start the process; the descriptor on which its output arrives.

        It gets SIGTERM from the kernel should the supervisor die without stopping it.
        """
        parent = os.getpid()

        def tie() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
            if os.getppid() != parent:
                os._exit(1)

        self.process = subprocess.Popen(
            self.daemon.command,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.daemon.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno() for listener in self.daemon.sockets],
            start_new_session=True,
            preexec_fn=tie,  # noqa: PLW1509 - one call into the C library, nothing else
        )
        if self.process.stdout is None:
            raise RuntimeError("a process was started without its output")
        self.started_at, self.is_ready, self._rest = now, False, b""
        self.restarts += 1
        descriptor = self.process.stdout.fileno()
        os.set_blocking(descriptor, False)
        return descriptor

    def hear(self) -> bool:
        """Take in what the process printed; True when it became ready by it."""
        was_ready = self.is_ready
        for line in self._new_lines():
            self._log.info("%s", line)
            self.is_ready = self.is_ready or self.daemon.ready_text in line
        return self.is_ready and not was_ready

    def note_exit(self, now: float) -> None:
        """Remember that the process ended, and when the next one is due: the sooner the steadier it was."""
        if self.process is None:
            return
        self.hear()
        self.last_exit = self.process.poll()
        if self.process.stdout is not None:
            self.process.stdout.close()
        was_steady = self.is_ready and now - self.started_at > STEADY_AFTER_S
        self.failures = 1 if was_steady else self.failures + 1
        self.due_at = now + (0.0 if self.failures == 1 else back_off_s(self.failures - 1))
        self.process, self.is_ready = None, False

    def signal(self, number: signal.Signals) -> None:
        """Tell the process, if there is one."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def _new_lines(self) -> list[str]:
        if self.process is None or self.process.stdout is None:
            return []
        heard = self._rest
        while True:
            try:
                more = os.read(self.process.stdout.fileno(), 65536)
            except BlockingIOError:
                break
            if not more:
                break
            heard += more
        *lines, self._rest = heard.split(b"\n")
        return [line.decode(errors="replace") for line in lines]


def back_off_s(failures: int) -> float:
    """How long to wait after this many failures in a row: 0.5, 1, 2 ... at most 30 s."""
    return min(math.ldexp(FIRST_BACK_OFF_S, failures - 1), LONGEST_BACK_OFF_S)


def _rotating_log(name: str, path: Path) -> logging.Logger:
    path.parent.mkdir(parents=True, exist_ok=True)
    log = logging.Logger(f"daemon.{name}")  # noqa: LOG001 - outside the tree: it must reach its file only
    log.addHandler(logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT))
    return log
