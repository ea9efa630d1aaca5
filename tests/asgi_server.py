"""uvicorn serving `config.asgi` on the test's own database."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def asgi_server() -> Iterator[int]:
    """Its port, for as long as it is wanted. What it says is read throughout: a full pipe would hold it up."""
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--fd", str(listener.fileno()), "config.asgi:application"],
            cwd=ROOT, env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
            pass_fds=[listener.fileno()], stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        heard = []
        for line in process.stderr:
            heard.append(line)
            if "Uvicorn running on" in line:
                break
        else:
            raise AssertionError("".join(heard))
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait(timeout=30)
            drain.join(timeout=10)
