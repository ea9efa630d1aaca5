"""The sandbox's first process, seen from outside: started once, asked for a child a call."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

from workflows.scripting.limits import Limits
from workflows.scripting.worker import Worker

_START = "import sys; sys.path.append(sys.argv.pop(1)); from inside.zygote import main; main()"
_HERE = Path(__file__).parent
AHEAD = 2  # children that are ready before anybody asks: one in use may leave while the next is being made
_WITHIN_S = 20.0
# Nothing of our surroundings goes in. Texts hash alike in every process, and clocks are in UTC.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "TZ": "UTC0", "LC_ALL": "C.UTF-8"}


class Zygote:
    """A process that forks children, confined as far as this machine lets it be.

    Raises  OSError if it cannot be started.
    """

    def __init__(self, limits: Limits, *, is_narrowed: bool = True) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        options = {"memory": limits.memory, "cpu_s": limits.cpu_s, "is_narrowed": is_narrowed}
        command = [sys.executable, "-S", "-s", "-P", "-B", "-c", _START, str(_HERE), str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                [*command, json.dumps(options)], cwd="/", env=_ENVIRONMENT, pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self._control.settimeout(_WITHIN_S)
        hello = self._control.recv(4096)
        if not hello:
            self.close()
            raise OSError("The sandbox did not start")
        said = json.loads(hello)
        self.is_apart: bool = said["is_apart"]
        self.has_filter: bool = said["has_filter"]
        for _ in range(AHEAD):
            self.ask_for_child()

    def ask_for_child(self) -> None:
        """Have a child forked; `take_child` picks it up later."""
        self._control.send(b".")

    def take_child(self) -> Worker:
        """The next child that was asked for. Raises OSError if the zygote has gone."""
        _said, handles, _flags, _address = socket.recv_fds(self._control, 1, 3, socket.MSG_CMSG_CLOEXEC)
        if len(handles) != 3:
            raise ConnectionResetError("The sandbox has gone")
        return Worker(socket.socket(fileno=handles[0]), handles[1], handles[2])

    def close(self) -> None:
        """End it, with the children it has: the kernel ends them with it.

        That the socket is closed does not tell it: a process that was forked off us may hold the other copy.
        """
        self._control.close()
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """In a fork of its owner: let go of it without ending it."""
        self._control.close()
        self._process.returncode = 0
