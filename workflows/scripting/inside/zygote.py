"""Forks the sandbox's children.

It loads what scripts may use, withdraws from the system, and then gives a child for every byte that comes on
DESCRIPTOR: a socket to speak with it, a pipe on which its end is told, and a handle (pidfd) to end it by. The
scripts and their data pass it by; it ends when the one who asks has gone.
"""

from __future__ import annotations

import _strptime  # type: ignore[import-not-found]  # noqa: F401 - datetime loads it when first needed, and no file can be read by then
import contextlib
import datetime as dt
import gc
import json
import os
import select
import socket
import sys
import unicodedata
import warnings
from typing import Any

from . import child
from .confinement import call_filter, confine, withdraw
from .language import TEXT


class Zygote:
    """Waits for wishes and for the ends of its children."""

    def __init__(self, control: socket.socket, options: dict[str, Any]) -> None:
        self._control = control
        self._pid = os.getpid()
        self._cpu_s = int(options["cpu_s"])
        self._filter = call_filter(child.SOCKET)
        self._is_narrowed = bool(options["is_narrowed"])
        self._ends: dict[int, tuple[int, int]] = {}  # by handle: the process, and the pipe its end is told on
        self._warm = child.warming()
        child.rehearse(self._warm)
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    @property
    def has_filter(self) -> bool:
        return self._filter is not None

    def run(self) -> None:
        while True:
            for descriptor, _event in self._poll.poll():
                if descriptor != self._control.fileno():
                    self._tell_end(descriptor)
                elif self._is_wanted():
                    self._give_child()
                else:
                    os._exit(0)

    def _is_wanted(self) -> bool:
        """Whether a child is wished for; False once nobody is there to wish."""
        try:
            return bool(self._control.recv(1))
        except ConnectionError:
            return False

    def _give_child(self) -> None:
        theirs, ours = socket.socketpair()
        told, tells = os.pipe()
        pid = os.fork()
        if not pid:
            self._become_child(ours)
        handle = os.pidfd_open(pid)
        ours.close()
        socket.send_fds(self._control, [b"."], [theirs.fileno(), told, handle])
        theirs.close()
        os.close(told)
        self._ends[handle] = (pid, tells)
        self._poll.register(handle, select.POLLIN)

    def _tell_end(self, handle: int) -> None:
        pid, tells = self._ends.pop(handle)
        self._poll.unregister(handle)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
            os.write(tells, status.to_bytes(2, "big", signed=True))
        os.close(tells)
        os.close(handle)

    def _become_child(self, ours: socket.socket) -> None:
        """Never returns. What goes wrong before the script is there says so by the exit status."""
        try:
            os.dup2(ours.fileno(), child.SOCKET)
            os.closerange(child.SOCKET + 1, 1 << 16)
            os.closerange(0, child.SOCKET)
            confine(parent=self._pid, cpu_s=self._cpu_s, filter_=self._filter)
            gc.enable()
            child.serve(self._warm, is_narrowed=self._is_narrowed)
        finally:
            os._exit(sys.exc_info()[0] is not None)


def _has_no_file(event: str, arguments: tuple[Any, ...]) -> None:
    """Python looks for a line to show with a syntax error in the file of that name; there is none to open."""
    if event == "open" and arguments[0] == TEXT:
        raise FileNotFoundError(TEXT)


def _warm() -> None:
    """Have done once what is done lazily, while files can still be read."""
    warnings.simplefilter("ignore")
    sys.addaudithook(_has_no_file)
    dt.datetime.strptime("2000-01-01", "%Y-%m-%d").replace(tzinfo=dt.UTC).astimezone()
    unicodedata.normalize("NFKC", "ｘ")
    compile("ª = 'ß'", "warm", "exec")


def main() -> None:
    """Serve the socket on the descriptor named first, by the options written second."""
    control = socket.socket(fileno=int(sys.argv[1]))
    _warm()
    options = json.loads(sys.argv[2])
    zygote = Zygote(control, options)
    is_apart = withdraw(memory=int(options["memory"]))
    gc.disable()
    gc.freeze()
    control.send(json.dumps({"is_apart": is_apart, "has_filter": zygote.has_filter}).encode())
    zygote.run()
