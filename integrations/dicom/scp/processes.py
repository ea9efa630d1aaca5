"""Several listener processes on one port: started, watched, restarted and stopped together."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import structlog
from django.db import connections

from integrations.dicom.scp.server import MAXIMUM_ASSOCIATIONS, Listener

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1
_SHORTEST_LIFE_S = 1.0


def _pool_connections() -> None:
    """Let the associations of this process share database connections: opening one costs 10 ms and more."""
    database = connections.settings["default"]
    database["CONN_MAX_AGE"] = 0
    database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": MAXIMUM_ASSOCIATIONS + 8, "timeout": 10}


class ListenerProcesses:
    """Keeps `count` processes listening; SIGTERM and SIGINT stop them when their work in hand is done."""

    def __init__(self, *, host: str, port: int, ae_title: str, count: int) -> None:
        self._host, self._port, self._ae_title, self._count = host, port, ae_title, count
        self._children: dict[int, float] = {}
        self._is_stopping = False

    def run(self, *, on_ready: Callable[[int], None]) -> int:
        """Serve until told to stop; the exit status. `on_ready` is told the port once all listen."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        for _ in range(self._count):
            if not self._spawn():
                self._stop()
                self._wait()
                return 1
        on_ready(self._port)
        self._wait()
        return 0

    def _spawn(self) -> bool:
        """Start a process and wait until it listens; the first one settles the port if any port will do."""
        connections.close_all()
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reader)
            os._exit(self._serve(writer))
        os.close(writer)
        with os.fdopen(reader) as pipe:
            said = pipe.readline().strip()
        self._children[pid] = time.monotonic()
        if said:
            self._port = int(said)
        return bool(said)

    def _serve(self, writer: int) -> int:
        """The life of one child: listen, tell the port, stop on SIGTERM. Dies with its parent."""
        stopping = threading.Event()
        signal.signal(signal.SIGTERM, lambda _number, _frame: stopping.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        _pool_connections()
        try:
            listener = Listener(host=self._host, port=self._port, ae_title=self._ae_title)
        except OSError as error:
            log.critical(
                "dicom.cannot_listen", port=self._port, code=errno.errorcode.get(error.errno or 0, "")
            )
            return 1
        listener.start()
        os.write(writer, f"{listener.port}\n".encode())
        os.close(writer)
        stopping.wait()
        listener.stop()
        connections.close_all()
        sys.stderr.flush()
        return 0

    def _wait(self) -> None:
        """Reap children until none is left; one that dies unasked is started again."""
        while self._children:
            try:
                pid, status = os.wait()
            except ChildProcessError:
                return
            except InterruptedError:
                continue
            born = self._children.pop(pid, 0.0)
            if self._is_stopping:
                continue
            log.error("dicom.listener_died", pid=pid, status=os.waitstatus_to_exitcode(status))
            if time.monotonic() - born < _SHORTEST_LIFE_S:
                time.sleep(_SHORTEST_LIFE_S)
            if not self._is_stopping:
                self._spawn()

    def _stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        self._is_stopping = True
        for pid in list(self._children):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
