"""The interpreting process, seen from outside: started once, asked many times, ended without its consent."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from workflows.scripting.limits import Limits

_ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = [
    str(_ROOT),
    str(_ROOT / "workflows" / "scripting"),
]  # the second for the walls of scripts, `inside`
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop(1));"
    " from django.conf import settings; settings.configure(USE_I18N=False);"  # put into words outside
    " from workflows.interpreting.inside import main; main()"
)
# Nothing of our surroundings goes in. Texts hash alike in every process, and clocks are in UTC.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "TZ": "UTC0", "LC_ALL": "C.UTF-8"}
_STARTS_WITHIN_S = 30.0
_CHUNK = 1 << 18
MOST_ANSWER = 8 << 20


class TooLong(Exception):
    """It says more than any value comes to."""


class Resident:
    """One interpreting process. Whoever asks it and gets no answer ends it.

    Raises  OSError if it cannot be started.
    """

    def __init__(self, limits: Limits) -> None:
        self._socket, theirs = socket.socketpair()
        paths = [*_FOLDERS, *(each for each in sys.path if each and each not in _FOLDERS)]
        command = [sys.executable, "-S", "-s", "-P", "-B", "-c", _START, json.dumps(paths)]
        with theirs:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), str(limits.memory)], cwd="/", env=_ENVIRONMENT,
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        try:
            said = json.loads(self._receive(time.monotonic() + _STARTS_WITHIN_S))
        except OSError:
            self.end()
            raise
        self.is_apart: bool = said["is_apart"]
        self.has_filter: bool = said["has_filter"]

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: bytes, *, within_s: float) -> bytes:
        """Its answer.

        Raises  TimeoutError; ConnectionError where it has ended; TooLong. It is of no use then.
        """
        deadline = time.monotonic() + within_s
        self._socket.settimeout(within_s)
        self._socket.sendall(len(request).to_bytes(8, "big") + request)
        return self._receive(deadline)

    def end(self) -> int:
        """End it now; what it ended by, if it had before."""
        self._socket.close()
        self._process.kill()
        return self._process.wait()

    def forget(self) -> None:
        """In a fork of its owner: let go of it without ending it."""
        self._socket.close()
        self._process.returncode = 0

    def _receive(self, deadline: float) -> bytes:
        said = bytearray()
        length = 8
        while len(said) < length:
            self._socket.settimeout(max(deadline - time.monotonic(), 1e-3))
            part = self._socket.recv(_CHUNK)
            if not part:
                raise ConnectionResetError
            if len(said) < 8 <= len(said) + len(part):
                length = 8 + int.from_bytes((said + part)[:8], "big")
            if length > MOST_ANSWER:
                raise TooLong
            said += part
        return bytes(said[8:])
