"""Several listener processes on one port: started, watched, restarted and stopped together."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import structlog
from django.db import connections

from integrations.dicom.nodes import tls
from integrations.dicom.scp.nudging import nudge_in_background, preload_broker
from integrations.dicom.scp.server import MAXIMUM_ASSOCIATIONS, Listener, listening_socket, seats_for

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1
_SHORTEST_LIFE_S = 1.0


def _pool_connections() -> None:
    """Let the associations of this process share database connections: opening one costs 10 ms and more.

    While the database is away, who asks waits `timeout` seconds and makes the pool try anew. Left to itself the
    pool would pause twice as long after each attempt, and stay away as long again as the database was.
    """
    database = connections.settings["default"]
    database["CONN_MAX_AGE"] = 0
    database["OPTIONS"]["pool"] = {
        "min_size": 4, "max_size": MAXIMUM_ASSOCIATIONS + 8, "timeout": 5, "reconnect_timeout": 1,
    }  # fmt: skip


class ListenerProcesses:
    """Keeps `count` processes listening; SIGTERM and SIGINT stop them when their work in hand is done.

    They accept on sockets of their parent's: a connection that waits there is served by whoever is free, and
    outlives a process that dies. The secure port is served where this installation has TLS set up.
    """

    def __init__(
        self, *, host: str, port: int, ae_title: str, count: int, secure_port: int | None = None
    ) -> None:
        self._ae_title, self._count = ae_title, count
        self._plain = listening_socket(host, port)
        self._secure: tuple[socket.socket, ssl.SSLContext] | None = None
        if secure_port is not None and tls.is_configured():
            self._secure = listening_socket(host, secure_port), tls.server_context()
        self._seats = seats_for(count)
        self._children: dict[int, float] = {}
        self._is_stopping = False

    def run(self, *, on_ready: Callable[[int], None]) -> int:
        """Serve until told to stop; the exit status. `on_ready` is told the port once all listen."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        preload_broker()
        for _ in range(self._count):
            if not self._spawn():
                self._stop()
                self._wait()
                return 1
        on_ready(int(self._plain.getsockname()[1]))
        self._wait()
        return 0

    def _spawn(self) -> bool:
        """Start a process and wait until it listens."""
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
        return bool(said)

    def _serve(self, writer: int) -> int:
        """The life of one child: listen, say so, stop on SIGTERM. Dies with its parent."""
        stopping = threading.Event()
        signal.signal(signal.SIGTERM, lambda _number, _frame: stopping.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        _pool_connections()
        nudge_in_background()
        listener = Listener(
            ae_title=self._ae_title, plain=self._plain, secure=self._secure, seats=self._seats
        )
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
            self._seats.clear(pid)
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
