"""One child of the sandbox, seen from outside: asked once, watched by the clock, ended without its consent."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from dataclasses import dataclass, replace

READY = b"+"
_READY_WITHIN_S = 10.0
_CHUNK = 1 << 18


class SandboxLost(Exception):
    """A child ended, or never began, for reasons that are not the script's."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of a child. `status` is its exit code, or minus the signal that ended it; None if unknown."""

    output: bytes
    status: int | None
    is_late: bool = False
    is_too_long: bool = False


class Worker:
    """Holds the three handles of a child: the socket to speak with it, the pipe its end is told on, its pidfd."""

    def __init__(self, connection: socket.socket, told: int, handle: int) -> None:
        self._connection, self._told, self._handle = connection, told, handle

    def ask(self, request: bytes, *, within_s: float, most: int) -> Outcome:
        """Send a request and read the answer; whatever happens, the child is gone afterwards.

        Raises  SandboxLost if the child was not confined in time, or its zygote has gone: nothing is known then.
        """
        outcome = self._ask(request, within_s, most) if self._is_ready() else None
        self._connection.close()
        status = self._end()
        if outcome is None or (status is None and not outcome.is_late):
            raise SandboxLost
        return replace(outcome, status=status)

    def _ask(self, request: bytes, within_s: float, most: int) -> Outcome:
        deadline = time.monotonic() + within_s
        output = bytearray()
        is_late = is_too_long = False
        try:
            self._send(request, deadline)
            is_too_long = self._receive(output, most, deadline)
        except TimeoutError:
            is_late = True
        except ConnectionError:
            pass  # it ended without reading or saying all; its status tells why
        if is_late or is_too_long:
            self.kill()
        return Outcome(bytes(output), None, is_late, is_too_long)

    def kill(self) -> None:
        """End the child now."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def close(self) -> None:
        """Let go of a child that was never asked: it ends when nobody can ask it any more."""
        self._connection.close()
        os.close(self._told)
        os.close(self._handle)

    def _is_ready(self) -> bool:
        """Whether the child says that it is confined; no script has been near it by then."""
        self._connection.settimeout(_READY_WITHIN_S)
        try:
            return self._connection.recv(1) == READY
        except OSError:
            self.kill()
            return False

    def _send(self, request: bytes, deadline: float) -> None:
        self._connection.settimeout(_left(deadline))
        self._connection.sendall(len(request).to_bytes(8, "big") + request)

    def _receive(self, output: bytearray, most: int, deadline: float) -> bool:
        """Read until the child ends; whether it said more than it may."""
        while len(output) <= most:
            self._connection.settimeout(_left(deadline))
            part = self._connection.recv(_CHUNK)
            if not part:
                return False
            output += part
        return True

    def _end(self) -> int | None:
        told = os.read(self._told, 2)
        os.close(self._told)
        os.close(self._handle)
        return int.from_bytes(told, "big", signed=True) if told else None


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
