"""The web server as it ships, but with one process of one thread, in front of an application of the tests."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STOPS_WITHIN_S = 20.0


@contextlib.contextmanager
def web_worker(application: str) -> Iterator[int]:
    """The server while it runs, told by its port. `application` is `module:name`. It has to end well when told to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        command = [
            sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "--workers", "1", "--threads", "1",
            "--log-level", "critical", "--bind", f"fd://{listener.fileno()}", application,
        ]  # fmt: skip
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[listener.fileno()])
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            assert process.wait(STOPS_WITHIN_S) == 0
