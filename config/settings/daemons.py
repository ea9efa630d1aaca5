"""The front door and the workers of one machine."""

from __future__ import annotations

from pathlib import Path

import environ

env = environ.Env()

HTTP_HOST = env.str("HTTP_HOST", "127.0.0.1")
HTTP_PORT = env.int("HTTP_PORT", 8080)
# One worker a card; counted by device files, because asking torch would load it into every process.
GPU_WORKERS = env.int("GPU_WORKERS", len(list(Path("/dev").glob("nvidia[0-9]*"))))
