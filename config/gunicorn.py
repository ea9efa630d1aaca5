"""How gunicorn serves pages and REST: a process a core, a few threads each, the application loaded once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import environ

env = environ.Env()

workers = env.int("WEB_WORKERS", max(2, os.cpu_count() or 1))
threads = env.int("WEB_THREADS", 4)
worker_class = "config.web_worker.WebWorker"
preload_app = True
timeout = 60
graceful_timeout = 20
keepalive = 75
control_socket_disable = True
if Path("/dev/shm").is_dir():  # noqa: S108 - heartbeats need memory, not a disk that may stall
    worker_tmp_dir = "/dev/shm"  # noqa: S108


def when_ready(_server: Any) -> None:
    """Say so in the words every daemon uses."""
    sys.stderr.write('{"event": "ready", "daemon": "web"}\n')
