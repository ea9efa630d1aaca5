"""An end to waiting for a client that does not send.

A thread that reads a request waits for as long as its client likes, which a few slow clients suffice to make of all
threads. What is waited for longer than it may take has its connection closed for reading, and the wait ends there.
"""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time

_OFTEN_S = 0.25


class Wait:
    """One wait at a time for bytes of one connection; without a connection it only tells that it took too long."""

    def __init__(self, connection: socket.socket | None) -> None:
        self._connection = connection
        self._until = math.inf
        self.is_over = False

    def begin(self, *, at_most_s: float) -> None:
        self._until = time.monotonic() + at_most_s

    def end(self) -> None:
        """The bytes have come, or the wait was ended: `is_over` tells."""
        self.check()
        self._until = math.inf

    def check(self) -> None:
        """End the wait if it has taken too long."""
        if time.monotonic() > self._until and not self.is_over:
            self.is_over = True
            if self._connection is not None:
                with contextlib.suppress(OSError):  # the client has gone meanwhile
                    self._connection.shutdown(socket.SHUT_RD)


class Watchman:
    """Looks at all waits of this process, as long as there are any."""

    def __init__(self) -> None:
        self._waits: set[Wait] = set()
        self._guard = threading.Lock()
        self._is_awake = False

    def watch(self, wait: Wait) -> None:
        with self._guard:
            self._waits.add(wait)
            if not self._is_awake:
                self._is_awake = True
                threading.Thread(target=self._look, name="patience", daemon=True).start()

    def forget(self, wait: Wait) -> None:
        with self._guard:
            self._waits.discard(wait)

    def _look(self) -> None:
        while True:
            with self._guard:
                waits = list(self._waits)
                if not waits:
                    self._is_awake = False
                    return
            for wait in waits:
                wait.check()
            time.sleep(_OFTEN_S)


watchman = Watchman()
